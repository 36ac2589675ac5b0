using System.Net;
using System.Text;
using System.Text.Json;

namespace InferenceShield.Tool.Tests;

public sealed class CommandTests : IDisposable
{
    private readonly ToolRun _tool = new();

    public void Dispose() => _tool.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("audit")]
    [InlineData("calibrate")]
    [InlineData("inspect")]
    [InlineData("bench")]
    public async Task Help_has_examples(string command)
    {
        string[] arguments = command.Length == 0 ? ["--help"] : [command, "--help"];
        Assert.Equal(ExitCode.Done, await _tool.RunAsync(arguments));
        Assert.Contains($"inference-shield {(command.Length == 0 ? "audit" : command)} ", _tool.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Shells_can_ask_for_completions()
    {
        Assert.Equal(ExitCode.Done, await _tool.RunAsync("[suggest:1]", "a"));
        Assert.Contains("audit", _tool.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Done, await _tool.RunAsync("[suggest:17]", "audit --policies s"));
        Assert.Contains("shield-guarded", _tool.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspect_tells_probabilities_logits_and_features_apart_and_says_what_leaks()
    {
        Assert.Equal(ExitCode.Done, await _tool.RunAsync("inspect", ToolRun.Model, "--data", ToolRun.Images, "--json"));
        using JsonDocument json = JsonDocument.Parse(_tool.Output);
        Assert.Equal(
            ["logits Logits", "probabilities Probabilities", "embedding Embedding"],
            json.RootElement.GetProperty("guesses").EnumerateArray().Select(guess => $"{guess.GetProperty("output").GetString()} {guess.GetProperty("kind").GetString()}"));
        JsonElement[] leaks = [.. json.RootElement.GetProperty("leaks").EnumerateArray().Where(leak => leak.GetProperty("output").GetString() == "probabilities")];
        Assert.Contains("distinct answers", leaks[0].GetProperty("findings")[0].GetProperty("check").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, leaks.Single(leak => leak.GetProperty("policy").GetString() == "shield-restricted").GetProperty("findings").GetArrayLength());
        Assert.Equal(ExitCode.Done, await _tool.RunAsync("inspect", ToolRun.Model));
        Assert.Contains("Do not release embedding", _tool.Output, StringComparison.Ordinal);
        Assert.Contains("    inversion: an attacker who knows the algorithm comes within", _tool.Output, StringComparison.Ordinal);
        Assert.Contains("\"Kind\": \"Probabilities\"", _tool.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bench_times_one_of_the_outputs_that_a_policy_declares()
    {
        string policy = _tool.Write("two.json", "{ \"Outputs\": { \"logits\": { \"Kind\": \"Logits\" }, \"embedding\": { \"Kind\": \"Embedding\" } } }");
        Assert.Equal(ExitCode.Done, await _tool.RunAsync("bench", ToolRun.Model, "--policy", policy, "--rounds", "1", "--calls", "5"));
        Assert.Contains("times InferenceSession.Run", _tool.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calibrated_files_load_and_serve_as_a_policy()
    {
        Environment.SetEnvironmentVariable("TOOL_TEST_SECRET", Convert.ToBase64String(new byte[32].Select((_, i) => (byte)i).ToArray()));
        Assert.Equal(ExitCode.Done, await _tool.RunAsync("calibrate", ToolRun.Model, "--benign", ToolRun.Images, "--out", _tool.Folder, "--edges", "0.9", "--secret-env", "TOOL_TEST_SECRET", "--json"));
        using JsonDocument json = JsonDocument.Parse(_tool.Output);
        string bandFile = json.RootElement.GetProperty("bandFile").GetString()!;
        using ShieldSecret secret = ShieldSecrets.FromEnvironment("TOOL_TEST_SECRET").GetSecret();
        Assert.Contains(0.9, ConfidenceBands.Load(File.ReadAllBytes(bandFile), "fashion", 10, secret).Edges);
        Assert.True(AnswerCodebook.Load(File.ReadAllBytes(_tool.At("fashion.codebook")), "fashion", 10, secret).Count > 10);

        string policy = _tool.Write("shield.json", JsonSerializer.Serialize(new { Guarded = new { BandFile = bandFile } }));
        string[] audit = _tool.Audit("--policies", "none,shield-guarded", "--budget", "30", "--seeds", "1", "--policy", policy);
        Assert.Equal(ExitCode.Mistake, await _tool.RunAsync(audit));
        Assert.Contains("authenticated under key", _tool.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Done, await _tool.RunAsync([.. audit, "--secret-env", "TOOL_TEST_SECRET"]));
    }

    [Fact]
    public async Task Detection_is_calibrated_first_to_rows_and_then_to_a_log_of_callers()
    {
        Environment.SetEnvironmentVariable("TOOL_TEST_SECRET", Convert.ToBase64String(new byte[32].Select((_, i) => (byte)i).ToArray()));
        string file = _tool.At("fashion.detection");
        Assert.Equal(ExitCode.Done, await _tool.RunAsync("calibrate", ToolRun.Model, "--benign", ToolRun.Images, "--out", _tool.Folder, "--secret-env", "TOOL_TEST_SECRET"));
        Assert.Contains("\"CalibrationFile\"", _tool.Output, StringComparison.Ordinal);
        Assert.Contains("\"Mode\": \"Observe\"", _tool.Output, StringComparison.Ordinal);
        Assert.Contains("then change it to Act", _tool.Output, StringComparison.Ordinal);
        using ShieldSecret secret = ShieldSecrets.FromEnvironment("TOOL_TEST_SECRET").GetSecret();
        InputSpace space = InputSpace.Load(File.ReadAllBytes(_tool.At("fashion.inputs")), "fashion", secret);
        Assert.Equal(784, space.InputLength);
        Assert.Contains("\"InputSpaceFile\"", _tool.Output, StringComparison.Ordinal);
        Assert.Contains($"reach of {space.HeldRows:N0} rows, none of them in a trap: of inputs like these at most 0.", _tool.Output, StringComparison.Ordinal);
        DetectionCalibration start = DetectionCalibration.Load(File.ReadAllBytes(file), "fashion", secret);
        Assert.True(start.Outliers!.IsTrained);
        Assert.Equal(0, start.Callers);

        string log = _tool.At("fashion.log");
        using (DetectionKey key = DetectionKey.Of(secret, "fashion"))
        using (FileStream stream = File.Create(log))
        {
            using DetectionLogWriter writer = new(stream, key, start.Profile.Id, seconds: 0);
            QuerySignals signals = default;
            for (int i = 0; i < 300 * 20; i++)
            {
                signals.Label = i % 10;
                signals.Exact = (ulong)i + 1;
                signals.SimHash = (ulong)i * 0x9E3779B97F4A7C15;
                for (int scalar = 0; scalar < 11; scalar++)
                {
                    signals.Scalars[scalar] = (i * (scalar + 7) % 101) + (i % 300 % 13);
                }

                writer.Write((ulong)(i % 300) + 1, i, in signals);
            }

            writer.Complete();
        }

        string[] calibrate = ["calibrate", "--log", log, "--profile", file, "--out", _tool.Folder, "--secret-env", "TOOL_TEST_SECRET"];
        Assert.Equal(ExitCode.Mistake, await _tool.RunAsync([.. calibrate, "--promise", "0.001"]));
        Assert.Contains("it takes 999 callers", _tool.Error, StringComparison.Ordinal);
        Assert.Equal(0, DetectionCalibration.Load(File.ReadAllBytes(file), "fashion", secret).Callers);
        Assert.Equal(ExitCode.Done, await _tool.RunAsync(calibrate));
        Assert.Contains("Calibrated to 300 honest callers", _tool.Output, StringComparison.Ordinal);
        Assert.Contains("Full: of honest callers at most one in 100 is alarmed in 20 queries; extrapolated", _tool.Output, StringComparison.Ordinal);
        Assert.Contains("always the same: ProjectionDistance", _tool.Output, StringComparison.Ordinal);
        Assert.Contains("A promise is for each epoch of 20 queries: a customer of 5,000 queries lives through 250 of them", _tool.Output, StringComparison.Ordinal);
        Assert.Contains("Callers are not linked by what they ask. Not at 11, 45, 181: too few honest callers", _tool.Output, StringComparison.Ordinal);
        Assert.Contains("\"Postures\": { \"Mode\": \"Observe\" }", _tool.Output, StringComparison.Ordinal);
        Assert.Contains("then change it to Act", _tool.Output, StringComparison.Ordinal);
        Assert.Equal(300, DetectionCalibration.Load(File.ReadAllBytes(file), "fashion", secret).Callers);
        Assert.Equal(ExitCode.Mistake, await _tool.RunAsync("calibrate", "--log", log, "--secret-env", "TOOL_TEST_SECRET"));
        Assert.Contains("--log and --profile go together", _tool.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Callers_of_a_log_that_look_like_attackers_are_listed_and_can_be_left_out()
    {
        (string file, DetectionCalibration start, ShieldSecret secret) = await CalibrateToRowsAsync();
        using ShieldSecret disposed = secret;
        string log = _tool.At("fashion.log");
        Record(log, start, secret, callers: 600, attackers: 60);

        string[] calibrate = ["calibrate", "--log", log, "--profile", file, "--out", _tool.At("out"), "--secret-env", "TOOL_TEST_SECRET"];
        Assert.Equal(ExitCode.Done, await _tool.RunAsync(calibrate));
        string[] listed = [.. _tool.Output.Split('\n').Where(line => line.StartsWith("  00000000000", StringComparison.Ordinal))];
        Assert.Equal(50, listed.Length);
        Assert.All(listed, line => Assert.Contains(" 40 queries  Output: ", line, StringComparison.Ordinal));
        Assert.All(listed, line => Assert.Matches("^  [0-9a-f]{16}  40 queries  (Output|Full): .*(standard deviations|of the last 64)", line));
        Assert.Contains("Review: ", _tool.Output, StringComparison.Ordinal);
        Assert.Contains("Callers are linked by what they ask at 11 queries. Not at 45, 181: too few honest callers", _tool.Output, StringComparison.Ordinal);
        Assert.Contains(" more", _tool.Output, StringComparison.Ordinal);

        string leaveOut = _tool.Write("attackers.txt", string.Join('\n', Enumerable.Range(1, 60).Select(caller => $"{caller:x16}  an attacker")) + "\n\n");
        Assert.Equal(ExitCode.Done, await _tool.RunAsync([.. calibrate, "--leave-out", leaveOut, "--json"]));
        using JsonDocument json = JsonDocument.Parse(_tool.Output);
        Assert.Equal(540, json.RootElement.GetProperty("callers").GetInt32());
        Assert.Equal(60, json.RootElement.GetProperty("leftOut").GetInt32());
        Assert.Equal([11], json.RootElement.GetProperty("linkedAt").EnumerateArray().Select(queries => queries.GetInt32()));
        JsonElement review = json.RootElement.GetProperty("review");
        Assert.Equal(540, review.GetProperty("callers").GetInt32());
        Assert.InRange(review.GetProperty("share").GetDouble(), 0, .2);
        Assert.DoesNotContain(review.GetProperty("listed").EnumerateArray(), caller => Convert.ToUInt64(caller.GetProperty("caller").GetString(), 16) <= 60);

        Assert.Equal(ExitCode.Mistake, await _tool.RunAsync([.. calibrate, "--leave-out", "00000000000000zz"]));
        Assert.Contains("neither 16 hexadecimal digits nor a file", _tool.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Mistake, await _tool.RunAsync([.. calibrate, "--leave-out", "0000000000001000"]));
        Assert.Contains("0000000000001000 is to be left out but is not in the log", _tool.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Mistake, await _tool.RunAsync([.. calibrate, "--leave-out", _tool.Write("wrong.txt", "0000000000000001\nnobody")]));
        Assert.Contains("line 2 does not begin", _tool.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_odometer_curve_of_a_model_is_measured_and_can_be_loaded()
    {
        (string file, _, ShieldSecret secret) = await CalibrateToRowsAsync();
        secret.Dispose();
        string[] curve = ["calibrate", ToolRun.Model, "--benign", ToolRun.Images, "--profile", file, "--out", _tool.Folder, "--secret-env", "TOOL_TEST_SECRET", "--curve"];

        Assert.Equal(ExitCode.Done, await _tool.RunAsync(curve));

        Assert.Contains("1,000 queries  odometer 0.", _tool.Output, StringComparison.Ordinal);
        using FileStream stream = File.OpenRead(_tool.At("fashion.curve"));
        OdometerCurve loaded = OdometerCurve.Load(stream);
        Assert.Equal("fashion", loaded.Model);
        Assert.Equal([50, 100, 250, 500, 1_000], loaded.Points.Select(point => point.Queries));
        Assert.InRange(loaded.Points[^1].Agreement, loaded.Points[0].Agreement + .05, 1);

        Assert.Equal(ExitCode.Mistake, await _tool.RunAsync([.. curve, "--log", file]));
        Assert.Contains("--curve goes with MODEL, --benign and --profile, without --log", _tool.Error, StringComparison.Ordinal);
        string few = _tool.Write("few.csv", string.Join('\n', Enumerable.Range(0, 200).Select(row => string.Join(',', Enumerable.Range(0, 784).Select(place => (row + place) % 7 / 7.0)))));
        Assert.Equal(ExitCode.Mistake, await _tool.RunAsync([.. curve, "--benign", few, "--label-column", "none"]));
        Assert.Contains("--curve needs at least 2,000 benign rows", _tool.Error, StringComparison.Ordinal);
    }

    private async Task<(string File, DetectionCalibration Start, ShieldSecret Secret)> CalibrateToRowsAsync()
    {
        Environment.SetEnvironmentVariable("TOOL_TEST_SECRET", Convert.ToBase64String(new byte[32].Select((_, i) => (byte)i).ToArray()));
        string file = _tool.At("fashion.detection");
        Assert.Equal(ExitCode.Done, await _tool.RunAsync("calibrate", ToolRun.Model, "--benign", ToolRun.Images, "--out", _tool.Folder, "--secret-env", "TOOL_TEST_SECRET"));
        ShieldSecret secret = ShieldSecrets.FromEnvironment("TOOL_TEST_SECRET").GetSecret();
        return (file, DetectionCalibration.Load(File.ReadAllBytes(file), "fashion", secret), secret);
    }

    /// <summary>40 queries of each caller; those of attackers, the first by pseudonym from 1, are nearly the same, and unlike the others.</summary>
    private static void Record(string log, DetectionCalibration start, ShieldSecret secret, int callers, int attackers)
    {
        using DetectionKey key = DetectionKey.Of(secret, "fashion");
        using FileStream stream = File.Create(log);
        using DetectionLogWriter writer = new(stream, key, start.Profile.Id, seconds: 0);
        ulong state = 1;
        for (int i = 0; i < callers * 40; i++)
        {
            int caller = (i % callers) + 1;
            QuerySignals signals = default;
            signals.Label = (int)(Next(ref state) % 10);
            signals.Exact = Next(ref state);
            signals.SimHash = caller <= attackers ? (ulong)caller * 0x9E3779B97F4A7C15 : Next(ref state);
            for (int scalar = 0; scalar < QuerySignals.ScalarCount; scalar++)
            {
                signals.Scalars[scalar] = (Next(ref state) % 1_000 / 500f) - 1 + (caller * (scalar + 3) % 17 / 40f) + (caller <= attackers ? 1.5f : 0);
            }

            writer.Write((ulong)caller, i, in signals);
        }

        writer.Complete();
    }

    /// <summary>SplitMix64 (Steele, Lea and Flood, 2014).</summary>
    private static ulong Next(ref ulong state)
    {
        ulong z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    [Fact]
    public async Task Calibrate_prints_the_lines_for_the_settings()
    {
        Assert.Equal(ExitCode.Done, await _tool.RunAsync("calibrate", ToolRun.Model, "--benign", ToolRun.Images, "--out", _tool.Folder));
        Assert.Contains("\"BandFile\"", _tool.Output, StringComparison.Ordinal);
        Assert.Contains("checksum only", _tool.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bench_gives_a_ratio_of_rounds_in_turns()
    {
        Assert.Equal(ExitCode.Done, await _tool.RunAsync("bench", ToolRun.Model, "--rounds", "3", "--calls", "20", "--json"));
        using JsonDocument json = JsonDocument.Parse(_tool.Output);
        double ratio = json.RootElement.GetProperty("ratio").GetDouble();
        Assert.InRange(ratio, json.RootElement.GetProperty("lowRatio").GetDouble(), json.RootElement.GetProperty("highRatio").GetDouble());
        Assert.True(ratio > 0);
    }

    [Fact]
    public void The_notice_is_shown_once()
    {
        string? silence = Environment.GetEnvironmentVariable(FirstUseNotice.SilenceVariable);
        Environment.SetEnvironmentVariable(FirstUseNotice.SilenceVariable, null);
        try
        {
            using StringWriter first = new();
            using StringWriter second = new();
            using StringWriter unwritable = new();
            FirstUseNotice.Show(first, _tool.Folder);
            FirstUseNotice.Show(second, _tool.Folder);
            FirstUseNotice.Show(unwritable, Path.Combine(_tool.Write("file", ""), "below"));
            Assert.Contains("authorised to test", first.ToString(), StringComparison.Ordinal);
            Assert.Equal("", second.ToString());
            Assert.Equal(first.ToString(), unwritable.ToString());
        }
        finally
        {
            Environment.SetEnvironmentVariable(FirstUseNotice.SilenceVariable, silence);
        }
    }

    [Fact]
    public async Task A_served_model_is_stolen_through_the_open_inference_protocol_and_garbage_is_a_mistake()
    {
        using HttpListener listener = new();
        int port = 20000 + (Environment.ProcessId % 40000);
        listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        listener.Start();
        bool isGarbage = false;
        Task serving = Task.Run(async () =>
        {
            int refusals = 1;
            while (listener.IsListening)
            {
                HttpListenerContext context;
                try
                {
                    context = await listener.GetContextAsync();
                }
                catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }

                string text = context.Request.Url!.AbsolutePath.EndsWith("ready", StringComparison.Ordinal) ? "" : """{"name":"two","inputs":[{"name":"x","datatype":"FP32","shape":[-1,2]}],"outputs":[{"name":"p","datatype":"FP32","shape":[-1,2]}]}""";
                if (context.Request.HttpMethod == "POST")
                {
                    if (refusals-- > 0)
                    {
                        context.Response.StatusCode = 429;
                        context.Response.Headers["Retry-After"] = "0";
                    }

                    using JsonDocument asked = await JsonDocument.ParseAsync(context.Request.InputStream);
                    float[] rows = [.. asked.RootElement.GetProperty("inputs")[0].GetProperty("data").EnumerateArray().Select(value => value.GetSingle())];
                    text = isGarbage ? "<html>" : JsonSerializer.Serialize(new { outputs = new[] { new { name = "p", datatype = "FP32", shape = new[] { rows.Length / 2, 2 }, data = rows.Chunk(2).SelectMany(row => row[0] > row[1] ? [0.9f, 0.1f] : new[] { 0.2f, 0.8f }) } } });
                }

                byte[] bytes = Encoding.UTF8.GetBytes(text);
                await context.Response.OutputStream.WriteAsync(bytes);
                context.Response.Close();
            }
        });
        string data = _tool.Write("a.csv", string.Concat(Enumerable.Range(0, 200).Select(i => $"{i * 37 % 101},{i * 53 % 103}\n")));
        string[] audit = ["audit", $"http://127.0.0.1:{port}/v2/models/two/infer", "--data", data, "--i-am-authorised", "--budget", "100", "--seeds", "1", "--threads", "1", "--out", _tool.At("report"), "--json"];
        Assert.Equal(ExitCode.Done, await _tool.RunAsync(audit));
        using JsonDocument json = JsonDocument.Parse(_tool.Output);
        Assert.Equal("served", json.RootElement.GetProperty("rows")[0].GetProperty("policy").GetString());
        Assert.True(json.RootElement.GetProperty("rows")[0].GetProperty("agreement").GetProperty("mean").GetDouble() > 0.8);
        Assert.Equal(ExitCode.Mistake, await _tool.RunAsync([.. audit, "--fail-if", "l1>0.1"]));
        Assert.Contains("judges a policy", _tool.Error, StringComparison.Ordinal);
        isGarbage = true;
        Assert.Equal(ExitCode.Mistake, await _tool.RunAsync(audit));
        Assert.Contains("JSON", _tool.Error, StringComparison.Ordinal);
        listener.Stop();
        await serving;
    }

}
