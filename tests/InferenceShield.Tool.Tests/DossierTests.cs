using System.Text;
using System.Text.Json;

namespace InferenceShield.Tool.Tests;

public sealed class DossierTests : IDisposable
{
    private const string Variable = "INFERENCE_SHIELD_DOSSIER_TEST";

    private readonly ToolRun _tool = new();

    public DossierTests() => Environment.SetEnvironmentVariable(Variable, Convert.ToBase64String(Enumerable.Range(5, 32).Select(number => (byte)number).ToArray()));

    public void Dispose() => _tool.Dispose();

    [Fact]
    public async Task From_commitment_to_dossier_and_its_check()
    {
        await Verified();
        Assert.True(await _tool.RunAsync(Dossier()) == ExitCode.Done, _tool.Error);
        Assert.Contains("no timestamp", _tool.Output, StringComparison.Ordinal);
        string file = _tool.At("claim.zip");
        Assert.True(await _tool.RunAsync("dossier", "check", file) == ExitCode.Done, _tool.Output + _tool.Error);
        Assert.Contains("recomputed from what is recorded, and the same", _tool.Output, StringComparison.Ordinal);
        Assert.Contains("not checked  key", _tool.Output, StringComparison.Ordinal);
        Assert.Contains("holds        page", _tool.Output, StringComparison.Ordinal);
        Assert.Equal(
            "Nothing that was checked fails. Missing: a timestamp (only the claimant says when the commitment was made); the list of marked queries; a stamped digest of the list of marked queries (queries could have been chosen); the mark key; the model and the queries. What was not checked is as the claimant says.",
            _tool.Output.TrimEnd().Split('\n')[^1].TrimEnd());
        Assert.True(await _tool.RunAsync("dossier", "check", file, "--secret-env", Variable, "--json") == ExitCode.Done, _tool.Output + _tool.Error);
        using JsonDocument json = JsonDocument.Parse(_tool.Output);
        Assert.True(json.RootElement.GetProperty("holds").GetBoolean());
        Assert.Contains(json.RootElement.GetProperty("findings").EnumerateArray(), finding => finding.GetProperty("part").GetString() == "bits" && finding.GetProperty("kind").GetString() == "Holds");
        Assert.Equal(ExitCode.Tripped, await _tool.RunAsync("dossier", "check", file, "--mark-key", _tool.Write("other.key", new string('a', 64))));
        Assert.Contains("FAILS", _tool.Output, StringComparison.Ordinal);

        byte[] archive = await File.ReadAllBytesAsync(file);
        archive[archive.Length / 3] ^= 1;
        string report = _tool.At(Path.Combine("report", "verification.json"));
        (string[] Arguments, string Expected)[] mistakes =
        [
            (Dossier(), "is there already"),
            (["dossier"], "--out"),
            (["dossier", "--out", _tool.At("b.zip")], "--commitment"),
            (Dossier("--report", _tool.At("claim.commitment"), "--out", _tool.At("b.zip")), "none of 'verify'"),
            (Dossier("--opening", _tool.At("claim.commitment"), "--out", _tool.At("b.zip")), "claim.commitment' has no version"),
            (Dossier("--evidence", _tool.At("nothing"), "--out", _tool.At("b.zip")), "no list of marked queries"),
            (Dossier("--report", Other(report), "--out", _tool.At("b.zip")), "without a commitment"),
            (["dossier", "check", _tool.Write("altered.zip", archive)], "altered.zip"),
            (["dossier", "check", _tool.Write("none.zip", "nothing")], "no zip archive"),
            (["dossier", "check", file, "--mark-key", file], "no mark key"),
        ];
        foreach ((string[] arguments, string expected) in mistakes)
        {
            int code = await _tool.RunAsync(arguments);
            string all = string.Join(' ', arguments) + "\n" + _tool.Error;
            Assert.True(code == ExitCode.Mistake, all);
            Assert.True(all.Contains(expected, StringComparison.Ordinal), $"expected '{expected}': {all}");
            Assert.True(_tool.Error.Trim().Split('\n').Length == 1, all);
        }

        Assert.False(File.Exists(_tool.At("b.zip")));
    }

    /// <summary>The report as one that was made without a commitment, with its record beside it.</summary>
    private string Other(string report)
    {
        Directory.CreateDirectory(_tool.At("other"));
        string text = File.ReadAllText(report);
        using JsonDocument json = JsonDocument.Parse(text);
        string id = json.RootElement[0].GetProperty("commitment").GetString()!;
        File.Copy(_tool.At(Path.Combine("report", "record.json")), _tool.At(Path.Combine("other", "record.json")));
        return _tool.Write(Path.Combine("other", "verification.json"), Encoding.UTF8.GetBytes(text.Replace(id, "", StringComparison.Ordinal)));
    }

    private async Task Verified()
    {
        string policy = _tool.Write("policy.json", """{ "Outputs": { "logits": { "Kind": "Logits", "Classes": 10 } }, "Hardening": { "Watermark": { "NearTie": { "Margin": 0.2 } } } }""");
        Assert.True(await _tool.RunAsync("commit", ToolRun.Model, "--policy", policy, "--secret-env", Variable, "--signing-key", _tool.At("signing.pem"), "--out", _tool.At("claim")) == ExitCode.Done, _tool.Error);
        Assert.True(
            await _tool.RunAsync("verify", ToolRun.Model, "--model", ToolRun.Model, "--queries", ToolRun.Images, "--secret-env", Variable, "--commitment", _tool.At("claim.commitment"), "--out", _tool.At("report")) == ExitCode.Done,
            _tool.Error);
    }

    private string[] Dossier(params string[] more) => ToolRun.LastOfEach(
    [
        "dossier", "--commitment", _tool.At("claim.commitment"), "--opening", _tool.At("claim.opening"), "--report", _tool.At(Path.Combine("report", "verification.json")),
        "--signing-key", _tool.At("signing.pem"), "--out", _tool.At("claim.zip"), .. more,
    ]);
}
