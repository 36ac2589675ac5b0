using System.Net;
using System.Text;
using System.Text.Json;
using InferenceShield.Lab;
using InferenceShield.Samples;

namespace InferenceShield.Tool.Tests;

/// <summary>verify of an output of embeddings: files, a served model that gives marked answers, and a list of marked queries.</summary>
public sealed class VerifyEmbeddingTests : IDisposable
{
    private const string Variable = "INFERENCE_SHIELD_VERIFY_EMBEDDING_TEST";
    private const int Dimension = 64;

    private static readonly string s_model = SampleFiles.GetModel("fashion-cnn.onnx");

    private readonly ToolRun _tool = new();
    private readonly HttpListener _listener = new();
    private readonly string _policy;

    public VerifyEmbeddingTests()
    {
        Environment.SetEnvironmentVariable(Variable, Convert.ToBase64String(Enumerable.Range(1, 32).Select(number => (byte)number).ToArray()));
        _policy = _tool.Write("policy.json", """{ "Outputs": { "embedding": { "Kind": "Embedding" } }, "Hardening": { "Watermark": { "Direction": {} } } }""");
    }

    public void Dispose()
    {
        _listener.Close();
        _tool.Dispose();
    }

    [Fact]
    public async Task A_served_copy_of_marked_answers_is_told_from_the_clean_model()
    {
        int port = 20000 + ((Environment.ProcessId + 17) % 40000);
        _listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        _listener.Start();
        Task serving = Task.Run(ServeAsync);
        string[] verify = Verify($"http://127.0.0.1:{port}/v2/models/copy", "--queries", ToolRun.Images, "--i-am-authorised", "--max-queries", "300", "--random-keys", "10000", "--rows-per-call", "100", "--control", s_model, "--json");
        Assert.True(await _tool.RunAsync(verify) == ExitCode.Done, _tool.Error);
        _listener.Stop();
        await serving;
        Assert.Contains("/v2/models/copy' has answered 100 of 300 queries\n", _tool.Error.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Contains("has answered 300 of 300 queries; testing", _tool.Error, StringComparison.Ordinal);
        using JsonDocument json = JsonDocument.Parse(_tool.Output);
        JsonElement report = json.RootElement[0];
        JsonElement test = Assert.Single(report.GetProperty("tests").EnumerateArray());
        Assert.Equal(("direction", 300, "ConsistentWithCopying"), (test.GetProperty("name").GetString(), test.GetProperty("answers").GetInt32(), report.GetProperty("verdict").GetString()));
        Assert.True(test.GetProperty("statistic").GetDouble() > 6, _tool.Output);
        Assert.Contains("output 'embedding' in posture Normal", report.GetProperty("notes")[0].GetString(), StringComparison.Ordinal);
        Assert.Equal(["fashion-cnn"], report.GetProperty("controls").EnumerateArray().Select(control => control.GetString()));
        Assert.Contains("direction", await File.ReadAllTextAsync(_tool.At("verification/record.json")), StringComparison.Ordinal);

        Assert.True(await _tool.RunAsync(Verify(s_model, "--queries", ToolRun.Images)) == ExitCode.Done, _tool.Error);
        Assert.Contains("No evidence: embeddings of 'fashion-cnn'", _tool.Output, StringComparison.Ordinal);
        Assert.Contains("An affine map of the target's embeddings explains 100.0 %", _tool.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_list_says_which_rows_and_whose_and_a_plan_how_many()
    {
        string list = WriteList(rows: 300);
        Assert.True(await _tool.RunAsync(Verify(s_model, "--evidence", list, "--caller", "alice", "--json")) == ExitCode.Done, _tool.Error);
        using JsonDocument json = JsonDocument.Parse(_tool.Output);
        Assert.Equal([300], json.RootElement[0].GetProperty("callers").EnumerateArray().Select(caller => caller.GetProperty("queries").GetInt32()));
        Assert.Equal(300, json.RootElement[0].GetProperty("queries").GetInt32());
        Assert.Equal("Inconclusive", json.RootElement[0].GetProperty("verdict").GetString());
        Assert.True(await _tool.RunAsync(Verify(s_model, "--evidence", list, "--plan", "--random-keys", "20000")) == ExitCode.Done, _tool.Error);
        Assert.DoesNotContain("cannot give less", _tool.Output, StringComparison.Ordinal);
        Assert.Contains("you need about 1,500 queries like these", _tool.Output, StringComparison.Ordinal);
        Assert.Contains("at hand are 300 that count", _tool.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mistakes_say_what_to_do()
    {
        string few = _tool.Write("few.csv", string.Concat(Enumerable.Range(0, 30).Select(row => string.Join(',', Enumerable.Range(0, 784).Select(i => ((i * (row + 3)) % 97) / 97.0)) + "\n")));
        string narrow = _tool.Write("narrow.csv", "1,2,3\n4,5,6\n");
        string unmarked = _tool.Write("unmarked.json", """{ "Outputs": { "embedding": { "Kind": "Embedding" } }, "Hardening": { "Watermark": { "NearTie": {} } } }""");
        (string[] Arguments, string Expected)[] mistakes =
        [
            (Verify(s_model, "--queries", few), "needs 230 more"),
            (Verify(s_model, "--queries", narrow), "Rows of the data have 3 values"),
            (Verify(s_model, "--queries", few, "--label-only"), "which has no classes"),
            (Verify(s_model, "--queries", few, "--suspect-output", "nothing"), "has no output of floats 'nothing'"),
            (Verify(s_model, "--queries", few, "--policy", unmarked), "Direction is not set"),
        ];
        foreach ((string[] arguments, string expected) in mistakes)
        {
            Assert.True(await _tool.RunAsync(arguments) == ExitCode.Mistake, string.Join(' ', arguments) + "\n" + _tool.Error);
            Assert.Contains(expected, _tool.Error, StringComparison.Ordinal);
            Assert.Single(_tool.Error.Trim().Split('\n'));
        }
    }

    private string[] Verify(string suspect, params string[] more) =>
    [
        "verify", suspect, "--model", s_model, "--policy", _policy, "--secret-env", Variable, "--random-keys", "300", "--out", _tool.At("verification"), .. more,
    ];

    /// <summary>Alice asks the first rows of the committed images.</summary>
    private string WriteList(int rows)
    {
        string list = _tool.At("embeddings.evidence");
        Dataset images = DataFile.Read(ToolRun.Images, null, "none", "auto").Slice(0, rows);
        using OnnxModel model = OnnxModel.Open(s_model);
        float[] clean = model.Run(images.Values.Span, images.Width, "embedding");
        using Shield shield = new ShieldBuilder("fashion-cnn")
            .UseSecret(ShieldSecrets.FromEnvironment(Variable))
            .AddOutput("embedding", OutputKind.Embedding, new HardeningOptions { Watermark = new WatermarkOptions { Direction = new() } })
            .Configure(options =>
            {
                (options.Evidence.File, options.Evidence.KeepInputs) = (list, true);
                options.Admission.PerCaller = options.Admission.PerNetwork = options.Admission.PerModel = new LimitOptions { Queries = 1_000_000, Period = TimeSpan.FromMinutes(1), Burst = 1_000_000 };
            })
            .Build();
        for (int row = 0; row < rows; row++)
        {
            Admission admission = shield.Admit(shield.IdentifyCaller("alice"), [], 1);
            shield.Harden(in admission, images.GetRow(row), clean.AsSpan(row * Dimension, Dimension), new float[Dimension], Dimension);
        }

        return list;
    }

    /// <summary>The model's embeddings with the mark, as a shield releases them but for rounding.</summary>
    private async Task ServeAsync()
    {
        using OnnxModel model = OnnxModel.Open(s_model);
        using ShieldSecret secret = ShieldSecrets.FromEnvironment(Variable).GetSecret();
        using MarkKey key = MarkKey.Of(secret, "fashion-cnn");
        DirectionMark mark = new(key, new DirectionMarkOptions());
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            string text = context.Request.Url!.AbsolutePath.EndsWith("ready", StringComparison.Ordinal) ? ""
                : """{"name":"copy","inputs":[{"name":"x","datatype":"FP32","shape":[-1,784]}],"outputs":[{"name":"e","datatype":"FP32","shape":[-1,64]}]}""";
            if (context.Request.HttpMethod == "POST")
            {
                using JsonDocument asked = await JsonDocument.ParseAsync(context.Request.InputStream);
                float[] rows = [.. asked.RootElement.GetProperty("inputs")[0].GetProperty("data").EnumerateArray().Select(value => value.GetSingle())];
                float[] answers = model.Run(rows, 784, "embedding");
                for (int first = 0; first < answers.Length; first += Dimension)
                {
                    Span<float> row = answers.AsSpan(first, Dimension);
                    mark.Apply(row, Math.Sqrt(System.Numerics.Tensors.TensorPrimitives.Dot<float>(row, row)), row);
                }

                text = JsonSerializer.Serialize(new { outputs = new[] { new { name = "e", datatype = "FP32", shape = new[] { answers.Length / Dimension, Dimension }, data = answers } } });
            }

            byte[] bytes = Encoding.UTF8.GetBytes(text);
            await context.Response.OutputStream.WriteAsync(bytes);
            context.Response.Close();
        }
    }
}
