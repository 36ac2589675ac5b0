using System.CommandLine;
using System.Globalization;
using InferenceShield.Lab;

namespace InferenceShield.Tool;

/// <summary>The command <c>calibrate</c>: learns from benign queries what policies need.</summary>
internal static class CalibrateCommand
{
    private const int FewestRows = 100;

    public static Command Create(Terminal terminal)
    {
        Argument<string?> model = new("MODEL") { Description = "An ONNX file; with --log it may be left out.", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> benign = new("--benign") { Description = "Inputs as honest users send them, some thousand: IDX, .npy or CSV, each also gzipped. Needed without --log.", HelpName = "FILE" };
        Option<string?> labelColumn = SharedOptions.LabelColumn();
        Option<string> scale = SharedOptions.Scale();
        Option<string?> output = SharedOptions.Output();
        Option<string?> kind = SharedOptions.Kind();
        Option<string> folder = new("--out") { Description = "Folder for the files.", HelpName = "FOLDER", DefaultValueFactory = _ => "." };
        Option<int> bands = new("--bands") { Description = "Bands of confidence, 1 to 64.", HelpName = "NUMBER", DefaultValueFactory = _ => 8 };
        Option<string[]> edges = new("--edges") { Description = "Thresholds of your application that no answer may cross, such as 0.5,0.9.", HelpName = "NUMBERS" };
        Option<int> centroids = new("--centroids") { Description = "Typical answers of each label in the codebook, 1 to 256.", HelpName = "NUMBER", DefaultValueFactory = _ => 16 };
        Option<double> cap = new("--distance-cap") { Description = "The farthest in L1 that an answer of the codebook may be from the clean one.", HelpName = "NUMBER", DefaultValueFactory = _ => 0.5 };
        Option<string?> modelName = SharedOptions.ModelName();
        Option<string?> secret = SharedOptions.SecretVariable();
        Option<string?> inputKind = new("--inputs") { Description = "What the inputs are: Image or Tabular. Default: Tabular for CSV, else Image.", HelpName = "KIND" };
        inputKind.AcceptOnlyFromAmong("Image", "Tabular");
        Option<string[]> logs = new("--log") { Description = "What a shield recorded of honest callers (Detection:RecordTo), in the order written; with --profile.", HelpName = "FILE", AllowMultipleArgumentsPerToken = true };
        Option<string?> profile = new("--profile") { Description = "The .detection file in force while --log was recorded.", HelpName = "FILE" };
        Option<double?> promise = new("--promise") { Description = "With --log: write nothing unless this share of honest callers can be promised, 0.01 or 0.001.", HelpName = "NUMBER" };
        Option<double> trimmed = new("--trim") { Description = "With --log: the share of attackers there may be among its callers, 0 to 0.2.", HelpName = "NUMBER" };
        Option<string[]> leaveOut = new("--leave-out") { Description = "With --log: callers that are no honest ones, by the 16 digits that the review lists, or a file with one at the start of each line.", HelpName = "FILE|PSEUDONYM", AllowMultipleArgumentsPerToken = true };
        Option<bool> curve = new("--curve") { Description = "Measure how much of the model a caller could have copied, by what the leak odometer reads, and write NAME.curve; with MODEL, --benign and --profile, no --log. Best of inputs that the profile was not learned of." };
        Option<bool> json = SharedOptions.Json();
        Command command = new(
            "calibrate",
            """
            Learns bands of confidence and a codebook of answers from benign queries, and prints the lines for appsettings.json. No input and no single answer is kept in the files.

            inference-shield calibrate fashion.onnx --benign honest.npy --out models --secret-env INFERENCE_SHIELD_SECRET
            inference-shield calibrate fashion.onnx --benign honest.csv --edges 0.9

            With a secret it also writes where benign inputs lie, NAME.inputs, for marks that live in inputs, and what detection starts from, NAME.detection. Record honest callers under it for some weeks (Detection:RecordTo), then:
            inference-shield calibrate --log fashion.log --profile models/fashion.detection --secret-env INFERENCE_SHIELD_SECRET
            With MODEL and --benign beside --log, outliers are also told by proxies of attacks.
            It lists callers that look like attackers. Leave out those that are:
            inference-shield calibrate --log fashion.log --profile models/fashion.detection --secret-env INFERENCE_SHIELD_SECRET --leave-out attackers.txt

            What readings of the leak odometer mean for this model, measured by stealing it (Detection:OdometerCurveFile):
            inference-shield calibrate fashion.onnx --benign more.npy --profile models/fashion.detection --curve --secret-env INFERENCE_SHIELD_SECRET
            """)
        {
            model, benign, labelColumn, scale, output, kind, folder, bands, edges, centroids, cap, inputKind, logs, profile, promise, trimmed, leaveOut, curve, modelName, secret, json,
        };
        command.SetAction(parsed =>
        {
            FirstUseNotice.Show(terminal.Error);
            string[] logFiles = parsed.GetValue(logs) ?? [];
            string? path = parsed.GetValue(model);
            string? benignFile = parsed.GetValue(benign);
            bool isCurve = parsed.GetValue(curve);
            if (isCurve && (logFiles.Length > 0 || path is null || benignFile is null || parsed.GetValue(profile) is null))
            {
                throw new MistakeException("--curve goes with MODEL, --benign and --profile, without --log: calibrate to the log first, then measure the curve under that calibration.");
            }

            if (!isCurve && (logFiles.Length > 0) != (parsed.GetValue(profile) is not null))
            {
                throw new MistakeException("--log and --profile go together: the profile says how the queries of the log were measured.");
            }

            if ((logFiles.Length == 0 && path is null) || (path is null) != (benignFile is null))
            {
                throw new MistakeException("Give MODEL and --benign together, or --log and --profile, or all four.");
            }

            Dataset? rows = benignFile is null ? null : ReadRows(benignFile, parsed.GetValue(labelColumn), parsed.GetRequiredValue(scale));
            OutputGuess? guess = null;
            using OnnxClassifier? opened = rows is null ? null : OutputChoice.Open(path!, rows, parsed.GetValue(output), SharedOptions.ParseKind(parsed.GetValue(kind)), declared: [], out guess);
            if (isCurve)
            {
                string profileFile = parsed.GetRequiredValue(profile)!;
                string curveName = parsed.GetValue(modelName) ?? DataFile.NameOf(profileFile);
                using ShieldSecret profileKey = RequireSecret(parsed.GetValue(secret));
                DetectionCalibration measured = DetectionCalibration.Load(File.ReadAllBytes(profileFile), curveName, profileKey);
                return CurveMeasuring.Run(opened!, rows!, measured, parsed.GetRequiredValue(folder), curveName, parsed.GetValue(json), terminal);
            }

            if (logFiles.Length > 0)
            {
                return CalibrateToLog(
                    logFiles, parsed.GetRequiredValue(profile)!, parsed.GetValue(modelName), parsed.GetRequiredValue(folder),
                    parsed.GetValue(secret), opened, rows, parsed.GetValue(trimmed), CallerReview.ReadLeaveOut(parsed.GetValue(leaveOut) ?? []), parsed.GetValue(promise), parsed.GetValue(json), terminal);
            }

            OnnxClassifier target = opened!;
            OutputGuess chosen = guess!;
            float[] answers = new float[rows!.Count * target.ClassCount];
            target.Classify(rows.Values.Span, answers);
            string name = parsed.GetValue(modelName) ?? DataFile.NameOf(path!);
            double[] thresholds = [.. SharedOptions.Split(parsed.GetValue(edges)).Select(ParseEdge)];
            ConfidenceBands learnedBands;
            AnswerCodebook codebook;
            try
            {
                learnedBands = ConfidenceBands.Learn(answers, target.ClassCount, OutputKind.Probabilities, parsed.GetValue(bands), thresholds);
                codebook = AnswerCodebook.Learn(answers, target.ClassCount, OutputKind.Probabilities, parsed.GetValue(centroids), parsed.GetValue(cap));
            }
            catch (ArgumentException exception)
            {
                throw MistakeException.Of(exception); // the library's own words for bands, edges, centroids and cap
            }

            string directory = parsed.GetRequiredValue(folder);
            string bandFile = Path.Combine(directory, name + ".bands");
            string codebookFile = Path.Combine(directory, name + ".codebook");
            using ShieldSecret? key = SharedOptions.Secret(parsed.GetValue(secret))?.GetSecret();
            DetectionCalibration? detection = key is null
                ? null
                : DetectionCalibrating.OfRows(target, rows, answers, chosen.Kind, InputKindOf(parsed.GetValue(inputKind), benignFile!), name, key);
            InputSpace? space = key is null ? null : InputSpaceCalibrating.OfRows(rows, InputKindOf(parsed.GetValue(inputKind), benignFile!));
            string? detectionFile = null;
            string? inputFile = null;
            try
            {
                Directory.CreateDirectory(directory);
                using FileStream bandStream = File.Create(bandFile);
                learnedBands.Save(bandStream, name, key);
                using FileStream codebookStream = File.Create(codebookFile);
                codebook.Save(codebookStream, name, key);
                detectionFile = detection is null ? null : DetectionCalibrating.Save(detection, directory, name, key!);
                inputFile = space is null ? null : InputSpaceCalibrating.Save(space, directory, name, key!);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new MistakeException($"The files cannot be written to '{directory}': {exception.Message} Choose another folder with --out.");
            }

            string settings = SettingsText.Of(name, path!, chosen.Output, chosen.Kind, target.ClassCount, bandFile, detectionFile, inputFile);
            if (parsed.GetValue(json))
            {
                terminal.Output.WriteLine(JsonText.Of(new
                {
                    model = name,
                    rows = rows.Count,
                    classes = target.ClassCount,
                    bandFile,
                    edges = learnedBands.Edges,
                    confidences = learnedBands.Confidences,
                    codebookFile,
                    codebookAnswers = codebook.Count,
                    distanceCap = codebook.DistanceCap,
                    authenticated = key is not null,
                    detectionFile,
                    inputFile,
                }));
                return ExitCode.Done;
            }

            terminal.Output.WriteLine($"Learned from {rows.Count} answers of '{chosen.Output}', {target.ClassCount} classes:");
            terminal.Output.WriteLine($"  {bandFile}: {learnedBands.Confidences.Count} bands, edges {Join(learnedBands.Edges)}; released confidences {Join(learnedBands.Confidences)}");
            terminal.Output.WriteLine($"  {codebookFile}: {codebook.Count} answers");
            terminal.Output.WriteLine(detectionFile is null
                ? "  Nothing for detection, which needs the secret: give --secret-env."
                : $"  {detectionFile}: how detection measures queries, its cold start and the leak odometer; for promises, calibrate --log of honest callers");
            if (space is not null)
            {
                terminal.Output.WriteLine($"  {inputFile}: {InputSpaceCalibrating.Describe(space)}");
            }

            terminal.Output.WriteLine(key is null
                ? "The files have a checksum only; anybody who can write them can plant others. With --secret-env they are authenticated."
                : $"The files are authenticated under key '{key.KeyId}'.");
            terminal.Output.WriteLine("In appsettings.json:");
            terminal.Output.WriteLine(settings);
            if (detectionFile is not null)
            {
                terminal.Output.WriteLine(DetectionCalibrating.FirstObserve);
            }

            terminal.Output.WriteLine($"The codebook instead: \"CodebookFile\": \"{JsonEscape(codebookFile)}\". Compare both with audit --policy.");
            return ExitCode.Done;
        });
        return command;
    }

    private static int CalibrateToLog(
        string[] logFiles, string profileFile, string? modelName, string directory, string? secretVariable, OnnxClassifier? target, Dataset? rows,
        double trimmed, IReadOnlySet<ulong> leaveOut, double? promise, bool json, Terminal terminal)
    {
        if (!(trimmed is >= 0 and <= .2))
        {
            throw new MistakeException(FormattableString.Invariant($"--trim {trimmed}: allowed are 0 to 0.2."));
        }

        string name = modelName ?? DataFile.NameOf(profileFile);
        using ShieldSecret secret = RequireSecret(secretVariable);
        DetectionCalibration start = DetectionCalibration.Load(File.ReadAllBytes(profileFile), name, secret);
        DetectionLogReader log = DetectionLogReader.Open(logFiles, name, secret);
        (DetectionCalibration calibration, DetectionReview review) = DetectionCalibrating.OfLog(start, log, target, rows, trimmed, leaveOut);
        if (promise is { } wanted)
        {
            DetectionCalibrating.RequirePromise(calibration, wanted);
        }

        Directory.CreateDirectory(directory);
        string file = DetectionCalibrating.Save(calibration, directory, name, secret);
        if (json)
        {
            terminal.Output.WriteLine(JsonText.Of(new
            {
                model = name,
                detectionFile = file,
                callers = calibration.Callers,
                queries = log.Queries,
                lifetime = calibration.Baseline!.Lifetime,
                advisory = calibration.IsAdvisory,
                promises = calibration.Thresholds!.Promises.Select(share => double.IsNaN(share) ? (double?)null : share).ToArray(),
                extrapolated = calibration.Thresholds.Extrapolated,
                linkedAt = DetectionCalibrating.LinkedAt(calibration),
                unfinishedFiles = log.UnfinishedFiles,
                backwardTimes = log.BackwardTimes,
                leftOut = leaveOut.Count,
                review = CallerReview.Fields(review),
            }));
            return ExitCode.Done;
        }

        terminal.Output.WriteLine(DetectionCalibrating.Describe(calibration, log));
        terminal.Output.WriteLine(CallerReview.Describe(review));
        terminal.Output.WriteLine($"Written to {file}, authenticated under key '{secret.KeyId}'. In appsettings.json, below this model's Shield:");
        terminal.Output.WriteLine($"\"Detection\": {{ \"CalibrationFile\": \"{JsonEscape(file)}\" }}, \"Postures\": {{ \"Mode\": \"{nameof(PostureMode.Observe)}\" }}");
        terminal.Output.WriteLine(DetectionCalibrating.FirstObserve);
        return ExitCode.Done;
    }

    private static ShieldSecret RequireSecret(string? variable) => SharedOptions.Secret(variable)?.GetSecret()
        ?? throw new MistakeException("Logs and calibrations are authenticated: give the shield's secret with --secret-env.");

    private static Dataset ReadRows(string benign, string? labelColumn, string scale)
    {
        Dataset rows = DataFile.Read(benign, null, labelColumn, scale);
        return rows.Count >= FewestRows
            ? rows
            : throw new MistakeException($"'{benign}' holds {rows.Count} rows; at least {FewestRows} are needed, some thousand for numbers that hold.");
    }

    private static InputKind InputKindOf(string? named, string benign) => named is not null
        ? Enum.Parse<InputKind>(named)
        : benign.Contains(".csv", StringComparison.OrdinalIgnoreCase) ? InputKind.Tabular : InputKind.Image;

    private static double ParseEdge(string text) => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double edge)
        ? edge
        : throw new MistakeException($"--edges {text}: allowed are numbers between 0 and 1, with commas between them.");

    private static string Join(IEnumerable<double> numbers) => string.Join(", ", numbers.Select(number => number.ToString(CultureInfo.InvariantCulture)));

    private static string JsonEscape(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal);
}
