using System.CommandLine;

namespace InferenceShield.Tool;

/// <summary>The command <c>verify</c> and its options.</summary>
internal static class VerifyCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string[]> suspects = new("SUSPECT") { Description = "An ONNX file, or the URL of a served model; several are judged together.", Arity = ArgumentArity.ZeroOrMore };
        Option<string> model = new("--model") { Description = "The protected model: an ONNX file.", HelpName = "FILE", Required = true };
        Option<string?> queries = new("--queries") { Description = "Inputs that the thief is likely to have asked, from your own log: IDX, .npy or CSV, each also gzipped.", HelpName = "FILE" };
        Option<string?> evidence = new("--evidence") { Description = "The list of marked queries. Where it keeps keyed digests of inputs only, --queries is your own log, and the list's rows are found in it.", HelpName = "FILE" };
        Option<string?> digest = new("--digest") { Description = "NAME.digest, which 'evidence --digest' wrote before there was a suspect, with NAME.tsq and NAME.tsr beside it: all of the list up to it is asked, and the report says that it is bound to it.", HelpName = "FILE" };
        Option<string?> stampRoots = new("--tsa-root") { Description = "With --digest: certificates that are trusted to be timestamp authorities' roots, PEM or DER.", HelpName = "FILE" };
        Option<string?> since = new("--suspect-since") { Description = "With --digest: the day since which the suspect is known, such as 2026-01-31, UTC. A list that was stamped later is refused.", HelpName = "DAY" };
        Option<string[]> others = new("--other-commitment") { Description = "Every other commitment of yours to marks of this model, repeatable: p is multiplied by the number of keys.", HelpName = "FILE" };
        Option<string?> caller = new("--caller") { Description = "Of the list, only this caller's queries: the name, or the 32 digits that the command evidence lists.", HelpName = "CALLER" };
        Option<string> scale = SharedOptions.Scale();
        Option<string?> output = SharedOptions.Output();
        Option<string?> kind = SharedOptions.Kind();
        Option<string?> suspectOutput = new("--suspect-output") { Description = "The suspect's output with the scores, or the embedding, if it is not found out.", HelpName = "NAME" };
        Option<string?> policy = new("--policy") { Description = "The shield's options as JSON, with the marks; where there is a commitment, its marks count.", HelpName = "FILE" };
        Option<string?> modelName = SharedOptions.ModelName();
        Option<string?> posture = new("--posture") { Description = "Whose answers are tested, one in a run: Normal, Guarded or Restricted. Default: that of most rows of --evidence, of --caller's where one is given; without a list Normal, as callers are until something is noticed.", HelpName = "NAME" };
        posture.AcceptOnlyFromAmong("Normal", "Guarded", "Restricted");
        Option<string?> secret = new("--secret-env") { Description = "Environment variable with the shield's secret, from which the mark key follows.", HelpName = "NAME" };
        Option<string?> markKey = new("--mark-key") { Description = "The mark key alone, 32 bytes as they are or in hexadecimal.", HelpName = "FILE" };
        Option<string?> commitment = new("--commitment") { Description = "What the key has to open.", HelpName = "FILE" };
        Option<string?> opening = new("--opening") { Description = "What opens it with the key. Default: NAME.opening beside NAME.commitment.", HelpName = "FILE" };
        Option<string?> space = new("--input-space") { Description = "The input space, for marks in inputs. Default: that of the policy.", HelpName = "FILE" };
        Option<string[]> controls = new("--control") { Description = "An ONNX file of a model that is known to be independent; repeatable.", HelpName = "FILE" };
        Option<int> train = new("--train-controls") { Description = "Independent models to train on --control-data.", HelpName = "NUMBER" };
        Option<string?> controlData = new("--control-data") { Description = "Inputs with true labels, which did not come from the model and, for --fingerprint, which it was not trained on.", HelpName = "FILE" };
        Option<string?> controlLabels = new("--control-labels") { Description = "Their labels, in a file of their own.", HelpName = "FILE" };
        Option<string?> labelColumn = SharedOptions.LabelColumn();
        Option<string?> tokens = new("--tokens") { Description = "In the place of SUSPECT, texts that are tested for marks of tokens: token ids of the model's own tokenizer, with white space between them, a text a line.", HelpName = "FILE" };
        Option<bool> fingerprint = new("--fingerprint") { Description = "Compare, on inputs made of --control-data, how far the suspect agrees with the model and how far independent models do: at least 5, by --control and --train-controls. Also for a model without marks, which needs no policy, key, commitment or queries. Classes are taken in order, or by --class-map." };
        Option<string?> classMap = new("--class-map") { Description = "For each class of the suspect the model's, or -1, with commas. Default: in order, or as confident answers agree best.", HelpName = "NUMBERS" };
        Option<bool> labelOnly = new("--label-only") { Description = "Use the suspect's labels alone." };
        Option<bool> plan = new("--plan") { Description = "Say how many queries are needed, and ask nothing." };
        Option<int?> randomKeys = new("--random-keys") { Description = "Keys that nobody marked anything with, to calibrate on: 300 to 100000. Default: 1000 beside exact p-values, 20000 where the p-value is a rank among them. With --digest only 100000, which doubles p.", HelpName = "NUMBER" };
        Option<double?> wanted = new("--p") { Description = "The p-value that --plan says the needed queries for. Default: 1e-6, and 1e-4 for embeddings.", HelpName = "NUMBER" };
        Option<double> match = new("--match") { Description = "The share of marked answers that a copy is expected to repeat: above .5, below 1.", HelpName = "SHARE", DefaultValueFactory = _ => VerifyInputs.DefaultMatch };
        Option<int?> most = new("--max-queries") { Description = "The most queries to ask.", HelpName = "NUMBER" };
        Option<string> folder = new("--out") { Description = "Folder for verification.html, verification.json and the answers.", HelpName = "FOLDER", DefaultValueFactory = _ => "inference-shield-verification" };
        Option<bool> resume = new("--resume") { Description = "Go on with the answers that are kept in --out." };
        EndpointOptions endpoint = new();
        Option<bool> json = SharedOptions.Json();
        Command command = new(
            "verify",
            """
            Tests whether a model is a copy of a marked one: exact or calibrated p-values, a verdict in plain words, and what it does not prove. The verdict is in the output, not in the exit code.

            inference-shield verify suspect.onnx --model fashion.onnx --queries log.npy --policy appsettings.json --secret-env INFERENCE_SHIELD_SECRET --plan
            inference-shield verify suspect.onnx --model fashion.onnx --queries log.npy --commitment fashion.commitment --secret-env INFERENCE_SHIELD_SECRET --control other.onnx
            inference-shield verify https://HOST/v2/models/NAME --i-am-authorised --allow-remote --model fashion.onnx --evidence evidence.list --commitment fashion.commitment --secret-env INFERENCE_SHIELD_SECRET
            inference-shield verify suspect.onnx --model fashion.onnx --evidence evidence.list --queries log.npy --caller "customer 17" --commitment fashion.commitment --secret-env INFERENCE_SHIELD_SECRET
            inference-shield verify suspect.onnx --model fashion.onnx --evidence evidence.list --digest 2026-01-31.digest --tsa-root authority.pem --commitment fashion.commitment --secret-env INFERENCE_SHIELD_SECRET
            inference-shield verify suspect.onnx --model embedder.onnx --output embedding --queries rows.npy --control other.onnx --policy appsettings.json --secret-env INFERENCE_SHIELD_SECRET
            inference-shield verify suspect.onnx --model fashion.onnx --fingerprint --control-data rows.npy --control-labels labels.npy --train-controls 19
            inference-shield verify --tokens texts.txt --model language.onnx --policy appsettings.json --posture Normal --secret-env INFERENCE_SHIELD_SECRET

            Answers are kept as they come; the same command with --resume goes on.
            """)
        {
            suspects, model, queries, evidence, digest, stampRoots, since, caller, scale, output, kind, suspectOutput, policy, modelName, posture, secret, markKey, commitment, opening, others, space, controls, train, tokens, fingerprint, controlData, controlLabels, labelColumn,
            classMap, labelOnly, plan, randomKeys, wanted, match, most, folder, resume, json,
        };
        endpoint.AddTo(command);
        command.SetAction((parsed, cancellationToken) => VerifyRun.RunAsync(
            new VerifyRequest(parsed.GetRequiredValue(suspects), parsed.GetRequiredValue(model))
            {
                Queries = parsed.GetValue(queries),
                Evidence = parsed.GetValue(evidence),
                Digest = parsed.GetValue(digest),
                StampRoots = parsed.GetValue(stampRoots),
                SuspectSince = parsed.GetValue(since),
                OtherCommitments = parsed.GetValue(others) ?? [],
                Caller = parsed.GetValue(caller),
                Scale = parsed.GetRequiredValue(scale),
                Output = parsed.GetValue(output),
                Kind = SharedOptions.ParseKind(parsed.GetValue(kind)),
                SuspectOutput = parsed.GetValue(suspectOutput),
                Policy = parsed.GetValue(policy),
                ModelName = parsed.GetValue(modelName),
                Posture = parsed.GetValue(posture) is { } said ? Enum.Parse<Posture>(said) : null,
                SecretVariable = parsed.GetValue(secret),
                MarkKeyFile = parsed.GetValue(markKey),
                Commitment = parsed.GetValue(commitment),
                Opening = parsed.GetValue(opening),
                InputSpace = parsed.GetValue(space),
                Controls = parsed.GetValue(controls) ?? [],
                TrainControls = parsed.GetValue(train),
                Tokens = parsed.GetValue(tokens),
                Fingerprint = parsed.GetValue(fingerprint),
                ControlData = parsed.GetValue(controlData),
                ControlLabels = parsed.GetValue(controlLabels),
                LabelColumn = parsed.GetValue(labelColumn),
                ClassMap = parsed.GetValue(classMap),
                LabelOnly = parsed.GetValue(labelOnly),
                Plan = parsed.GetValue(plan),
                RandomKeys = parsed.GetValue(randomKeys),
                WantedPValue = parsed.GetValue(wanted),
                ExpectedMatch = parsed.GetValue(match),
                MostQueries = parsed.GetValue(most),
                OutputFolder = parsed.GetRequiredValue(folder),
                Resume = parsed.GetValue(resume),
                Json = parsed.GetValue(json),
                Endpoint = endpoint.Read(parsed),
            },
            terminal,
            cancellationToken));
        return command;
    }
}
