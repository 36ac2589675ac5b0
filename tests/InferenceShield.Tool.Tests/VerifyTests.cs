using System.Text.Json;
using InferenceShield.Lab;

namespace InferenceShield.Tool.Tests;

public sealed class VerifyTests : IDisposable
{
    private const string Variable = "INFERENCE_SHIELD_VERIFY_TEST";

    private readonly ToolRun _tool = new();
    private readonly string _policy;

    public VerifyTests()
    {
        Environment.SetEnvironmentVariable(Variable, Convert.ToBase64String(Enumerable.Range(1, 32).Select(number => (byte)number).ToArray()));
        Environment.SetEnvironmentVariable(Variable + "_2", Convert.ToBase64String(Enumerable.Range(2, 32).Select(number => (byte)number).ToArray()));
        _policy = _tool.Write("policy.json", """{ "Outputs": { "logits": { "Kind": "Logits", "Classes": 10 } }, "Hardening": { "Watermark": { "NearTie": { "Margin": 0.2, "Keying": "ExactInput" } } } }""");
    }

    public void Dispose() => _tool.Dispose();

    [Fact]
    public async Task A_copy_trained_on_marked_labels_is_told_from_the_model_itself_under_a_commitment()
    {
        string copy = TrainCopy();
        string claim = _tool.At("claim.commitment");
        Assert.True(await _tool.RunAsync("commit", ToolRun.Model, "--policy", _policy, "--secret-env", Variable, "--signing-key", _tool.At("signing.pem"), "--out", _tool.At("claim")) == ExitCode.Done, _tool.Error);
        string[] verify = Verify(copy, "--commitment", claim, "--control", ToolRun.Model, "--json");
        Assert.True(await _tool.RunAsync(verify) == ExitCode.Done, _tool.Error);
        using JsonDocument json = JsonDocument.Parse(_tool.Output);
        JsonElement report = json.RootElement[0];
        Assert.True(report.GetProperty("verdict").GetString() == "ConsistentWithCopying", _tool.Output);
        Assert.True(report.GetProperty("combinedPValue").GetDouble() < 1e-6);
        Assert.Equal(OwnershipCommitment.Load(claim).Id, report.GetProperty("commitment").GetString());
        Assert.True(report.GetProperty("tests")[0].GetProperty("controlPValues")[0].GetDouble() > 0.01);
        Assert.Equal(_tool.Output.Trim(), (await File.ReadAllTextAsync(_tool.At("verification/verification.json"))).Trim());
        Assert.Contains("<svg", await File.ReadAllTextAsync(_tool.At("verification/verification.html")), StringComparison.Ordinal);

        // What is kept is not asked again.
        Assert.Equal(ExitCode.Done, await _tool.RunAsync([.. verify, "--resume"]));
        using JsonDocument again = JsonDocument.Parse(_tool.Output);
        Assert.Equal(report.GetProperty("tests")[0].GetProperty("pValue").GetDouble(), again.RootElement[0].GetProperty("tests")[0].GetProperty("pValue").GetDouble());
        Assert.Contains("kept from before", _tool.Output, StringComparison.Ordinal);

        // Another shield's key does not open the commitment.
        Assert.Equal(ExitCode.Mistake, await _tool.RunAsync(Verify(copy, "--commitment", claim, "--secret-env", Variable + "_2")));
        Assert.Contains("does not open commitment", _tool.Error, StringComparison.Ordinal);
        string altered = _tool.Write("altered.commitment", (await File.ReadAllTextAsync(claim)).Replace("0.2", "0.3", StringComparison.Ordinal));
        Assert.Equal(ExitCode.Mistake, await _tool.RunAsync(Verify(copy, "--commitment", altered, "--opening", _tool.At("claim.opening"))));
        Assert.Contains("altered", _tool.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Mistake, await _tool.RunAsync(Verify(copy, "--model", copy, "--model-name", "fashion", "--commitment", claim)));
        Assert.Contains("is not the model that commitment", _tool.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_evidence_the_words_say_so_and_the_exit_code_is_0()
    {
        Assert.True(await _tool.RunAsync(Verify(ToolRun.Model)) == ExitCode.Done, _tool.Error);
        Assert.Contains("too few answers", _tool.Output, StringComparison.Ordinal);
        Assert.Contains("more (p =", _tool.Output, StringComparison.Ordinal);
        Assert.Contains("What this does not prove", _tool.Output, StringComparison.Ordinal);
        Assert.Contains("No commitment was opened", _tool.Output, StringComparison.Ordinal);
        Assert.Contains("in posture Normal, that of callers of whom nothing was noticed", _tool.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plan_needs_no_suspect_and_asks_none()
    {
        Assert.True(await _tool.RunAsync(Verify(null, "--plan")) == ExitCode.Done, _tool.Error);
        Assert.Contains("you need about", _tool.Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_tool.At("verification")));
    }

    [Fact]
    public async Task Controls_are_trained_on_data_with_labels()
    {
        Assert.True(await _tool.RunAsync(Verify(ToolRun.Model, "--train-controls", "2", "--control-data", ToolRun.Images, "--control-labels", ToolRun.Labels, "--json")) == ExitCode.Done, _tool.Error);
        using JsonDocument json = JsonDocument.Parse(_tool.Output);
        Assert.Equal(["trained 1", "trained 2"], json.RootElement[0].GetProperty("controls").EnumerateArray().Select(control => control.GetString()));
        Assert.Equal(2, json.RootElement[0].GetProperty("tests")[0].GetProperty("controlPValues").GetArrayLength());
    }

    [Fact]
    public async Task Every_mistake_is_one_line_that_says_what_to_do()
    {
        string narrow = _tool.Write("narrow.csv", string.Concat(Enumerable.Repeat("1,2,3\n", 200)));
        string bare = _tool.Write("bare.json", """{ "Outputs": { "logits": { "Kind": "Logits" } } }""");
        string garbage = _tool.Write("garbage.onnx", "this is no model, and long enough to be looked at");
        string letters = _tool.At("letters.onnx");
        SurrogateTrainer.Train(new float[64], [.. Enumerable.Repeat(0.5f, 8)], 16, 2, new SurrogateOptions { Hidden = [2], Steps = 1 }, 1, 1, CancellationToken.None).Save(letters);
        (string[] Arguments, string Expected)[] mistakes =
        [
            (Verify(null), "Give a suspect"),
            (Verify("nowhere.onnx"), "does not exist"),
            (Verify(garbage), "cannot load"),
            (Verify(letters), "takes rows of 16 values; the target takes 784"),
            (Verify(ToolRun.Model, "--queries", narrow), "3 values"),
            (Verify(ToolRun.Model, "--policy", bare), "No marks are known"),
            (Verify(ToolRun.Model, "--class-map", "0,1"), "class map has 2 places; the suspect answers with 10"),
            (Verify(ToolRun.Model, "--class-map", "a"), "--class-map a"),
            (Verify(ToolRun.Model, "--random-keys", "10"), "RandomKeys is 10"),
            (Verify(ToolRun.Model, "--match", "0.5"), "ExpectedMatch is 0.5"),
            (Verify(ToolRun.Model, "--train-controls", "2"), "--control-data"),
            (Verify(ToolRun.Model, "--mark-key", bare), "either the shield's secret"),
            (Verify(ToolRun.Model, "--evidence", "nowhere.list"), "nowhere.list"),
            (Verify("http://127.0.0.1:9/v2/models/m"), "--i-am-authorised"),
            (Verify("http://example.test/v2/models/m", "--i-am-authorised"), "--allow-remote"),
            (Verify(ToolRun.Model, "--commitment", bare), "no commitment"),
            ([.. Verify(ToolRun.Model), ToolRun.Model], "Two suspects are called 'fashion'"),
        ];
        foreach ((string[] arguments, string expected) in mistakes)
        {
            Assert.True(await _tool.RunAsync(arguments) == ExitCode.Mistake, string.Join(' ', arguments) + "\n" + _tool.Error);
            Assert.Contains(expected, _tool.Error, StringComparison.Ordinal);
            Assert.Single(_tool.Error.Trim().Split('\n'));
        }
    }

    [Fact]
    public async Task A_mark_key_alone_does_as_well_as_the_secret()
    {
        using ShieldSecret secret = ShieldSecrets.FromEnvironment(Variable).GetSecret();
        using MarkKey key = MarkKey.Of(secret, "fashion");
        byte[] bytes = new byte[MarkKey.Size];
        key.Export(bytes);
        string file = _tool.Write("mark.key", bytes);
        Assert.True(await _tool.RunAsync(Verify(ToolRun.Model, "--json")) == ExitCode.Done, _tool.Error);
        using JsonDocument bySecret = JsonDocument.Parse(_tool.Output);
        string[] arguments = [.. Verify(ToolRun.Model, "--json", "--mark-key", file)];
        int at = Array.IndexOf(arguments, "--secret-env");
        Assert.True(await _tool.RunAsync([.. arguments[..at], .. arguments[(at + 2)..]]) == ExitCode.Done, _tool.Error);
        using JsonDocument byKey = JsonDocument.Parse(_tool.Output);
        Assert.Equal(bySecret.RootElement[0].GetProperty("tests").ToString(), byKey.RootElement[0].GetProperty("tests").ToString());
    }

    private string[] Verify(string? suspect, params string[] more) =>
    [
        "verify", .. suspect is null ? Array.Empty<string>() : [suspect], "--model", ToolRun.Model, "--queries", ToolRun.Images, "--policy", _policy, "--secret-env", Variable, "--random-keys", "300",
        "--out", _tool.At("verification"), .. more,
    ];

    /// <summary>Trains a network on the labels that a shield with the mark gives to the committed images.</summary>
    private string TrainCopy()
    {
        using ShieldSecret secret = ShieldSecrets.FromEnvironment(Variable).GetSecret();
        using MarkKey key = MarkKey.Of(secret, "fashion");
        using OnnxClassifier target = new(ToolRun.Model, "logits");
        Dataset rows = DataFile.Read(ToolRun.Images, null, null, "auto");
        float[] answers = new float[rows.Count * 10];
        target.Classify(rows.Values.Span, answers);
        MarkInputReader reader = new(key, null, 0);
        for (int row = 0; row < rows.Count; row++)
        {
            Span<float> answer = answers.AsSpan(row * 10, 10);
            int label = NearTieMark.TryFind(OutputKind.Probabilities, answer, 0.2, out NearTie tie)
                ? NearTieMark.Pick(key.NearTies, tie, reader.Read(rows.GetRow(row)).Exact)
                : System.Numerics.Tensors.TensorPrimitives.IndexOfMax<float>(answer);
            answer.Clear();
            answer[label] = 1;
        }

        Surrogate copy = SurrogateTrainer.Train(rows.Values.Span, answers, rows.Width, 10, new SurrogateOptions { Hidden = [64] }, seed: 1, threads: 1, CancellationToken.None);
        copy.Save(_tool.At("copy.onnx"));
        return _tool.At("copy.onnx");
    }
}
