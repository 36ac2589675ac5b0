using System.CommandLine;
using InferenceShield.Lab;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.Tool;

/// <summary>The command <c>inspect</c>: what a model takes and gives, and what its answers leak.</summary>
internal static class InspectCommand
{
    private const int FewestRows = 512;

    /// <summary>The leak report of more classes takes minutes.</summary>
    private const int MostClasses = 256;

    private static readonly string[] s_postures = ["shield", "shield-guarded", "shield-restricted"];

    public static Command Create(Terminal terminal)
    {
        Argument<string> model = new("MODEL") { Description = "An ONNX file." };
        Option<string?> data = new("--data") { Description = "Real inputs to ask; without, seeded noise, which says less.", HelpName = "FILE" };
        Option<string?> labelColumn = SharedOptions.LabelColumn();
        Option<string> scale = SharedOptions.Scale();
        Option<bool> json = SharedOptions.Json();
        Command command = new(
            "inspect",
            """
            Shows inputs and outputs, guesses what each output holds from its answers, checks what they leak under the shield's default postures, and recommends options.

            inference-shield inspect fashion.onnx
            inference-shield inspect fashion.onnx --data images.idx3.gz --json
            """)
        {
            model, data, labelColumn, scale, json,
        };
        command.SetAction((parsed, cancellationToken) => Task.Run(
            () =>
            {
                FirstUseNotice.Show(terminal.Error);
                string path = parsed.GetRequiredValue(model);
                using OnnxModel opened = OnnxModel.Open(path);
                Dataset rows = parsed.GetValue(data) is { } file
                    ? DataFile.Read(file, null, parsed.GetValue(labelColumn), parsed.GetRequiredValue(scale))
                    : MakeNoise(opened, path);
                ModelFindings findings = Inspect(opened, path, rows, parsed.GetValue(data) is null, cancellationToken);
                terminal.Output.WriteLine(parsed.GetValue(json) ? JsonText.Of(findings) : findings.ToString());
                return ExitCode.Done;
            },
            cancellationToken));
        return command;
    }

    private static ModelFindings Inspect(OnnxModel model, string path, Dataset rows, bool isNoise, CancellationToken cancellationToken)
    {
        int widest = model.FloatOutputs.Select(output => model.Outputs[output].Dimensions.LastOrDefault()).DefaultIfEmpty(0).Max();
        rows = rows.Slice(0, (int)Math.Min(rows.Count, Math.Max(FewestRows, 4L * widest)));
        (string Output, int Rank, float[] Answers)[] answers =
            [.. model.FloatOutputs.Select(output => (output, model.Outputs[output].Dimensions.Length, model.Run(rows.Values.Span, rows.Width, output, cancellationToken)))];
        IReadOnlyList<OutputGuess> guesses = OutputGuess.Of(answers, rows.Count);
        List<LeakVerdict> leaks = [];
        foreach (OutputGuess guess in guesses.Where(guess => guess.HasClasses && guess.Width <= MostClasses && rows.Count >= 2 * guess.Width))
        {
            cancellationToken.ThrowIfCancellationRequested();
            float[] clean = guess.ToProbabilities([.. answers.First(answer => answer.Output == guess.Output).Answers]);
            leaks.AddRange(FindLeaks(guess, clean));
        }

        OutputGuess? recommended = guesses.FirstOrDefault(guess => guess.HasClasses && guess.Kind == OutputKind.Probabilities) ?? guesses.FirstOrDefault(guess => guess.Kind != OutputKind.None);
        string? settings = recommended is null
            ? null
            : SettingsText.Of(DataFile.NameOf(path), path, recommended.Output, recommended.Kind, recommended.HasClasses ? recommended.Width : null, bandFile: null);
        return new ModelFindings(
            path,
            [.. model.Inputs.Select(Describe)],
            [.. model.Outputs.Select(Describe)],
            [.. guesses],
            [.. leaks],
            Advise(guesses, leaks),
            settings,
            rows.Count,
            isNoise);
    }

    private static IEnumerable<LeakVerdict> FindLeaks(OutputGuess guess, float[] clean)
    {
        yield return Judge(guess.Output, "none", LeakReport.Analyze(clean, clean, guess.Width));
        PolicyContext context = new(guess.Width);
        foreach (string posture in s_postures)
        {
            float[] released = new float[clean.Length];
            PolicyCatalog.Create(posture, context).Create(1).Apply([], clean, guess.Width, released);
            yield return Judge(guess.Output, posture, LeakReport.Analyze(clean, released, guess.Width));
        }
    }

    private static LeakVerdict Judge(string output, string policy, LeakReport report) =>
        new(output, policy, [.. report.Findings.Where(finding => finding.Leaks)], report.DistinctAnswers, report.Answers);

    private static string Advise(IReadOnlyList<OutputGuess> guesses, List<LeakVerdict> leaks)
    {
        string[] hidden = [.. guesses.Where(guess => guess.Kind == OutputKind.Embedding).Select(guess => guess.Output)];
        string advice = guesses.Any(guess => guess.HasClasses)
            ? "Release the probabilities, rounded to 2 decimals, and nothing else."
            : "No output seems to hold scores of classes; declare what is released by hand, and check it with --data.";
        if (hidden.Length > 0)
        {
            advice += $" Do not release {string.Join(", ", hidden)}: features are worth more to a thief than scores.";
        }

        if (guesses.Any(guess => guess.Kind == OutputKind.Logits) && guesses.Any(guess => guess.Kind == OutputKind.Probabilities))
        {
            advice += " Do not release logits beside probabilities.";
        }

        return leaks.Any(leak => leak.Policy == "shield" && leak.Findings.Any(finding => finding.Check.StartsWith("rank", StringComparison.Ordinal)))
            ? advice + " Two decimals leave the width of the last layer to be seen: take 1 decimal, or bands."
            : advice;
    }

    private static TensorFinding Describe(KeyValuePair<string, NodeMetadata> tensor) =>
        new(tensor.Key, tensor.Value.ElementDataType.ToString(), [.. tensor.Value.Dimensions]);

    /// <summary>Uniform in 0..1: what pixels and scaled features look like to a network.</summary>
    private static Dataset MakeNoise(OnnxModel model, string path)
    {
        int width = model.InputLength > 0
            ? model.InputLength
            : throw new MistakeException($"'{path}' leaves the width of its input open; give some rows with --data.");
        int rows = 4096L * width <= 1 << 24 ? 4096 : Math.Clamp(OnnxClassifier.MostValues / width, 1, FewestRows);
        float[] values = new float[rows * width];
        ulong state = 1;
        for (int i = 0; i < values.Length; i++)
        {
            state = (state * 6364136223846793005) + 1442695040888963407; // Knuth's MMIX generator: any fixed sequence will do
            values[i] = (state >> 40) / (float)(1 << 24);
        }

        return new Dataset("noise", values, width);
    }
}
