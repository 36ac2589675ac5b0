using System.CommandLine;
using System.Globalization;
using InferenceShield.Lab;

namespace InferenceShield.Tool;

/// <summary>The command <c>audit</c> and its options.</summary>
internal static class AuditCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string> model = new("MODEL") { Description = "An ONNX file, or the URL of a served model." };
        Option<string> data = new("--data") { Description = "Inputs: IDX, .npy or CSV, each also gzipped. The thief gets most of them, the rest is for measuring.", HelpName = "FILE", Required = true };
        Option<string?> labels = SharedOptions.Labels();
        Option<string?> labelColumn = SharedOptions.LabelColumn();
        Option<string> scale = SharedOptions.Scale();
        Option<string?> output = SharedOptions.Output();
        Option<string?> kind = SharedOptions.Kind();
        Option<string?> policy = SharedOptions.Policy();
        Option<string?> modelName = SharedOptions.ModelName();
        Option<string?> secret = SharedOptions.SecretVariable();
        Option<string[]> policies = new("--policies") { Description = $"Default: none,shield,shield-guarded,shield-restricted. All: {List(PolicyCatalog.Entries)}.", HelpName = "NAMES" };
        Option<string[]> attacks = new("--attacks") { Description = $"Default: {string.Join(',', AuditRun.UsualAttacks)}. All: {List(AttackCatalog.Entries)}.", HelpName = "NAMES" };
        Option<string[]> budget = new("--budget") { Description = "Queries the thief may spend, such as 500,5000. Default: the two largest of 100, 500, 2000, 5000 that the data allow.", HelpName = "NUMBERS" };
        Option<int> seeds = new("--seeds") { Description = "How many times each theft is repeated, with seeds 1, 2, ...", HelpName = "NUMBER", DefaultValueFactory = _ => 3 };
        Option<int?> test = new("--test") { Description = "Rows held out for measuring. Default: a quarter, at most 2000.", HelpName = "ROWS" };
        Option<string[]> hidden = new("--hidden") { Description = "Units of the thief's hidden layers, such as 128 or 256,128.", HelpName = "NUMBERS", DefaultValueFactory = _ => ["128"] };
        Option<string> folder = new("--out") { Description = "Folder for report.html, report.json and cells.jsonl.", HelpName = "FOLDER", DefaultValueFactory = _ => "inference-shield-report" };
        Option<string[]> gates = new("--fail-if") { Description = "Exit with 2 if this holds, such as \"agreement>0.80@5000\" or \"agreement[policy=shield,attack=naive]>0.8 and l1>0.1\"; means over seeds; repeatable. Metrics: agreement, accuracy, cost-multiplier, top1-changed, l1.", HelpName = "GATE" };
        Option<bool> resume = new("--resume") { Description = "Go on where the same audit was cut off." };
        Option<int> threads = new("--threads") { Description = "Thefts at once; 0 for one on each processor.", HelpName = "NUMBER" };
        EndpointOptions endpoint = new();
        Option<bool> json = SharedOptions.Json();
        policies.CompletionSources.Add([.. PolicyCatalog.Entries.Select(static entry => entry.Name)]);
        attacks.CompletionSources.Add([.. AttackCatalog.Entries.Select(static entry => entry.Name)]);
        Command command = new(
            "audit",
            """
            Steals the model under each policy, with each attack, budget and seed, and reports what that costs the thief and the honest user.

            inference-shield audit fashion.onnx --data images.idx3.gz --labels labels.idx1.gz
            inference-shield audit fashion.onnx --data images.npy --labels labels.npy --policy appsettings.json --budget 500,5000 --seeds 5
            inference-shield audit letters.onnx --data letters.csv.gz --label-column first --fail-if "agreement>0.80@5000" --json > report.json

            A run that is cut off keeps its finished thefts; the same command with --resume goes on.
            """)
        {
            model, data, labels, labelColumn, scale, output, kind, policy, modelName, secret, policies, attacks, budget, seeds, test, hidden, folder, gates, resume, threads, json,
        };
        endpoint.AddTo(command);
        command.SetAction((parsed, cancellationToken) => AuditRun.RunAsync(
            new AuditRequest(parsed.GetRequiredValue(model), parsed.GetRequiredValue(data))
            {
                Labels = parsed.GetValue(labels),
                LabelColumn = parsed.GetValue(labelColumn),
                Scale = parsed.GetRequiredValue(scale),
                Output = parsed.GetValue(output),
                Kind = SharedOptions.ParseKind(parsed.GetValue(kind)),
                Policy = parsed.GetValue(policy),
                ModelName = parsed.GetValue(modelName),
                SecretVariable = parsed.GetValue(secret),
                Policies = SharedOptions.Split(parsed.GetValue(policies)),
                Attacks = SharedOptions.Split(parsed.GetValue(attacks)),
                Budgets = Numbers(parsed.GetValue(budget), "--budget"),
                Seeds = parsed.GetValue(seeds),
                TestRows = parsed.GetValue(test),
                Hidden = Numbers(parsed.GetValue(hidden), "--hidden"),
                OutputFolder = parsed.GetRequiredValue(folder),
                Gates = parsed.GetValue(gates) ?? [],
                Resume = parsed.GetValue(resume),
                Json = parsed.GetValue(json),
                Threads = parsed.GetValue(threads),
                Endpoint = endpoint.Read(parsed),
            },
            terminal,
            cancellationToken));
        return command;
    }

    private static string List(IReadOnlyList<CatalogEntry> entries) => string.Join(", ", entries.Select(entry => $"{entry.Name} ({entry.Summary})"));

    private static int[] Numbers(string[]? values, string option) =>
        [.. SharedOptions.Split(values).Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0
            ? number
            : throw new MistakeException($"{option} {text}: allowed are whole numbers from 1 on, with commas between them."))];
}
