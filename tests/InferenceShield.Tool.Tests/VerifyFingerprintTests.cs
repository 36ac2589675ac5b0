using System.Text.Json;
using InferenceShield.Lab;

namespace InferenceShield.Tool.Tests;

/// <summary>verify --fingerprint: with and without marks.</summary>
public sealed class VerifyFingerprintTests : IDisposable
{
    private const string Variable = "INFERENCE_SHIELD_VERIFY_FINGERPRINT_TEST";
    private const int Width = 16;

    private readonly ToolRun _tool = new();
    private readonly string _data;
    private readonly string _model;
    private readonly string _copy;
    private readonly string _other;

    /// <summary>Three noisy classes of 16 numbers; a model, a copy made of its answers, and one of other rows.</summary>
    public VerifyFingerprintTests()
    {
        Environment.SetEnvironmentVariable(Variable, Convert.ToBase64String(Enumerable.Range(1, 32).Select(number => (byte)number).ToArray()));
        Dataset model = Draw(300, stream: 1);
        Dataset data = Draw(900, stream: 2);
        _model = _tool.At("model.onnx");
        Surrogate target = Train(model, Targets(model), seed: 1);
        target.Save(_model);
        Dataset asked = Draw(1_500, stream: 3);
        float[] answers = new float[asked.Count * 3];
        target.Classify(asked.Values.Span, answers);
        _copy = _tool.At("copy.onnx");
        Train(asked, answers, seed: 2).Save(_copy);
        _other = _tool.At("other.onnx");
        Dataset others = Draw(300, stream: 4);
        Train(others, Targets(others), seed: 3).Save(_other);
        _data = _tool.Write("data.csv", string.Concat(Enumerable.Range(0, data.Count).Select(row =>
            string.Join(',', data.GetRow(row).ToArray().Select(value => value.ToString("R", System.Globalization.CultureInfo.InvariantCulture))) + $",{data.Labels.Span[row]}\n")));
    }

    public void Dispose() => _tool.Dispose();

    [Fact]
    public async Task A_model_that_was_never_marked_needs_controls_and_nothing_else()
    {
        Assert.True(await _tool.RunAsync(Verify(_copy, "--train-controls", "5", "--json")) == ExitCode.Done, _tool.Error);
        using JsonDocument json = JsonDocument.Parse(_tool.Output);
        JsonElement report = json.RootElement[0];
        JsonElement test = Assert.Single(report.GetProperty("tests").EnumerateArray());
        Assert.Equal(("fingerprint", 1.0 / 6), (test.GetProperty("name").GetString(), test.GetProperty("pValue").GetDouble()));
        Assert.True(test.GetProperty("effect").GetDouble() > 0);
        Assert.Equal("Inconclusive", report.GetProperty("verdict").GetString()); // so few controls show nothing, and clear of nothing
        Assert.Equal(["No mark was tested: no policy, key or commitment was given. The fingerprint is the only test."], report.GetProperty("notes").EnumerateArray().Select(note => note.GetString()).Where(note => note!.StartsWith("No mark", StringComparison.Ordinal)));
        Assert.Contains("5 of the controls were trained here", report.GetProperty("notes").ToString(), StringComparison.Ordinal);
        Assert.Contains("so many cannot give less than 0.1667", report.GetProperty("words").GetString(), StringComparison.Ordinal);
        Assert.Contains("whoever chooses the inputs", report.GetProperty("limits").ToString(), StringComparison.Ordinal);
        double copied = test.GetProperty("statistic").GetDouble();

        // What was answered is kept; an independent model agrees less.
        Assert.True(await _tool.RunAsync(Verify(_copy, "--train-controls", "5", "--resume")) == ExitCode.Done, _tool.Error);
        Assert.DoesNotContain("NaN", _tool.Output, StringComparison.Ordinal);
        Assert.True(await _tool.RunAsync(Verify(_other, "--train-controls", "5", "--json")) == ExitCode.Done, _tool.Error);
        using JsonDocument other = JsonDocument.Parse(_tool.Output);
        Assert.True(other.RootElement[0].GetProperty("tests")[0].GetProperty("statistic").GetDouble() < copied);
    }

    [Fact] // of many maps one may fit
    public async Task A_class_map_is_told_and_held_against_rows_that_the_target_is_sure_of()
    {
        Assert.True(await _tool.RunAsync(Verify(_copy, "--train-controls", "5", "--class-map", "1,2,0")) == ExitCode.Mistake, _tool.Output);
        Assert.Contains("With the class map 1,2,0 'copy' agrees with the target on only", _tool.Error, StringComparison.Ordinal);
        foreach ((string map, bool isTold) in new[] { ("0,1,-1", true), ("0,1,2", false) })
        {
            Assert.True(await _tool.RunAsync(Verify(_copy, "--train-controls", "5", "--json", "--class-map", map)) == ExitCode.Done, _tool.Error);
            using JsonDocument json = JsonDocument.Parse(_tool.Output);
            string note = json.RootElement[0].GetProperty("tests")[0].GetProperty("note").GetString()!;
            Assert.Equal(isTold, note.Contains($"Classes are taken by the map {map}, which was given and not found", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Beside_marks_it_is_a_further_test()
    {
        string policy = _tool.Write("policy.json", """{ "Outputs": { "probabilities": { "Kind": "Probabilities", "Classes": 3 } }, "Hardening": { "Watermark": { "NearTie": {} } } }""");
        string queries = _tool.Write("queries.csv", string.Concat((await File.ReadAllLinesAsync(_data)).Select(line => line[..line.LastIndexOf(',')] + "\n")));
        Assert.True(await _tool.RunAsync(Verify(_copy, "--train-controls", "3", "--control", _other, "--control", _other, "--policy", policy, "--queries", queries, "--secret-env", Variable, "--random-keys", "300", "--json")) == ExitCode.Mistake);
        Assert.Contains("there are 4", _tool.Error, StringComparison.Ordinal); // ToolRun keeps the last of an option that is given twice
        Assert.True(await _tool.RunAsync(Verify(_copy, "--train-controls", "4", "--control", _other, "--policy", policy, "--queries", queries, "--secret-env", Variable, "--random-keys", "300", "--json")) == ExitCode.Done, _tool.Error);
        using JsonDocument json = JsonDocument.Parse(_tool.Output);
        Assert.Equal(["near-tie", "fingerprint"], json.RootElement[0].GetProperty("tests").EnumerateArray().Select(test => test.GetProperty("name").GetString()));
        Assert.Equal(["other", "trained 1", "trained 2", "trained 3", "trained 4"], json.RootElement[0].GetProperty("controls").EnumerateArray().Select(control => control.GetString()));
        Assert.Contains("Bonferroni over 2", json.RootElement[0].GetProperty("combination").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("No mark was tested", _tool.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plan_asks_nobody_and_too_few_controls_or_rows_are_mistakes()
    {
        Assert.True(await _tool.RunAsync(Verify(null, "--train-controls", "19", "--plan")) == ExitCode.Done, _tool.Error);
        Assert.Contains("With 19 controls its p-value cannot be below 0.0500", _tool.Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_tool.At("verification")));
        string few = _tool.Write("few.csv", string.Concat((await File.ReadAllLinesAsync(_data)).Take(50).Select(line => line + "\n")));
        (string[] Arguments, string Expected)[] mistakes =
        [
            (Verify(_copy, "--train-controls", "4"), "at least 5 independent models, and there are 4"),
            (Verify(null, "--train-controls", "4", "--plan"), "at least 5 independent models, and there are 4"),
            (Verify(_copy, "--train-controls", "5", "--control-data", few), "has 50 rows; a fingerprint needs at least 120"),
            (Verify(_copy, "--train-controls", "5", "--label-column", "none"), "have 17 values"),
            (["verify", _copy, "--model", _model, "--fingerprint", "--train-controls", "5"], "--fingerprint needs inputs with true labels"),
        ];
        foreach ((string[] arguments, string expected) in mistakes)
        {
            Assert.True(await _tool.RunAsync(arguments) == ExitCode.Mistake, string.Join(' ', arguments) + "\n" + _tool.Error);
            Assert.True(_tool.Error.Contains(expected, StringComparison.Ordinal), $"expected '{expected}': {_tool.Error}");
            Assert.Single(_tool.Error.Trim().Split('\n'));
        }
    }

    private string[] Verify(string? suspect, params string[] more) =>
    [
        "verify", .. suspect is null ? Array.Empty<string>() : [suspect], "--model", _model, "--fingerprint", "--control-data", _data, "--label-column", "last", "--out", _tool.At("verification"), .. more,
    ];

    private static float[] Targets(Dataset data)
    {
        float[] targets = new float[data.Count * 3];
        for (int row = 0; row < data.Count; row++)
        {
            targets[(row * 3) + data.Labels.Span[row]] = 1;
        }

        return targets;
    }

    private static Surrogate Train(Dataset data, float[] targets, ulong seed) =>
        SurrogateTrainer.Train(data.Values.Span, targets, Width, 3, new SurrogateOptions { Hidden = [32], Steps = 300 }, seed, threads: 1, CancellationToken.None);

    private static Dataset Draw(int count, ulong stream)
    {
        SeededRandom random = new(5, stream);
        float[] values = new float[count * Width];
        int[] labels = new int[count];
        for (int row = 0; row < count; row++)
        {
            labels[row] = random.NextInt32(3);
            for (int i = 0; i < Width; i++)
            {
                values[(row * Width) + i] = random.NextBetween(-1, 1) + (i % 3 == labels[row] ? 0.35f : 0);
            }
        }

        return new Dataset("drawn", values, Width, labels, 3);
    }
}
