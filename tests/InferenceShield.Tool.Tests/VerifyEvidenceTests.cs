using System.Text.Json;
using InferenceShield.Lab;

namespace InferenceShield.Tool.Tests;

/// <summary>verify with a list of marked queries that keeps digests only, and the operator's own log.</summary>
public sealed class VerifyEvidenceTests : IDisposable
{
    private const string Variable = "INFERENCE_SHIELD_VERIFY_EVIDENCE_TEST";

    private readonly ToolRun _tool = new();
    private readonly string _policy;

    public VerifyEvidenceTests()
    {
        Environment.SetEnvironmentVariable(Variable, Convert.ToBase64String(Enumerable.Range(1, 32).Select(number => (byte)number).ToArray()));
        _policy = _tool.Write("policy.json", """{ "Outputs": { "logits": { "Kind": "Logits", "Classes": 10 } }, "Hardening": { "Watermark": { "NearTie": { "Margin": 0.2, "Keying": "ExactInput" } } } }""");
    }

    public void Dispose() => _tool.Dispose();

    [Fact]
    public async Task Marked_queries_are_found_in_the_log_and_told_by_caller()
    {
        (string list, int alice, int bob) = WriteList(keepInputs: false);
        Assert.True(alice > 0 && bob > alice);
        Assert.True(await _tool.RunAsync(Verify(list, "--queries", ToolRun.Images, "--json")) == ExitCode.Done, _tool.Error);
        using JsonDocument json = JsonDocument.Parse(_tool.Output);
        JsonElement report = json.RootElement[0];
        Assert.Equal([bob, alice], report.GetProperty("callers").EnumerateArray().Select(caller => caller.GetProperty("queries").GetInt32()));
        Assert.Contains($"Of {alice + bob} marked queries in posture Normal in the list, the inputs of {alice + bob} are known: 0 are kept by it, and {alice + bob} were found", report.GetProperty("notes")[0].GetString(), StringComparison.Ordinal);
        Assert.InRange(report.GetProperty("queries").GetInt32(), bob + 20, bob + 200); // and rows without a mark, to compare classes by
        Assert.Contains("Classes are taken in order: the suspect agrees on 100.0 %", report.GetProperty("notes").ToString(), StringComparison.Ordinal);
        Assert.Equal(bob, report.GetProperty("tests")[0].GetProperty("answers").GetInt32()); // bob asked all that alice did: the same row is asked once
        string pseudonym = report.GetProperty("callers")[1].GetProperty("caller").GetString()!;
        string page = await File.ReadAllTextAsync(_tool.At("verification/verification.html"));
        Assert.Contains($"<th scope=\"row\">{pseudonym}</th><td>{alice}</td>", page, StringComparison.Ordinal);
        Assert.Contains("Having asked is not having copied", page, StringComparison.Ordinal);

        foreach (string caller in (string[])["alice", pseudonym])
        {
            Assert.True(await _tool.RunAsync(Verify(list, "--queries", ToolRun.Images, "--caller", caller)) == ExitCode.Done, _tool.Error);
            Assert.Contains($"- {pseudonym}: {alice} marked queries", _tool.Output, StringComparison.Ordinal);
            Assert.Contains("Having asked is not having copied", _tool.Output, StringComparison.Ordinal);
            Assert.Contains($"Of {alice} marked queries of caller {caller} in posture Normal", _tool.Output, StringComparison.Ordinal);
            Assert.DoesNotContain($": {bob} marked queries", _tool.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Inputs_that_the_list_keeps_need_no_log()
    {
        (string list, int alice, int bob) = WriteList(keepInputs: true);
        Assert.True(await _tool.RunAsync(Verify(list, "--plan")) == ExitCode.Done, _tool.Error);
        Assert.Contains($"{bob} queries are at hand", _tool.Output, StringComparison.Ordinal);
        Assert.Contains($"{alice + bob} are kept by it, and 0 were found", _tool.Output, StringComparison.Ordinal);
        Assert.Contains($"in posture Normal, that of {alice + bob} of {alice + bob} rows in the list. Callers in another posture", _tool.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Missing in the list", _tool.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("only show which class", _tool.Output, StringComparison.Ordinal);
        Assert.True(await _tool.RunAsync(Verify(list, "--plan", "--queries", ToolRun.Images)) == ExitCode.Done, _tool.Error);
        Assert.Contains("would be asked, with rows that only show which class is which.", _tool.Output, StringComparison.Ordinal);

        string segment = list + ".000001";
        byte[] whole = await File.ReadAllBytesAsync(segment);
        await File.WriteAllBytesAsync(segment, whole[..^1]);
        Assert.True(await _tool.RunAsync(Verify(list, "--plan")) == ExitCode.Done, _tool.Error);
        Assert.Contains("Missing in the list: ", _tool.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_posture_of_most_rows_is_tested_and_named()
    {
        (string list, int alice, int bob) = WriteList(keepInputs: true, isBobGuarded: true);
        Assert.True(await _tool.RunAsync(Verify(list, "--plan")) == ExitCode.Done, _tool.Error);
        Assert.Contains($"in posture Guarded, that of {bob} of {alice + bob} rows in the list", _tool.Output, StringComparison.Ordinal);
        Assert.True(await _tool.RunAsync(Verify(list, "--plan", "--caller", "alice")) == ExitCode.Done, _tool.Error);
        Assert.Contains($"in posture Normal, that of {alice} of {alice} rows of this caller in the list", _tool.Output, StringComparison.Ordinal);
        Assert.True(await _tool.RunAsync(Verify(list, "--plan", "--posture", "Normal")) == ExitCode.Done, _tool.Error);
        Assert.Contains("in posture Normal, as --posture says", _tool.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_found_is_a_mistake_that_says_what_to_do()
    {
        (string list, int alice, int bob) = WriteList(keepInputs: false);
        string other = _tool.Write("other.csv", string.Join(',', Enumerable.Repeat("0.25", 784)) + "\n" + string.Join(',', Enumerable.Repeat("0.75", 784)) + "\n");
        (string[] Arguments, string Expected)[] mistakes =
        [
            (Verify(list), $"keeps keyed digests only of {alice + bob} marked queries in posture Normal"),
            (Verify(list, "--queries", other), $"None of the 2 rows of --queries is among the {alice + bob} marked queries"),
            (Verify(list, "--queries", ToolRun.Images, "--posture", "Guarded"), $"has no marked queries in posture Guarded ({alice + bob} in all; {alice + bob} in Normal)"),
            (Verify(list, "--queries", ToolRun.Images, "--caller", "mallory"), "--caller mallory: no query in the list"),
            (["verify", ToolRun.Model, "--model", ToolRun.Model, "--queries", ToolRun.Images, "--caller", "alice", "--policy", _policy, "--secret-env", Variable], "give --evidence"),
        ];
        foreach ((string[] arguments, string expected) in mistakes)
        {
            Assert.True(await _tool.RunAsync(arguments) == ExitCode.Mistake, string.Join(' ', arguments) + "\n" + _tool.Error);
            Assert.Contains(expected, _tool.Error, StringComparison.Ordinal);
            Assert.Single(_tool.Error.Trim().Split('\n'));
        }
    }

    private string[] Verify(string list, params string[] more) =>
    [
        "verify", ToolRun.Model, "--model", ToolRun.Model, "--evidence", list, "--policy", _policy, "--secret-env", Variable, "--random-keys", "300",
        "--out", _tool.At("verification"), .. more,
    ];

    /// <summary>All committed images, asked by bob; every third of them by alice, too.</summary>
    private (string List, int Alice, int Bob) WriteList(bool keepInputs, bool isBobGuarded = false)
    {
        string list = _tool.At("fashion.evidence");
        Dataset rows = DataFile.Read(ToolRun.Images, null, "none", "auto");
        using OnnxClassifier target = new(ToolRun.Model, "logits");
        using Shield shield = MarkedShield.Open(Variable, list, keepInputs);
        if (isBobGuarded)
        {
            shield.Admit(shield.IdentifyCaller("bob"), [], 1); // a caller is known from its first query on
            Assert.True(shield.SetPosture(shield.IdentifyCaller("bob"), Posture.Guarded));
        }

        float[] scores = new float[10];
        int[] marked = new int[2];
        for (int row = 0; row < rows.Count; row++)
        {
            target.Classify(rows.GetRow(row), scores); // probabilities; their logarithms are logits of the same
            for (int i = 0; i < scores.Length; i++)
            {
                scores[i] = MathF.Log(MathF.Max(scores[i], 1e-30f));
            }

            bool isMarked = NearTieMark.TryFind(OutputKind.Logits, scores, 0.2, out _);
            foreach (int caller in row % 3 == 0 ? (int[])[0, 1] : [1])
            {
                Admission admission = shield.Admit(shield.IdentifyCaller(caller == 0 ? "alice" : "bob"), [], 1);
                shield.Harden(in admission, rows.GetRow(row), scores, new float[10], classes: 10);
                marked[caller] += isMarked ? 1 : 0;
            }
        }

        return (list, marked[0], marked[1]);
    }
}
