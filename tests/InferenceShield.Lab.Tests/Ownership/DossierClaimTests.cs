using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using static InferenceShield.Lab.Tests.DossierSample;

namespace InferenceShield.Lab.Tests;

/// <summary>What a claimant himself can put into a dossier and sign.</summary>
public sealed class DossierClaimTests : IDisposable
{
    private readonly DossierSample _dossier = new();

    public void Dispose() => _dossier.Dispose();

    [Theory] // signed by the claimant himself
    [InlineData("\"pValue\":", "\"pValue\":1e-99,\"was\":", "arithmetic")]
    [InlineData("\"combinedPValue\":", "\"combinedPValue\":1e-99,\"was\":", "arithmetic")]
    [InlineData("\"verdict\":\"Inconclusive\"", "\"verdict\":\"ConsistentWithCopying\"", "arithmetic")]
    [InlineData("\"verdict\":\"NoEvidence\"", "\"verdict\":\"ConsistentWithCopying\"", "arithmetic")]
    [InlineData("\"randomKeyShare\":", "\"randomKeyShare\":0.0123,\"was\":", "arithmetic")]
    [InlineData("\"model\":\"fashion\"", "\"model\":\"letters\"", "commitment")]
    [InlineData("2026-03-31", "2026-02-01", "validity")]
    [InlineData("\"seed\":", "\"seed\":1,\"was\":", "commitment")]
    [InlineData("\"limits\":[", "\"limits\":[],\"was\":[", "arithmetic")]
    [InlineData("\"controlPValues\":[", "\"controlPValues\":[],\"was\":[", "arithmetic")]
    public async Task A_report_that_does_not_follow_from_its_counts_fails(string part, string other, string expected)
    {
        Dictionary<string, byte[]> parts = Unpack(OwnershipDossier.Create(await _dossier.ContentAsync(), _dossier.Ownership.Signer));
        string report = Encoding.UTF8.GetString(parts["report.json"]);
        if (!report.Contains(part, StringComparison.Ordinal))
        {
            Assert.Contains("verdict", part, StringComparison.Ordinal); // one of the two verdicts that an independent model can have
            return;
        }

        parts["report.json"] = Encoding.UTF8.GetBytes(report.Replace(part, other, StringComparison.Ordinal));
        Assert.Contains(OwnershipDossier.Check(Pack(_dossier.Signed(parts))), finding => finding.Part == expected && finding.Kind == DossierFindingKind.Fails);
    }

    [Fact]
    public async Task Counts_that_were_improved_fail()
    {
        Dictionary<string, byte[]> parts = Unpack(OwnershipDossier.Create(await _dossier.ContentAsync(), _dossier.Ownership.Signer));
        JsonNode record = JsonNode.Parse(parts["record.json"])!;
        JsonNode picks = record[0]!["tests"]![0]!;
        string bits = picks["picks"]!.GetValue<string>();
        picks["picks"] = (bits[0] == '1' ? '0' : '1') + bits[1..];
        parts["record.json"] = Encoding.UTF8.GetBytes(record.ToJsonString());
        byte[] archive = Pack(_dossier.Signed(parts));
        Assert.Contains(OwnershipDossier.Check(archive), finding => finding is { Part: "arithmetic", Kind: DossierFindingKind.Fails });
        Assert.Contains(OwnershipDossier.Check(archive, _dossier.Ownership.Key), finding => finding is { Part: "bits", Kind: DossierFindingKind.Fails });
        foreach (string nonsense in new[] { "{}", "[{}]", "[null]", record.ToJsonString().Replace("\"picks\":\"", "\"picks\":\"2", StringComparison.Ordinal) })
        {
            parts["record.json"] = Encoding.UTF8.GetBytes(nonsense);
            RequireFault(OwnershipFileFault.Unreadable, "no record", Pack(_dossier.Signed(parts)));
        }
    }

    [Theory] // signed by the claimant himself, and run by who checks
    [InlineData("recompute.py", "import os")]
    [InlineData("README.txt", "curl example.org | sh")]
    public async Task A_script_or_instructions_of_the_claimants_own_fail(string name, string line)
    {
        Dictionary<string, byte[]> parts = Unpack(OwnershipDossier.Create(await _dossier.ContentAsync(), _dossier.Ownership.Signer));
        parts[name] = [.. parts[name], .. Encoding.UTF8.GetBytes(line)];
        Assert.Contains(OwnershipDossier.Check(Pack(_dossier.Signed(parts))), finding => finding is { Part: "script", Kind: DossierFindingKind.Fails } && finding.Text.Contains(name, StringComparison.Ordinal));
        byte[] other = Pack(_dossier.Signed(parts, manifest => manifest["software"] = "InferenceShield 99.0.0"));
        Assert.Contains(OwnershipDossier.Check(other), finding => finding is { Part: "script", Kind: DossierFindingKind.NotChecked } && finding.Text.Contains("99.0.0", StringComparison.Ordinal));
    }

    [Fact] // what people read of a dossier that is signed by the claimant himself
    public async Task A_page_that_says_otherwise_than_the_report_fails()
    {
        DossierContent content = await _dossier.ContentAsync();
        Dictionary<string, byte[]> parts = Unpack(OwnershipDossier.Create(content, _dossier.Ownership.Signer));
        parts["summary.html"] = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(parts["summary.html"]).Replace("stranger", "Example Ltd", StringComparison.Ordinal));
        Assert.Contains(OwnershipDossier.Check(Pack(_dossier.Signed(parts))), finding => finding is { Part: "page", Kind: DossierFindingKind.Fails });
        byte[] other = Pack(_dossier.Signed(parts, manifest => manifest["software"] = "InferenceShield 99.0.0"));
        Assert.Contains(OwnershipDossier.Check(other), finding => finding is { Part: "page", Kind: DossierFindingKind.NotChecked, Missing: "the software InferenceShield 99.0.0" });
        byte[] unstamped = OwnershipDossier.Create(content with { TimestampRequest = default, TimestampResponse = default }, _dossier.Ownership.Signer);
        Assert.Contains(OwnershipDossier.Check(unstamped), finding => finding is { Part: "page", Kind: DossierFindingKind.Holds });
    }

    [Fact]
    public async Task A_seed_that_the_claimant_chose_fails()
    {
        DossierContent content = await _dossier.ContentAsync();
        byte[] archive = OwnershipDossier.Create(content with { Reports = [content.Reports[0] with { Seed = 1 }, content.Reports[1]] }, _dossier.Ownership.Signer);
        Assert.Contains(OwnershipDossier.Check(archive), finding => finding is { Part: "commitment", Kind: DossierFindingKind.Fails } && finding.Text.Contains("seed 1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Random_keys_that_nobody_recomputes_fail()
    {
        DossierContent content = await _dossier.ContentAsync();
        OwnershipTestResult test = content.Reports[0].Tests[0];
        foreach (int keys in new[] { 0, 100_001 })
        {
            byte[] archive = OwnershipDossier.Create(content with { Reports = [content.Reports[0] with { Tests = [test with { RandomKeys = keys, RandomKeyShare = 0 }] }, content.Reports[1]] }, _dossier.Ownership.Signer);
            Assert.Contains(OwnershipDossier.Check(archive), finding => finding is { Part: "arithmetic", Kind: DossierFindingKind.Fails } && finding.Text.Contains("random keys", StringComparison.Ordinal));
        }
    }

    [Theory] // an infinite figure is as near to any other as a share of itself
    [InlineData("p-value")]
    [InlineData("control")]
    [InlineData("share")]
    public async Task A_figure_that_is_not_finite_fails(string which)
    {
        DossierContent content = await _dossier.ContentAsync();
        OwnershipTestResult test = content.Reports[0].Tests[0];
        test = which switch
        {
            "p-value" => test with { PValue = double.NegativeInfinity },
            "control" => test with { ControlPValues = [double.PositiveInfinity] },
            _ => test with { RandomKeyShare = double.NegativeInfinity },
        };
        VerificationReport[] reports = [.. OwnershipVerifier.Adjust([OwnershipVerifier.Judge(content.Reports[0] with { Tests = [test] }), content.Reports[1]])];
        byte[] archive = OwnershipDossier.Create(content with { Reports = reports }, _dossier.Ownership.Signer);
        Assert.Contains(OwnershipDossier.Check(archive), finding => finding is { Part: "arithmetic", Kind: DossierFindingKind.Fails });
    }

    [Fact] // its p-value would be multiplied with itself
    public async Task A_test_that_is_counted_twice_is_refused()
    {
        DossierContent content = await _dossier.ContentAsync();
        VerificationReport twice = OwnershipVerifier.Judge(content.Reports[1] with { Tests = [content.Reports[1].Tests[0], content.Reports[1].Tests[0]] });
        byte[] archive = OwnershipDossier.Create(content with { Reports = OwnershipVerifier.Adjust([content.Reports[0], twice]) }, _dossier.Ownership.Signer);
        RequireFault(OwnershipFileFault.Unreadable, "twice", archive);
        (int code, string output) = Recompute(Unpack(archive));
        Assert.True(code < 0 || (code == 1 && output.Contains("REFUSED: a test of stranger is named twice", StringComparison.Ordinal)), output);
    }

    [Fact] // one kind would be recomputed and the other held against the key
    public async Task A_record_of_two_kinds_is_refused()
    {
        Dictionary<string, byte[]> parts = Unpack(OwnershipDossier.Create(await _dossier.ContentAsync(), _dossier.Ownership.Signer));
        JsonNode record = JsonNode.Parse(parts["record.json"])!;
        record[0]!["tests"]![0]!["own"] = 9;
        record[0]!["tests"]![0]!["random"] = new JsonArray(1, 2, 3);
        parts["record.json"] = Encoding.UTF8.GetBytes(record.ToJsonString());
        RequireFault(OwnershipFileFault.Unreadable, "no record", Pack(_dossier.Signed(parts)));
        (int code, string output) = Recompute(_dossier.Signed(parts));
        Assert.True(code < 0 || (code == 1 && output.Contains("is of 2 kinds", StringComparison.Ordinal)), output);
    }

    [Theory] // each takes hours to recompute, of some megabytes
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_record_that_asks_for_endless_work_is_refused(bool areLabels)
    {
        DossierContent content = await _dossier.ContentAsync();
        const int Groups = 1 << 19;
        RecordedTest endless = areLabels
            ? new RecordedTest { Test = "trigger", Labels = new LabelCounts(Groups, 10, [.. Enumerable.Repeat(new[] { 1 }, Groups)], 0), ControlLabels = [] }
            : new RecordedTest
            {
                Test = "near-tie",
                Picks = new string('1', 40),
                Suspect = Heavy(),
                Controls = [.. Enumerable.Range(0, 2000).Select(_ => Heavy())],
            };
        VerificationReport report = content.Reports[0] with { Record = new VerificationRecord("copy", "", [endless]), Tests = [content.Reports[0].Tests[0] with { Name = endless.Test }] };
        OwnershipFileException refused = Assert.Throws<OwnershipFileException>(() => VerificationRecord.Parse(VerificationRecord.ToBytes([report]), "record.json"));
        Assert.Equal(OwnershipFileFault.Unreadable, refused.Fault);

        static SignCounts Heavy() => new([.. Enumerable.Range(0, 40).Select(i => (1 << 15) + i)], new int[40]);
    }

    [Theory] // hashes of the second: near 80 seconds, and twice that
    [InlineData(25_000, 1, true)]
    [InlineData(50_000, 1, false)]
    [InlineData(25_000, 2, false)]
    public async Task A_report_that_asks_for_endless_work_is_refused(int groups, int times, bool isRead)
    {
        DossierContent content = await _dossier.ContentAsync();
        RecordedTest recorded = new()
        {
            Test = "near-tie",
            Cells = [.. Enumerable.Repeat(new[] { 0, 1, 9 }, groups)],
            Picks = new string('1', groups),
            Suspect = new SignCounts(new int[groups], new int[groups]),
        };
        VerificationReport report = content.Reports[0] with { Tests = [.. Enumerable.Repeat(content.Reports[0].Tests[0] with { RandomKeys = 100_000 }, times)] };
        Exception? refused = Record.Exception(() => VerificationRecord.RequireBounded([report], [new VerificationRecord(report.Suspect, "", [recorded])]));
        Assert.Equal(isRead ? null : OwnershipFileFault.Unreadable, ((OwnershipFileException?)refused)?.Fault);
    }

    [Fact]
    public void The_share_of_random_keys_of_a_test_by_rank_is_recomputed_as_it_was_computed()
    {
        SeededRandom random = new(seed: 3, stream: 3);
        double[] skewed = [.. Enumerable.Range(0, 1000).Select(_ => -Math.Log(1 - random.NextUnit()))]; // more than 1 % lie beyond 2.33 deviations
        double mean = skewed.Average();
        double deviation = Math.Sqrt(skewed.Average(value => Math.Pow(value - mean, 2)));
        OwnershipTestResult test = new(
            "cosine", 500, 500, (9 - mean) / deviation, 0, 0, 0, 0, "z", (1.0 + skewed.Count(static value => value >= 9)) / 1001, PValueMethod.RandomKeys, 1000, KeyCalibration.ShareOf(skewed), [], "");
        Assert.Equal(0.01, test.RandomKeyShare);
        Assert.Equal(1.0, KeyCalibration.ShareOf([.. Enumerable.Repeat(1.0, 300)]) + 1); // all of one rank
        VerificationReport report = VerdictRules.Apply(new VerificationReport
        {
            Model = "m", Suspect = "s", Commitment = "c", Time = OwnershipSample.Time, Version = "1", Seed = 1, Tests = [test], Queries = 500, Controls = [], Notes = [], Words = "", Limits = [], CombinedPValue = test.PValue,
        });
        IEnumerable<DossierFinding> found = DossierArithmetic.Check([report], [new VerificationRecord("s", "", [new RecordedTest { Test = "cosine", Own = 9, Random = skewed }])]);
        Assert.DoesNotContain(found, finding => finding.Kind == DossierFindingKind.Fails);
    }

    [Fact]
    public async Task A_test_by_rank_is_recomputed_to_what_its_report_says()
    {
        MarkedModel target = MarkedModel.Clean(seed: 1);
        VerificationRequest request = new()
        {
            Target = target,
            Key = _dossier.Ownership.Key,
            Marks = new WatermarkOptions { Cosine = new CosineMarkOptions() },
            InputSpace = InputSpace.Learn(target.Rows(seed: 5, count: 500).Values.Span, target.InputLength),
            Queries = target.Rows(seed: 2, count: 300),
            Commitment = _dossier.Ownership.Commitment.Id,
            RandomKeys = 300,
            Seed = _dossier.Ownership.Commitment.ProbeSeed,
            Time = new Clock(Later),
        };
        VerificationReport stranger = await OwnershipVerifier.VerifyAsync(request, Suspect.Of("stranger", MarkedModel.Clean(seed: 3)));
        Assert.Equal(0.01, Assert.Single(stranger.Tests).RandomKeyShare, 12); // 3 of 300 ranks
        DossierContent content = new() { Commitment = _dossier.Ownership.Commitment, Reports = [stranger] };
        IReadOnlyList<DossierFinding> findings = OwnershipDossier.Check(OwnershipDossier.Create(content, _dossier.Ownership.Signer, new Clock(Later)));
        Assert.DoesNotContain(findings, finding => finding.Kind == DossierFindingKind.Fails);
        Assert.Contains(findings, finding => finding is { Part: "arithmetic", Kind: DossierFindingKind.Holds } && finding.Text.Contains("cosine", StringComparison.Ordinal));
    }

    [Theory] // the arithmetic of the software is the twin of the script's, which is run where there is a Python
    [InlineData(MarkKeying.Cell)]
    [InlineData(MarkKeying.ExactInput)]
    public async Task The_script_finds_the_same_figures_and_sees_those_that_are_not(MarkKeying keying)
    {
        Assert.Contains("python3 recompute.py", RecomputeScript.Text, StringComparison.Ordinal);
        Assert.Contains("len(sys.argv) != 2", RecomputeScript.Text, StringComparison.Ordinal); // says how it is called
        Assert.DoesNotContain("@", RecomputeScript.Text.Replace("@COPYING", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("p <= 0.0001", RecomputeScript.Text, StringComparison.Ordinal);
        Dictionary<string, byte[]> parts = Unpack(OwnershipDossier.Create(await _dossier.ContentAsync(keying), _dossier.Ownership.Signer));
        Assert.Equal(RecomputeScript.Text, Encoding.UTF8.GetString(parts["recompute.py"]));
        (int code, string output) = Recompute(parts);
        if (code < 0)
        {
            return;
        }

        Assert.True(code == 0, output);
        Assert.Equal(9 + parts.Count - 2, output.Split("ok   ").Length - 1); // 9 figures: 2 x (answers, p, combined, verdict) and a control's p, and the parts
        parts["report.json"] = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(parts["report.json"]).Replace("\"combinedPValue\":", "\"combinedPValue\":1e-99,\"was\":", StringComparison.Ordinal));
        (code, output) = Recompute(_dossier.Signed(parts));
        Assert.True(code == 1 && output.Contains("NOT those of the report", StringComparison.Ordinal), output);
    }

    [Theory]
    [InlineData(MarkKeying.Cell, 2)]
    [InlineData(MarkKeying.Cell, 100_000)]
    [InlineData(MarkKeying.ExactInput, 2)]
    [InlineData(MarkKeying.ExactInput, 100_000)]
    public async Task The_script_gives_the_verdict_of_a_list_in_part_only(MarkKeying keying, int gone)
    {
        DossierContent content = await _dossier.ContentAsync(keying);
        Dictionary<string, byte[]> parts = Unpack(OwnershipDossier.Create(content, _dossier.Ownership.Signer));
        EvidenceBinding binding = new() { Digest = "d", Entries = 200_000, Gone = gone };
        IReadOnlyList<VerificationReport> reports = OwnershipVerifier.Adjust([.. content.Reports.Select(report => OwnershipVerifier.Judge(report with { Binding = binding }))]);
        Assert.Equal(gone == 2 ? content.Reports[0].Verdict : OwnershipVerdict.Inconclusive, reports[0].Verdict);
        Assert.True(keying != MarkKeying.Cell || content.Reports[0].Verdict == OwnershipVerdict.ConsistentWithCopying);
        parts["report.json"] = Encoding.UTF8.GetBytes(VerificationWriter.ToJson(reports));
        (int code, string output) = Recompute(_dossier.Signed(parts));
        Assert.True(code <= 0, output);
    }

    [Fact] // record and report, which are read before they are believed
    public async Task Whatever_a_claimant_signs_is_checked_or_refused()
    {
        Dictionary<string, byte[]> parts = Unpack(OwnershipDossier.Create(Small(await _dossier.ContentAsync(MarkKeying.ExactInput)), _dossier.Ownership.Signer));
        string[] nonsense = ["null", "-1", "\"NaN\"", "[null]"];
        List<string> wrong = [];
        foreach (string name in new[] { "record.json", "report.json", "opening.json" })
        {
            string text = Encoding.UTF8.GetString(parts[name]);
            int count = Places(JsonNode.Parse(text)!).Count;
            for (int place = 0; place < count; place++)
            {
                foreach (string value in nonsense)
                {
                    JsonNode root = JsonNode.Parse(text)!;
                    Places(root)[place](JsonNode.Parse(value));
                    Dictionary<string, byte[]> altered = new(parts) { [name] = Encoding.UTF8.GetBytes(root.ToJsonString()) };
                    try
                    {
                        OwnershipDossier.Check(Pack(_dossier.Signed(altered)), _dossier.Ownership.Key);
                    }
                    catch (OwnershipFileException)
                    {
                    }
                    catch (Exception exception)
                    {
                        wrong.Add($"{name} {place} {value}: {exception.GetType().Name}");
                    }
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join("; ", wrong));
    }

    /// <summary>With two groups a test.</summary>
    private static DossierContent Small(DossierContent content) => content with { Reports = [.. content.Reports.Select(static report => report with { Record = Small(report.Record!) })] };

    private static VerificationRecord Small(VerificationRecord record) => record with
    {
        Tests =
        [
            .. record.Tests.Select(static test => test with
            {
                Cells = test.Cells![..2],
                Inputs = test.Inputs?[..2],
                Picks = test.Picks![..2],
                Suspect = Small(test.Suspect!),
                Controls = [.. test.Controls.Select(Small)],
            }),
        ],
    };

    private static SignCounts Small(SignCounts counts) => new(counts.First[..2], counts.Second[..2]);

    /// <summary>A setter for every value in it.</summary>
    private static List<Action<JsonNode?>> Places(JsonNode root)
    {
        List<Action<JsonNode?>> places = [];
        Walk(root);
        return places;

        void Walk(JsonNode? node)
        {
            if (node is JsonObject members)
            {
                foreach (string name in members.Select(static member => member.Key).ToArray())
                {
                    places.Add(value => members[name] = value);
                    Walk(members[name]);
                }
            }
            else if (node is JsonArray items)
            {
                for (int i = 0; i < items.Count; i++)
                {
                    int at = i;
                    places.Add(value => items[at] = value);
                    Walk(items[at]);
                }
            }
        }
    }

    private (int Code, string Output) Recompute(Dictionary<string, byte[]> parts)
    {
        File.WriteAllBytes(_dossier.Ownership.At("dossier.zip"), Pack(parts));
        File.WriteAllBytes(_dossier.Ownership.At("recompute.py"), parts["recompute.py"]);
        try
        {
            using Process python = Process.Start(new ProcessStartInfo("python3", ["-I", _dossier.Ownership.At("recompute.py"), _dossier.Ownership.At("dossier.zip")]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            string output = python.StandardOutput.ReadToEnd() + python.StandardError.ReadToEnd();
            python.WaitForExit();
            return (python.ExitCode, output);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return (-1, "");
        }
    }
}
