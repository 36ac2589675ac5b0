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
        Argument<string> model = new("MODEL") { Description = "An ONNX file." };
        Option<string> benign = new("--benign") { Description = "Inputs as honest users send them, some thousand: IDX, .npy or CSV, each also gzipped.", HelpName = "FILE", Required = true };
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
        Option<bool> json = SharedOptions.Json();
        Command command = new(
            "calibrate",
            """
            Learns bands of confidence and a codebook of answers from benign queries, and prints the lines for appsettings.json. No input and no single answer is kept in the files.

            inference-shield calibrate fashion.onnx --benign honest.npy --out models --secret-env INFERENCE_SHIELD_SECRET
            inference-shield calibrate fashion.onnx --benign honest.csv --edges 0.9
            """)
        {
            model, benign, labelColumn, scale, output, kind, folder, bands, edges, centroids, cap, modelName, secret, json,
        };
        command.SetAction(parsed =>
        {
            FirstUseNotice.Show(terminal.Error);
            string path = parsed.GetRequiredValue(model);
            Dataset rows = DataFile.Read(parsed.GetRequiredValue(benign), null, parsed.GetValue(labelColumn), parsed.GetRequiredValue(scale));
            if (rows.Count < FewestRows)
            {
                throw new MistakeException($"'{parsed.GetValue(benign)}' holds {rows.Count} rows; at least {FewestRows} are needed, some thousand for numbers that hold.");
            }

            using OnnxClassifier target = OutputChoice.Open(path, rows, parsed.GetValue(output), SharedOptions.ParseKind(parsed.GetValue(kind)), declared: [], out OutputGuess chosen);
            float[] answers = new float[rows.Count * target.ClassCount];
            target.Classify(rows.Values.Span, answers);
            string name = parsed.GetValue(modelName) ?? DataFile.NameOf(path);
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
            try
            {
                Directory.CreateDirectory(directory);
                using FileStream bandStream = File.Create(bandFile);
                learnedBands.Save(bandStream, name, key);
                using FileStream codebookStream = File.Create(codebookFile);
                codebook.Save(codebookStream, name, key);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new MistakeException($"The files cannot be written to '{directory}': {exception.Message} Choose another folder with --out.");
            }

            string settings = SettingsText.Of(name, path, chosen.Output, chosen.Kind, target.ClassCount, bandFile);
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
                }));
                return ExitCode.Done;
            }

            terminal.Output.WriteLine($"Learned from {rows.Count} answers of '{chosen.Output}', {target.ClassCount} classes:");
            terminal.Output.WriteLine($"  {bandFile}: {learnedBands.Confidences.Count} bands, edges {Join(learnedBands.Edges)}; released confidences {Join(learnedBands.Confidences)}");
            terminal.Output.WriteLine($"  {codebookFile}: {codebook.Count} answers");
            terminal.Output.WriteLine(key is null
                ? "The files have a checksum only; anybody who can write them can plant others. With --secret-env they are authenticated."
                : $"The files are authenticated under key '{key.KeyId}'.");
            terminal.Output.WriteLine("In appsettings.json:");
            terminal.Output.WriteLine(settings);
            terminal.Output.WriteLine($"The codebook instead: \"CodebookFile\": \"{JsonEscape(codebookFile)}\". Compare both with audit --policy.");
            return ExitCode.Done;
        });
        return command;
    }

    private static double ParseEdge(string text) => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double edge)
        ? edge
        : throw new MistakeException($"--edges {text}: allowed are numbers between 0 and 1, with commas between them.");

    private static string Join(IEnumerable<double> numbers) => string.Join(", ", numbers.Select(number => number.ToString(CultureInfo.InvariantCulture)));

    private static string JsonEscape(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal);
}
