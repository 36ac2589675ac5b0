using System.Text.Json;
using InferenceShield.Lab;
using InferenceShield.Lab.Tests;

namespace InferenceShield.Tool.Tests;

/// <summary>From a list of marked queries to its stamped digest, to a verification that is bound to it, and to a dossier.</summary>
public sealed class EvidenceDigestTests : IDisposable
{
    private const string Variable = "INFERENCE_SHIELD_EVIDENCE_DIGEST_TEST";
    private static readonly DateTimeOffset s_stamped = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    private readonly ToolRun _tool = new();
    private readonly TestAuthority _authority = new();
    private readonly string _policy;
    private readonly string _root;

    public EvidenceDigestTests()
    {
        Environment.SetEnvironmentVariable(Variable, Convert.ToBase64String(Enumerable.Range(1, 32).Select(number => (byte)number).ToArray()));
        _policy = _tool.Write("policy.json", """{ "Outputs": { "logits": { "Kind": "Logits", "Classes": 10 } }, "Hardening": { "Watermark": { "NearTie": { "Margin": 0.2, "Keying": "ExactInput" } } } }""");
        _root = _tool.Write("root.pem", _authority.Root.ExportCertificatePem());
    }

    private string List => _tool.At("fashion.evidence");

    private string Digest => _tool.At("day.digest");

    public void Dispose()
    {
        _tool.Dispose();
        _authority.Dispose();
    }

    [Fact]
    public async Task From_a_stamped_digest_to_a_dossier_that_says_what_it_is_bound_to()
    {
        int asked = Write(["alice", "bob"], keepInputs: true);
        await CommitAndStamp(s_stamped);
        Assert.True(await _tool.RunAsync("evidence", List, "--secret-env", Variable, "--check", Digest, "--tsa-root", _root) == ExitCode.Done, _tool.Error);
        Assert.Contains($"{2 * asked} marked queries, of which 0 are gone", _tool.Output, StringComparison.Ordinal);
        Assert.Contains("chain valid to CN=Test root", _tool.Output, StringComparison.Ordinal);

        Write(["carol"], keepInputs: true); // after the stamp, and so none of what is asked
        Assert.True(await _tool.RunAsync("evidence", List, "--secret-env", Variable, "--check", Digest, "--json") == ExitCode.Done, _tool.Error);
        using (JsonDocument check = JsonDocument.Parse(_tool.Output))
        {
            Assert.Equal((2 * asked, asked), (check.RootElement.GetProperty("entries").GetInt32(), check.RootElement.GetProperty("later").GetInt32()));
        }

        JsonElement report = await Verify("--digest", Digest, "--tsa-root", _root, "--suspect-since", "2026-02-01");
        Assert.Contains("bound to a list stamped at 2026-01-31T12:00:00Z by CN=Test authority. The suspect is known since 2026-02-01T00:00:00Z", report.GetProperty("words").GetString(), StringComparison.Ordinal);
        Assert.Contains($"Of {2 * asked} marked queries", report.GetProperty("notes")[0].GetString(), StringComparison.Ordinal);
        Assert.Equal((2 * asked, 0, 0, 1), Counts(report));
        Assert.Equal(2, report.GetProperty("callers").GetArrayLength());

        Assert.True(await _tool.RunAsync(Dossier("--digest", Digest)) == ExitCode.Done, _tool.Error);
        Assert.True(await _tool.RunAsync("dossier", "check", _tool.At("claim.zip"), "--tsa-root", _root) == ExitCode.Done, _tool.Output + _tool.Error);
        Assert.Contains("binding: Queries are bound to a list stamped at 2026-01-31T12:00:00Z", _tool.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Mistake, await _tool.RunAsync(Dossier("--out", _tool.At("b.zip"))));
        Assert.Contains("bound to the evidence digest", _tool.Error, StringComparison.Ordinal);
        File.Delete(_tool.At("day.tsq"));
        Assert.Equal(ExitCode.Mistake, await _tool.RunAsync(Dossier("--digest", Digest, "--out", _tool.At("b.zip"))));
        Assert.Contains("day.tsq'. It is the request", _tool.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_an_accuser_could_choose_is_counted()
    {
        int asked = Write(["alice", "bob"], keepInputs: true);
        await CommitAndStamp(s_stamped);
        Assert.Equal((2 * asked, 0, 0, 3), Counts(await Verify("--digest", Digest, "--caller", "bob"))); // one of two callers, or all
        Assert.Equal((2 * asked, 0, 0, 3), Counts(await Verify("--digest", Digest, "--posture", "Normal"))); // one of three marked postures
        Assert.Equal((2 * asked, 0, 0, asked), Counts(await Verify("--digest", Digest, "--max-queries", "40")));
        Assert.Equal((2 * asked, 0, 0, 2), Counts(await Verify("--digest", Digest, "--label-only")));
        Assert.Equal((2 * asked, 0, 0, 4), Counts(await Verify("--digest", Digest, "--label-only", "--random-keys", "100000")));
        Assert.Equal((2 * asked, 0, 0, Enum.GetValues<OutputKind>().Length), Counts(await Verify("--digest", Digest, "--kind", "Probabilities")));
        Assert.False((await Verify()).TryGetProperty("binding", out _));

        Assert.Equal(ExitCode.Done, await _tool.RunAsync(Commit("second")));
        JsonElement declared = await Verify("--digest", Digest, "--other-commitment", _tool.At("second.commitment"));
        Assert.Equal(OwnershipCommitment.Load(_tool.At("second.commitment")).Id, Assert.Single(declared.GetProperty("otherCommitments").EnumerateArray()).GetString());
        Assert.Contains("Times 2: 2 keys were declared", declared.GetProperty("combination").GetString(), StringComparison.Ordinal);

        // Erasing stays possible, and is told.
        Assert.Equal(ExitCode.Done, await _tool.RunAsync("evidence", List, "--secret-env", Variable, "--erase", "alice"));
        JsonElement erased = await Verify("--digest", Digest);
        Assert.Equal((2 * asked, asked, 0, 1), Counts(erased));
        Assert.Contains($"Of its {2 * asked} marked queries {asked} are left out", erased.GetProperty("words").GetString(), StringComparison.Ordinal);
    }

    [Fact] // a test that needs the input space is then left out
    public void An_input_space_that_is_left_out_is_counted_where_a_mark_needs_it()
    {
        VerifyRequest request = new([], ToolRun.Model);
        CommittedMarks none = new("logits", OutputKind.Logits, Posture.Normal, new WatermarkOptions { NearTie = new() });
        CommittedMarks cosine = none with { Watermark = new WatermarkOptions { NearTie = new(), Cosine = new() } };
        Assert.Equal([1L, 1L, 2L], new[] { VerifyInputs.CountChoices(request, none, leavesSpaceOut: true), VerifyInputs.CountChoices(request, cosine, leavesSpaceOut: false), VerifyInputs.CountChoices(request, cosine, leavesSpaceOut: true) });
    }

    [Fact]
    public async Task A_log_that_lacks_rows_is_told()
    {
        int asked = Write(["alice"], keepInputs: false);
        await CommitAndStamp(s_stamped);
        Assert.Equal((asked, 0, 0, 1), Counts(await Verify("--digest", Digest, "--queries", ToolRun.Images)));
        Dataset rows = DataFile.Read(ToolRun.Images, null, "none", "auto");
        string half = _tool.Write("half.csv", string.Concat(Enumerable.Range(0, rows.Count / 2).Select(row => string.Join(',', rows.GetRow(row).ToArray().Select(value => value.ToString("R", System.Globalization.CultureInfo.InvariantCulture))) + "\n")));
        JsonElement report = await Verify("--digest", Digest, "--queries", half, "--scale", "none");
        int unknown = report.GetProperty("binding").GetProperty("unknown").GetInt32();
        Assert.InRange(unknown, 1, asked - 1);
        Assert.Contains($"Of its {asked} marked queries {unknown} are left out", report.GetProperty("words").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mistakes_and_attacks_are_one_line()
    {
        Write(["alice"], keepInputs: true);
        await CommitAndStamp(s_stamped);
        string other = _tool.At("other.evidence");
        Write(["alice"], keepInputs: true, list: other);
        Assert.Equal(ExitCode.Done, await _tool.RunAsync("evidence", other, "--secret-env", Variable, "--model-name", "fashion", "--digest", _tool.At("other.digest")));
        File.Copy(_tool.At("day.tsq"), _tool.At("moved.tsq"));
        File.Copy(_tool.At("day.tsr"), _tool.At("moved.tsr"));
        File.Copy(_tool.At("other.digest"), _tool.At("moved.digest")); // another digest under the same stamp
        File.Copy(Digest, _tool.At("bare.digest"));
        File.Copy(_tool.At("day.tsr"), _tool.At("bare.tsr")); // a stamp without its request
        string cut = _tool.At("cut.evidence.000001");
        byte[] whole = await File.ReadAllBytesAsync(List + ".000001");
        await File.WriteAllBytesAsync(cut, whole[..(whole.Length / 2)]);
        string[] evidence = ["evidence", List, "--secret-env", Variable];
        (string[] Arguments, string Expected)[] mistakes =
        [
            ([.. evidence, "--digest", Digest], "is there already"),
            ([.. evidence, "--digest", _tool.At("b.tsq")], "Call the digest NAME.digest"),
            ([.. evidence, "--digest", _tool.At("b.digest"), "--check", Digest], "one at a time"),
            ([.. evidence, "--tsa-root", _root], "--tsa-root is for --check"),
            ([.. evidence, "--check", _tool.At("other.digest")], "None of the digest's segments"),
            ([.. evidence, "--check", _tool.At("other.digest"), "--tsa-root", _root], "no timestamp to check"),
            ([.. evidence, "--check", _policy], "no digest"),
            ([.. evidence, "--check", _tool.At("claim.commitment")], "claim.commitment' is a commitment to marks, and no digest of a list"),
            ([.. evidence, "--check", _tool.At("none.digest")], "none.digest'. Give NAME.digest, which 'evidence --digest' wrote"),
            ([.. evidence, "--check", _tool.At("bare.digest")], "bare.tsq'. It is the request that was written with what is stamped"),
            ([.. evidence, "--digest", _tool.At("claim.digest")], "claim.tsq' is there already and is not written over: it is the request that was written with a commitment or a digest of this name"),
            ([.. evidence, "--digest", _tool.At(Path.Combine("nowhere", "b.digest"))], "Make it, or choose another name"),
            (Arguments("--digest", _tool.At("none.digest")), "Give NAME.digest"),
            (Arguments("--digest", _tool.At("other.digest"), "--suspect-since", "2026-02-01"), "which has none. Keep the authority's answer beside it"),
            (Dossier("--out", _tool.At(Path.Combine("nowhere", "b.zip"))), "Make it, or choose another name"),
            ([.. evidence, "--check", _tool.At("moved.digest")], "not for the evidence digest"),
            (Arguments("--digest", Digest, "--suspect-since", "2026-01-31"), "stamped at 2026-01-31T12:00:00Z, and the suspect is known since 2026-01-31T00:00:00Z"),
            (Arguments("--digest", Digest, "--suspect-since", "yesterday"), "--suspect-since yesterday"),
            (Arguments("--digest", _tool.At("other.digest")), "None of the digest's segments"),
            (Arguments("--digest", _tool.At("moved.digest")), "not for the evidence digest"),
            (Arguments("--digest", Digest, "--evidence", _tool.At("cut.evidence")), "cut.evidence.000001' was cut"),
            (Arguments("--digest", Digest, "--fingerprint", "--control-data", ToolRun.Images), "leave --fingerprint"),
            (Arguments("--digest", Digest, "--random-keys", "20001"), "random keys and the expected match are fixed"),
            (Arguments("--digest", Digest, "--match", ".9"), "random keys and the expected match are fixed"),
            (Arguments("--suspect-since", "2026-01-31"), "give --digest"),
            (Arguments("--other-commitment", _tool.At("claim.commitment")), "given twice"),
            (Arguments("--other-commitment", _policy), "no commitment"),
        ];
        foreach ((string[] arguments, string expected) in mistakes)
        {
            int code = await _tool.RunAsync(arguments);
            string all = string.Join(' ', arguments) + "\n" + _tool.Error;
            Assert.True(code == ExitCode.Mistake, all);
            Assert.True(_tool.Error.Contains(expected, StringComparison.Ordinal), $"expected '{expected}': {all}");
            Assert.Single(_tool.Error.Trim().Split('\n'));
        }

        Assert.False(File.Exists(_tool.At("b.digest")) || File.Exists(_tool.At("claim.digest")));
    }

    private async Task CommitAndStamp(DateTimeOffset time)
    {
        Assert.True(await _tool.RunAsync(Commit("claim")) == ExitCode.Done, _tool.Error);
        Assert.True(await _tool.RunAsync("evidence", List, "--secret-env", Variable, "--digest", Digest) == ExitCode.Done, _tool.Error);
        Assert.Contains(EvidenceDigest.Load(Digest).Id, _tool.Output, StringComparison.Ordinal);
        _tool.Write("day.tsr", _authority.Answer(await File.ReadAllBytesAsync(_tool.At("day.tsq")), time));
    }

    private string[] Commit(string name) => ["commit", ToolRun.Model, "--policy", _policy, "--secret-env", Variable, "--signing-key", _tool.At("signing.pem"), "--out", _tool.At(name)];

    private async Task<JsonElement> Verify(params string[] more)
    {
        Assert.True(await _tool.RunAsync([.. Arguments(more), "--json"]) == ExitCode.Done, _tool.Error);
        using JsonDocument json = JsonDocument.Parse(_tool.Output);
        return json.RootElement[0].Clone();
    }

    private string[] Arguments(params string[] more) => ToolRun.LastOfEach(
    [
        "verify", ToolRun.Model, "--model", ToolRun.Model, "--evidence", List, "--commitment", _tool.At("claim.commitment"), "--secret-env", Variable,
        "--out", _tool.At("report"), .. more,
    ]);

    private string[] Dossier(params string[] more) => ToolRun.LastOfEach(
    [
        "dossier", "--commitment", _tool.At("claim.commitment"), "--report", _tool.At(Path.Combine("report", "verification.json")), "--signing-key", _tool.At("signing.pem"), "--out", _tool.At("claim.zip"), .. more,
    ]);

    private static (int Entries, int Gone, int Unknown, int Choices) Counts(JsonElement report)
    {
        JsonElement binding = report.GetProperty("binding");
        return (binding.GetProperty("entries").GetInt32(), binding.GetProperty("gone").GetInt32(), binding.GetProperty("unknown").GetInt32(), binding.GetProperty("choices").GetInt32());
    }

    /// <summary>All committed images, asked by each caller. Returns how many of them are marked.</summary>
    private int Write(string[] callers, bool keepInputs, string? list = null)
    {
        Dataset rows = DataFile.Read(ToolRun.Images, null, "none", "auto");
        using OnnxClassifier target = new(ToolRun.Model, "logits");
        using Shield shield = MarkedShield.Open(Variable, list ?? List, keepInputs);
        float[] scores = new float[10];
        int marked = 0;
        for (int row = 0; row < rows.Count; row++)
        {
            target.Classify(rows.GetRow(row), scores); // probabilities; their logarithms are logits of the same
            for (int i = 0; i < scores.Length; i++)
            {
                scores[i] = MathF.Log(MathF.Max(scores[i], 1e-30f));
            }

            marked += NearTieMark.TryFind(OutputKind.Logits, scores, 0.2, out _) ? 1 : 0;
            foreach (string caller in callers)
            {
                Admission admission = shield.Admit(shield.IdentifyCaller(caller), [], 1);
                shield.Harden(in admission, rows.GetRow(row), scores, new float[10], classes: 10);
            }
        }

        return marked;
    }
}
