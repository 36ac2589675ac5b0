namespace InferenceShield.Tool.Tests;

public sealed class MistakeTests : IDisposable
{
    private readonly ToolRun _tool = new();

    public void Dispose() => _tool.Dispose();

    [Fact]
    public async Task Every_mistake_is_one_line_that_says_what_to_do()
    {
        string empty = _tool.Write("empty.csv", "");
        string garbage = _tool.Write("garbage.onnx", "this is no model, and long enough to be looked at");
        string narrow = _tool.Write("narrow.csv", string.Concat(Enumerable.Repeat("1,2,3\n", 2000)));
        string cut = _tool.Write("cut.idx", [0, 0, 8, 1, 0, 0, 0, 9, 1]);
        string folder = _tool.Write("file", "in the way");
        string policy = _tool.Write("bad.json", "{ \"Hardening\": { \"Decimal\": 1 } }");
        string range = _tool.Write("range.json", "{ \"Hardening\": { \"Decimals\": 9 } }");
        string text = _tool.Write("text.json", "{ nonsense");
        string cell = _tool.Write("cell.json", "{ \"Hardening\": { \"KeyedNoiseBudget\": 0.2, \"NoiseCell\": \"Input\" } }");
        string two = _tool.Write("two.json", "{ \"InferenceShield\": { \"Models\": { \"a\": { \"Shield\": {} }, \"b\": { \"Shield\": {} } } } }");
        string none = _tool.Write("none.json", "[]");
        string models = _tool.Write("models.json", "{ \"InferenceShield\": { \"Defaults\": {}, \"Modles\": { \"fashion\": {} } } }");
        string shield = _tool.Write("shield.json", "{ \"InferenceShield\": { \"Models\": { \"fashion\": { \"Sheild\": {} } } } }");
        string beside = _tool.Write("beside.json", "{ \"Shield\": { \"Hardening\": { \"Decimals\": 1 } }, \"Guarded\": { \"Decimals\": 9 } }");
        string others = _tool.Write("others.json", "{ \"Outputs\": { \"embedding\": { \"Kind\": \"Embedding\" }, \"tokens\": { \"Kind\": \"Logits\" } } }");
        (string[] Arguments, string Expected)[] mistakes =
        [
            (_tool.Audit("--fail-if", "agrement>0.8"), "position 1"),
            (_tool.Audit("--fail-if", "agreement>0.8@5000"), "the audit has: 30, 90"),
            (_tool.Audit("--budget", "5000"), "1900 rows are left for the thief"),
            (_tool.Audit("--budget", "many"), "--budget many"),
            (_tool.Audit("--attacks", "dfme"), "There is no attack 'dfme'"),
            (_tool.Audit("--policies", "nonne"), "There is no policy 'nonne'"),
            (_tool.Audit("--policies", "none,none"), "twice"),
            (_tool.Audit("--seeds", "0"), "--seeds 0"),
            (_tool.Audit("--test", "5"), "at least 20"),
            (_tool.Audit("--out", folder), "Choose another folder with --out"),
            (_tool.Audit("--data", narrow), "3 values"),
            (_tool.Audit("--data", empty), "empty"),
            (_tool.Audit("--data", "nowhere.npy"), "does not exist"),
            (_tool.Audit("--labels", cut), "cut short"),
            (_tool.Audit("--labels", ToolRun.Images), "Were --data and --labels exchanged?"),
            (_tool.Audit("--output", "embedding"), "cannot be audited"),
            (_tool.Audit("--output", "scores"), "It has: logits"),
            (_tool.Audit("--policy", policy), "Decimal is not known"),
            (_tool.Audit("--policy", policy), "misspelt"),
            (_tool.Audit("--policy", range), "Decimals is 9"),
            (_tool.Audit("--policy", text), "no JSON"),
            (_tool.Audit("--policy", cell), "NoiseCell is Input"),
            (_tool.Audit("--policy", two), "--model-name"),
            (_tool.Audit("--policy", none), "no JSON object"),
            (_tool.Audit("--policy", models), "InferenceShield:Modles is not known"),
            (_tool.Audit("--policy", shield), "fashion:Sheild is not known"),
            (_tool.Audit("--policy", beside), "Guarded is not known"),
            (_tool.Audit("--policy", others), "The policy declares embedding, tokens"),
            (_tool.Audit("--policy", _tool.Write("secret.json", "{ \"InferenceShield\": { \"Secret\": { \"File\": \"x\" } } }")), "no options of a shield"),
            (_tool.Audit("--labels", _tool.Write("big.txt", string.Concat(Enumerable.Repeat("2147483647\n", 2000)))), "Labels go up to 2147483647"),
            (_tool.Audit("--scale", "wide"), "--scale wide"),
            (["audit", garbage, "--data", ToolRun.Images], "no ONNX file"),
            (["audit", "nowhere.onnx", "--data", ToolRun.Images], "does not exist"),
            (["audit", ToolRun.Model, "--data", ToolRun.Images, "--fail-if", "accuracy>0.5"], "no labels"),
            (["audit", "http://localhost:1/v2/models/m", "--data", ToolRun.Images], "--i-am-authorised"),
            (["audit", "http://example.org/v2/models/m", "--data", ToolRun.Images, "--i-am-authorised"], "--allow-remote"),
            (["audit", "http://localhost:1/v2/models/m", "--data", ToolRun.Images, "--i-am-authorised"], "cannot be reached"),
            (["audit", "http://localhost:1/v2/models/m", "--data", ToolRun.Images, "--i-am-authorised", "--timeout", "0"], "--timeout 0"),
            (["audit", "http://localhost:1/v2/models/m", "--data", ToolRun.Images, "--i-am-authorised", "--rows-per-call", "0"], "--rows-per-call 0"),
            (["audit", "http://user:hunter2@localhost:1/", "--data", ToolRun.Images, "--i-am-authorised"], "without user, query and fragment"),
            (["audit", "http://localhost:1/v2/models/m?key=hunter2", "--data", ToolRun.Images, "--i-am-authorised"], "without user, query and fragment"),
            (["audit", ToolRun.Model, "--data", ToolRun.Images, "--out", " "], "--out"),
            (_tool.Audit("--threads", "-1"), "--threads -1"),
            (_tool.Audit("--hidden", "2000000000"), "--hidden 2000000000"),
            (["calibrate", ToolRun.Model, "--benign", narrow], "3 values"),
            (["calibrate", ToolRun.Model, "--benign", ToolRun.Images, "--edges", "2"], "between 0 and 1"),
            (["calibrate", ToolRun.Model, "--benign", ToolRun.Images, "--out", folder], "Choose another folder with --out"),
            (["calibrate", ToolRun.Model, "--benign", ToolRun.Images, "--secret-env", "NO_SUCH_VARIABLE"], "NO_SUCH_VARIABLE"),
            (["inspect", garbage], "no ONNX file"),
            (["bench", ToolRun.Model, "--rounds", "0"], "--rounds"),
        ];
        foreach ((string[] arguments, string expected) in mistakes)
        {
            int code = await _tool.RunAsync(arguments);
            string all = string.Join(' ', arguments) + "\n" + _tool.Error;
            Assert.True(code == ExitCode.Mistake, all);
            Assert.True(_tool.Error.Contains(expected, StringComparison.Ordinal), $"expected '{expected}': {all}");
            Assert.False(_tool.Error.Contains("(Parameter", StringComparison.Ordinal), all);
            Assert.True(_tool.Error.Trim().Split('\n').Length == 1, all);
            Assert.DoesNotContain("hunter2", _tool.Error, StringComparison.Ordinal);
            Assert.Equal("", _tool.Output);
        }
    }

    [Fact]
    public async Task An_unknown_option_is_a_mistake_too()
    {
        Assert.Equal(ExitCode.Mistake, await _tool.RunAsync("audit", ToolRun.Model, "--date", "x"));
        Assert.Contains("--date", _tool.Error, StringComparison.Ordinal);
        Assert.Contains("See inference-shield audit --help", _tool.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Usage:", _tool.Output + _tool.Error, StringComparison.Ordinal);
    }
}
