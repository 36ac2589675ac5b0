using System.Text;
using System.Text.Json;
using InferenceShield.Lab;
using InferenceShield.Lab.Tests;

namespace InferenceShield.Tool.Tests;

public sealed class CommitTests : IDisposable
{
    private const string Variable = "INFERENCE_SHIELD_COMMIT_TEST";

    private readonly ToolRun _tool = new();
    private readonly string _policy;

    public CommitTests()
    {
        Environment.SetEnvironmentVariable(Variable, Convert.ToBase64String(Enumerable.Range(1, 32).Select(number => (byte)number).ToArray()));
        Environment.SetEnvironmentVariable(Variable + "_2", Convert.ToBase64String(Enumerable.Range(2, 32).Select(number => (byte)number).ToArray()));
        _policy = _tool.Write("policy.json", """{ "Outputs": { "logits": { "Kind": "Logits", "Classes": 10 } }, "Hardening": { "Watermark": { "NearTie": { "Margin": 0.15 } } } }""");
    }

    public void Dispose() => _tool.Dispose();

    [Fact]
    public async Task A_commitment_is_made_stamped_checked_and_opened()
    {
        Assert.True(await _tool.RunAsync(Commit()) == ExitCode.Done, _tool.Error);
        OwnershipCommitment commitment = OwnershipCommitment.Load(_tool.At("claim.commitment"));
        Assert.Equal("fashion", commitment.Model);
        Assert.Equal([0.15, 0.2, 0.2], commitment.Marks.Select(marks => marks.Watermark.NearTie!.Margin!.Value));
        Assert.Contains(commitment.Id, _tool.Output, StringComparison.Ordinal);
        using TestAuthority authority = new();
        byte[] answer = authority.Answer(await File.ReadAllBytesAsync(_tool.At("claim.tsq")), commitment.Time.AddMinutes(1));
        string root = _tool.Write("root.pem", authority.Root.ExportCertificatePem());
        string file = _tool.At("claim.commitment");
        Assert.True(await _tool.RunAsync("commit", "--check", file, "--attach", _tool.Write("answer.tsr", answer), "--tsa-root", root) == ExitCode.Done, _tool.Error);
        Assert.Contains("chain valid to CN=Test root", _tool.Output, StringComparison.Ordinal);
        Assert.Equal(answer, await File.ReadAllBytesAsync(_tool.At("claim.tsr")));
        Assert.Equal(ExitCode.Done, await _tool.RunAsync("commit", "--check", file, "--secret-env", Variable));
        Assert.Contains("chain not checked", _tool.Output, StringComparison.Ordinal);
        Assert.Contains("by this secret", _tool.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Done, await _tool.RunAsync("commit", "--check", file, "--json"));
        using JsonDocument json = JsonDocument.Parse(_tool.Output);
        Assert.Equal(commitment.Id, json.RootElement.GetProperty("id").GetString());
        Assert.Equal("CN=Test authority", json.RootElement.GetProperty("timestamp").GetProperty("authority").GetString());
    }

    [Fact]
    public async Task A_mark_that_is_written_with_its_defaults_is_committed_to()
    {
        string policy = _tool.Write("defaults.json", """{ "Outputs": { "logits": { "Kind": "Logits", "Classes": 10 } }, "Hardening": { "Watermark": { "NearTie": {} } }, "Restricted": { "Watermark": {} } }""");
        Assert.True(await _tool.RunAsync(Commit("--policy", policy)) == ExitCode.Done, _tool.Error);
        CommittedMarks[] marks = [.. OwnershipCommitment.Load(_tool.At("claim.commitment")).Marks];
        Assert.Equal([Posture.Normal, Posture.Guarded], marks.Where(one => one.Watermark.NearTie is not null).Select(one => one.Posture));
    }

    [Theory]
    [InlineData(""" "Margin": 2 """, "Margin")]
    [InlineData(""" "Keying": "ExactInptu" """, "Keying")]
    [InlineData(""" "Margn": 0.2 """, "Margn")]
    public async Task Marks_that_no_shield_would_start_with_are_not_committed_to(string mark, string key)
    {
        string policy = _tool.Write("faulty.json", """{ "Outputs": { "logits": { "Kind": "Logits", "Classes": 10 } }, "Hardening": { "Watermark": { "NearTie": {""" + mark + "} } } }");
        Assert.Equal(ExitCode.Mistake, await _tool.RunAsync(Commit("--policy", policy)));
        Assert.Contains(key, _tool.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_tool.At("claim.commitment")));

        Assert.Equal(ExitCode.Mistake, await _tool.RunAsync("verify", "--plan", "--model", ToolRun.Model, "--queries", ToolRun.Images, "--policy", policy, "--secret-env", Variable));
        Assert.Contains("so no answer carries them", _tool.Error, StringComparison.Ordinal);
        Assert.Contains(key, _tool.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_mistake_is_one_line_that_says_what_to_do()
    {
        Assert.Equal(ExitCode.Done, await _tool.RunAsync(Commit()));
        string file = _tool.At("claim.commitment");
        string text = await File.ReadAllTextAsync(file);
        string altered = _tool.Write("altered.commitment", text.Replace("0.15", "0.25", StringComparison.Ordinal));
        string bare = _tool.Write("bare.json", """{ "Outputs": { "logits": { "Kind": "Logits" } } }""");
        using TestAuthority authority = new();
        byte[] answer = authority.Answer(await File.ReadAllBytesAsync(_tool.At("claim.tsq")), DateTimeOffset.UnixEpoch.AddYears(57));
        answer[^1] ^= 1;
        (string[] Arguments, string Expected)[] mistakes =
        [
            (Commit(), "is there already"),
            (["commit"], "Give the model"),
            (["commit", ToolRun.Model], "--policy"),
            (Commit("--policy", bare, "--out", _tool.At("b")), "sets no marks"),
            (Commit("--secret-env", "NO_SUCH_VARIABLE", "--out", _tool.At("b")), "NO_SUCH_VARIABLE"),
            (Commit("--signing-key", _policy, "--out", _tool.At("b")), "no private ECDSA key"),
            (Commit("--days", "0", "--out", _tool.At("b")), "--days"),
            (Commit("--check", file), "leave the model out"),
            (["commit", "--check", altered], "altered after it was signed"),
            (["commit", "--check", _policy], "no commitment"),
            (["commit", "--check", file, "--secret-env", Variable + "_2"], "does not open"),
            (["commit", "--check", file, "--tsa-root", _policy], "no timestamp to check"),
            (["commit", "--check", file, "--attach", _policy], "no answer of RFC 3161"),
            (["commit", "--check", file, "--attach", _tool.Write("answer.tsr", answer)], "signature"),
        ];
        foreach ((string[] arguments, string expected) in mistakes)
        {
            int code = await _tool.RunAsync(arguments);
            string all = string.Join(' ', arguments) + "\n" + _tool.Error;
            Assert.True(code == ExitCode.Mistake, all);
            Assert.True(_tool.Error.Contains(expected, StringComparison.Ordinal), $"expected '{expected}': {all}");
            Assert.True(_tool.Error.Trim().Split('\n').Length == 1, all);
        }

        Assert.False(File.Exists(_tool.At("b.commitment")) || File.Exists(_tool.At("b.opening")) || File.Exists(_tool.At("claim.tsr")));
    }

    [Fact]
    public async Task Nothing_that_is_printed_or_written_holds_the_secret()
    {
        Assert.Equal(ExitCode.Done, await _tool.RunAsync(Commit()));
        string secret = Environment.GetEnvironmentVariable(Variable)!;
        string all = _tool.Output + _tool.Error + string.Concat(Directory.GetFiles(_tool.Folder).Select(file => Encoding.Latin1.GetString(File.ReadAllBytes(file))));
        Assert.DoesNotContain(secret, all, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToHexStringLower(Convert.FromBase64String(secret)), all, StringComparison.OrdinalIgnoreCase);
    }

    private string[] Commit(params string[] more) => ToolRun.LastOfEach(
    [
        "commit", ToolRun.Model, "--policy", _policy, "--secret-env", Variable, "--signing-key", _tool.At("signing.pem"), "--out", _tool.At("claim"), .. more,
    ]);
}
