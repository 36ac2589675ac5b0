using System.Text;
using System.Text.Json.Nodes;

namespace InferenceShield.Lab.Tests;

/// <summary>What a report and a dossier make of queries that are bound to a stamped list, and of keys that were declared.</summary>
public sealed class EvidenceBindingTests : IDisposable
{
    private static readonly DateTimeOffset s_stamped = OwnershipSample.Time.AddDays(2);
    private static readonly DateTimeOffset s_tested = OwnershipSample.Time.AddDays(30);

    private readonly OwnershipSample _sample = new();
    private readonly TestAuthority _authority = new();
    private readonly MarkedModel _target = MarkedModel.Clean(seed: 1);
    private readonly EvidenceDigest _digest;
    private readonly byte[] _request;
    private readonly byte[] _response;

    public EvidenceBindingTests()
    {
        JsonObject segment = new() { ["run"] = new string('a', 32), ["place"] = 0, ["start"] = 1, ["entries"] = 1500, ["sha256"] = new string('b', 64) };
        JsonObject digest = new()
        {
            ["form"] = "InferenceShield evidence digest", ["version"] = 1, ["model"] = "fashion", ["key"] = _sample.Commitment.KeyId, ["time"] = "2026-03-02T12:00:00Z", ["software"] = "x", ["segments"] = new JsonArray(segment),
        };
        _digest = EvidenceDigest.Parse(CanonicalJson.Write(digest), "it");
        _request = CommitmentTimestamp.CreateRequest(_digest);
        _response = _authority.Answer(_request, s_stamped);
    }

    private EvidenceBinding Binding => new() { Digest = _digest.Id, Stamped = s_stamped, Authority = "CN=Test authority", Root = "CN=Test root", Entries = 1500 };

    public void Dispose()
    {
        _sample.Dispose();
        _authority.Dispose();
    }

    [Fact]
    public async Task A_report_says_what_its_queries_are_bound_to()
    {
        string words = (await Verify(Request())).Words;
        Assert.Contains("bound to no stamped list: they could have been chosen by their answers", words, StringComparison.Ordinal);

        VerificationReport whole = await Verify(Request() with { Binding = Binding });
        Assert.Contains("bound to a list stamped at 2026-03-03T12:00:00Z by CN=Test authority. Whether the suspect is younger has to be known from elsewhere.", whole.Words, StringComparison.Ordinal);
        Assert.DoesNotContain("could have been", whole.Words, StringComparison.Ordinal);
        Assert.Contains(whole.Limits, limit => limit.Contains("not chosen by the answers of a model that is younger", StringComparison.Ordinal));
        Assert.DoesNotContain(whole.Limits, limit => limit.Contains("Nothing here shows", StringComparison.Ordinal));

        foreach ((EvidenceBinding binding, string expected) in new[]
        {
            (Binding with { Stamped = null, Authority = "", Root = "" }, "nobody stamped: only the claimant says that it is older than the suspect, and they could have been chosen"),
            (Binding with { Gone = 3 }, "bound in part only to a list stamped at 2026-03-03T12:00:00Z by CN=Test authority. Of its 1,500 marked queries 3 are left out"),
            (Binding with { Unknown = 4, Root = "" }, "by CN=Test authority, whose root was not checked. Of its 1,500 marked queries 4 are left out"),
        })
        {
            VerificationReport partly = await Verify(Request() with { Binding = binding });
            Assert.Contains(expected, partly.Words, StringComparison.Ordinal);
            Assert.Contains(partly.Limits, limit => limit.Contains("Nothing here shows", StringComparison.Ordinal));
        }

        VerificationReport rootless = await Verify(Request() with { Binding = Binding with { Root = "", SuspectSince = s_stamped.AddDays(1) } });
        Assert.Contains("by CN=Test authority, whose root was not checked. The suspect is known since 2026-03-04T12:00:00Z, as who asked says.", rootless.Words, StringComparison.Ordinal);
        string page = VerificationWriter.ToHtml([rootless]);
        Assert.Contains($"{_digest.Id}, 1,500 marked queries, stamped at 2026-03-03T12:00:00Z by CN=Test authority; its root was not checked", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task P_is_multiplied_by_keys_and_by_what_could_have_been_chosen()
    {
        VerificationReport plain = await Verify(Request());
        VerificationReport declared = await Verify(Request() with { OtherCommitments = ["a", "b"] });
        Assert.Equal(3 * plain.CombinedPValue, declared.CombinedPValue, 1e-12 * plain.CombinedPValue);
        Assert.Contains("Times 3: 3 keys were declared", declared.Combination, StringComparison.Ordinal);
        Assert.Contains(declared.Limits, limit => limit.Contains("2 others were declared", StringComparison.Ordinal));
        VerificationReport one = await Verify(Request() with { OtherCommitments = ["a"] });
        Assert.Contains(one.Limits, limit => limit.Contains("1 other was declared, and p counts it. Keys", StringComparison.Ordinal));
        Assert.Contains(plain.Limits, limit => limit.Contains("no other was declared", StringComparison.Ordinal));

        VerificationReport chosen = await Verify(Request() with { OtherCommitments = ["a"], Binding = Binding with { Choices = 7 } });
        Assert.Equal(14 * plain.CombinedPValue, chosen.CombinedPValue, 1e-12 * plain.CombinedPValue);

        // Where the asking ends is chosen, too: at any of the queries.
        VerificationReport cut = await Verify(Request() with { Binding = Binding, MostQueries = 200 });
        Assert.Equal((1500, 200), (cut.Binding!.Choices, cut.Queries));
        Assert.Equal(1500 * cut.Tests[0].PValue, cut.CombinedPValue, 1e-9 * cut.CombinedPValue);
        Assert.Equal(1, (await Verify(Request() with { Binding = Binding })).Binding!.Choices);
        VerificationReport stopped = await Verify(Request() with { Binding = Binding }, new Stopping(_target.Copy(_sample.Key, 0.95), answers: 100));
        Assert.Equal(1500, stopped.Binding!.Choices);
    }

    [Fact] // else who chooses erases what does not fit
    public async Task A_copy_is_not_spoken_of_where_those_left_out_could_take_it_back()
    {
        VerificationReport few = await Verify(Request() with { Binding = Binding with { Unknown = 4 } });
        Assert.Equal(OwnershipVerdict.ConsistentWithCopying, few.Verdict);
        DossierContent content = await Content(Binding with { Gone = 200, Unknown = 40 });
        VerificationReport many = content.Reports[0];
        Assert.Equal((OwnershipVerdict.Inconclusive, few.CombinedPValue), (many.Verdict, many.CombinedPValue));
        Assert.Contains("but 240 of the list are left out, and had all of them been answered otherwise than the key picks p could be", many.Words, StringComparison.Ordinal);
        Assert.Equal(many.Words, OwnershipVerifier.Adjust([many])[0].Words);

        // It follows from the record, so that nobody says otherwise, and who leaves the record out says nothing.
        byte[] archive = OwnershipDossier.Create(content, _sample.Signer);
        Assert.DoesNotContain(OwnershipDossier.Check(archive), finding => finding.Kind == DossierFindingKind.Fails);
        VerificationReport forged = many with { Verdict = few.Verdict, Words = few.Words.Replace("4 of its", "240 of its", StringComparison.Ordinal), Limits = few.Limits };
        foreach (VerificationReport said in new[] { forged, forged with { Record = null } })
        {
            Assert.Contains(OwnershipDossier.Check(OwnershipDossier.Create(content with { Reports = [said] }, _sample.Signer)), finding => finding is { Part: "arithmetic", Kind: DossierFindingKind.Fails } && finding.Text.Contains("the rules give Inconclusive", StringComparison.Ordinal));
        }
    }

    [Theory] // the exact chance over signs is the oracle, however those left out share bits
    [InlineData(true)]
    [InlineData(false)]
    public void The_p_value_at_worst_is_never_below_the_exact_one(bool haveOwnBits)
    {
        SeededRandom random = new(seed: 4, stream: 4);
        int near = 0;
        for (int i = 0; i < 300; i++)
        {
            int groups = 20 + random.NextInt32(60);
            int[] first = [.. Enumerable.Range(0, groups).Select(_ => haveOwnBits ? 1 : random.NextInt32(9))];
            int[] second = [.. Enumerable.Range(0, groups).Select(_ => haveOwnBits ? 0 : random.NextInt32(3))];
            bool[] bits = [.. Enumerable.Range(0, groups).Select(_ => random.NextUnit() < 0.95)];
            int leftOut = 1 + random.NextInt32(12);
            TestOutcome asked = new SignSample(first, second).Test(bits);
            RecordedTest recorded = new() { Test = "near-tie", Suspect = new SignCounts(first, second), Picks = string.Concat(bits.Select(bit => bit ? '1' : '0')), Inputs = haveOwnBits ? [""] : null };
            OwnershipTestResult test = new("near-tie", asked.Answers, 1, 0, 0, 0, 0, 0, "", asked.PValue, PValueMethod.Exact, 300, 0, [], "");
            VerificationReport report = new()
            {
                Model = "m", Suspect = "s", Tests = [test], Words = "", Limits = [], CombinedPValue = asked.PValue, Binding = Binding with { Gone = leftOut }, Record = new VerificationRecord("s", "", [recorded]),
            };
            double worst = LeftOutEntries.AtWorst(report);

            // Each in a group of its own, or in groups that there are, against the key.
            int[] more = [.. Enumerable.Range(0, leftOut).Select(_ => haveOwnBits ? groups : random.NextInt32(1 + (i % groups)))];
            int[] one = [.. first, .. haveOwnBits ? new int[leftOut] : []];
            int[] other = [.. second, .. haveOwnBits ? Enumerable.Repeat(1, leftOut) : []];
            foreach (int group in haveOwnBits ? [] : more)
            {
                (bits[group] ? other : one)[group]++;
            }

            double exact = new SignSample(one, other).Test([.. bits, .. haveOwnBits ? Enumerable.Repeat(true, leftOut) : []]).PValue;
            Assert.True(worst >= exact, $"{worst} {exact}");
            near += worst <= Math.Pow(exact, 0.7) ? 1 : 0;
        }

        Assert.True(!haveOwnBits || near > 150, $"{near} of 300 are near");
    }

    [Fact] // a map makes answers others or leaves them out, so that of many one fits
    public async Task P_is_multiplied_by_class_maps_where_classes_are_not_taken_in_order()
    {
        int[] inOrder = [.. Enumerable.Range(0, 10)];
        Assert.Equal(1, (await Verify(Request() with { Binding = Binding, ClassMap = inOrder })).Binding!.Choices);
        VerificationReport given = await Verify(Request() with { Binding = Binding, ClassMap = [.. inOrder[..9], -1] });
        Assert.Equal(234_662_231, given.Binding!.Choices); // OEIS A002720
        Assert.Equal(234_662_231 * given.Tests[0].PValue, given.CombinedPValue, 1e-9 * given.CombinedPValue);
        Assert.Equal(7, ClassMap.Count(2, 2));
        Assert.Equal(4, ClassMap.Count(1, 3));
        Assert.Equal(1L << 52, OwnershipVerifier.Count(Binding, given: 9, isWhole: false, ClassMap.Count(100, 100))!.Choices);

        int[] numbers = [3, 1, 4, 0, 5, 9, 2, 6, 8, 7];
        MarkedModel copy = _target.Copy(_sample.Key, 0.95);
        Suspect permuted = new("permuted", new DelegateOracle(12, 10, (rows, answers) =>
        {
            float[] scores = new float[answers.Length];
            copy.Classify(rows.Span, scores);
            for (int i = 0; i < scores.Length; i++)
            {
                answers.Span[(i / 10 * 10) + Array.IndexOf(numbers, i % 10)] = scores[i];
            }
        }));
        VerificationReport found = await OwnershipVerifier.VerifyAsync(Request() with { Binding = Binding }, permuted);
        Assert.Equal((234_662_231, OwnershipVerdict.ConsistentWithCopying), (found.Binding!.Choices, found.Verdict));
    }

    [Fact] // of a list, which are asked first hangs on the commitment and the list alone
    public async Task Rows_that_only_show_classes_do_not_move_the_sample()
    {
        VerificationRequest request = Request() with { MostQueries = 150 };
        string[] digests = await Task.WhenAll(new[] { 300, 500 }.Select(async count =>
        {
            Asked asked = new(_target);
            await OwnershipVerifier.VerifyAsync(request with { Probes = _target.Rows(seed: 8, count) }, Suspect.Of("asked", asked));
            return string.Join(' ', asked.Rows.Where(row => request.Queries.Values.Span.IndexOf(row) >= 0).Take(60).Select(row => BitConverter.ToString([.. row.SelectMany(BitConverter.GetBytes)])));
        }));
        Assert.Equal(digests[0], digests[1]);
        Assert.NotEmpty(digests[0]);
    }

    [Fact]
    public async Task A_dossier_with_a_stamped_digest_says_how_far_that_was_checked()
    {
        byte[] archive = OwnershipDossier.Create(await Content(Binding), _sample.Signer);
        DossierFinding found = Finding(archive);
        Assert.Equal((DossierFindingKind.NotChecked, "the list itself, to compare with its stamped digest"), (found.Kind, found.Missing));
        Assert.Contains("bound to a list stamped at 2026-03-03T12:00:00Z", found.Text, StringComparison.Ordinal);
        Assert.Contains("'evidence FILE --check evidence.digest'", found.Text, StringComparison.Ordinal);
        Assert.Contains(OwnershipDossier.Check(archive), finding => finding is { Part: "page", Kind: DossierFindingKind.Holds });
        Assert.DoesNotContain(OwnershipDossier.Check(archive, roots: [_authority.Root]), finding => finding.Kind == DossierFindingKind.Fails);
        byte[] rooted = OwnershipDossier.Create(await Content(Binding with { Root = "CN=A root that is known" }), _sample.Signer);
        Assert.Contains(OwnershipDossier.Check(rooted, roots: [_authority.Root]), finding => finding is { Part: "binding", Kind: DossierFindingKind.Fails } && finding.Text.Contains("its root is 'CN=Test root'", StringComparison.Ordinal));
        using TestAuthority stranger = new();
        Assert.Contains(OwnershipDossier.Check(archive, roots: [stranger.Root]), finding => finding is { Part: "binding", Kind: DossierFindingKind.Fails });

        DossierFinding partly = Finding(OwnershipDossier.Create(await Content(Binding with { Gone = 9, Unknown = 1 }), _sample.Signer));
        Assert.Contains("Of the report on copy 10 of 1,500 are left out", partly.Text, StringComparison.Ordinal);
        DossierContent unbound = await Content(null);
        Assert.Contains("they could have been chosen", Finding(OwnershipDossier.Create(unbound, _sample.Signer)).Text, StringComparison.Ordinal);
        EvidenceBinding unstamped = Binding with { Stamped = null, Authority = "", Root = "" };
        DossierFinding undated = Finding(OwnershipDossier.Create(await Content(unstamped) with { EvidenceTimestampRequest = default, EvidenceTimestampResponse = default }, _sample.Signer));
        Assert.Equal((DossierFindingKind.NotChecked, true), (undated.Kind, undated.Text.Contains("Nobody stamped", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Page_and_instructions_name_the_digest_and_its_stamp()
    {
        Dictionary<string, byte[]> parts = DossierSample.Unpack(OwnershipDossier.Create(await Content(Binding), _sample.Signer));
        string page = Encoding.UTF8.GetString(parts["summary.html"]);
        Assert.Contains($"<dt>Digest of that list</dt><dd>{_digest.Id}, made 2026-03-02T12:00:00Z", page, StringComparison.Ordinal);
        Assert.Contains("<dt>Digest stamped</dt><dd>2026-03-03T12:00:00Z by CN=Test authority", page, StringComparison.Ordinal);
        Assert.Contains("by CN=Test authority; its root CN=Test root was checked", page, StringComparison.Ordinal);
        string instructions = Encoding.UTF8.GetString(parts["README.txt"]);
        Assert.Contains("openssl ts -verify -in evidence.tsr -queryfile evidence.tsq", instructions, StringComparison.Ordinal);
        Assert.Contains("--check evidence.digest", instructions, StringComparison.Ordinal);
        Assert.True(instructions.IndexOf("evidence.json", StringComparison.Ordinal) < instructions.IndexOf("evidence.digest", StringComparison.Ordinal));

        string none = Encoding.UTF8.GetString(DossierSample.Unpack(OwnershipDossier.Create(await Content(null), _sample.Signer))["summary.html"]);
        Assert.Contains("<dt>Digest of that list</dt><dd>none given</dd>", none, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_binding_that_does_not_follow_from_digest_and_stamp_fails()
    {
        DossierContent content = await Content(Binding);
        Assert.Throws<ArgumentException>(() => OwnershipDossier.Create(content with { EvidenceDigest = null }, _sample.Signer));
        Assert.Throws<ArgumentException>(() => OwnershipDossier.Create(content with { EvidenceTimestampResponse = default }, _sample.Signer));
        foreach ((EvidenceBinding binding, string expected) in new[]
        {
            (Binding with { Stamped = s_stamped.AddDays(-1) }, "says that the list's digest was stamped at 2026-03-02"),
            (Binding with { Authority = "CN=Another" }, "the timestamp says 2026-03-03T12:00:00Z by CN=Test authority"),
            (Binding with { Entries = 1400 }, "counts 1,400 marked queries"),
            (Binding with { Gone = 1501 }, "1,501 left out"),
            (Binding with { SuspectSince = s_stamped.AddHours(-1) }, "is known since 2026-03-03T11:00:00Z"),
        })
        {
            DossierFinding found = Finding(OwnershipDossier.Create(await Content(binding), _sample.Signer));
            Assert.True(found.Kind == DossierFindingKind.Fails && found.Text.Contains(expected, StringComparison.Ordinal), $"expected '{expected}': {found}");
        }

        // Stamped after the suspect was tested.
        byte[] late = _authority.Answer(_request, s_tested.AddDays(1));
        DossierContent later = await Content(Binding with { Stamped = s_tested.AddDays(1) }) with { EvidenceTimestampResponse = late };
        Assert.Contains("after copy was tested", Finding(OwnershipDossier.Create(later, _sample.Signer)).Text, StringComparison.Ordinal);
        Assert.Throws<OwnershipFileException>(() => OwnershipDossier.Create(content with { EvidenceTimestampRequest = CommitmentTimestamp.CreateRequest(_digest) }, _sample.Signer));
    }

    [Fact] // signed by the claimant himself
    public async Task Words_and_figures_that_claim_a_binding_fail()
    {
        DossierContent content = await Content(null);
        VerificationReport report = content.Reports[0];
        foreach (VerificationReport forged in new[]
        {
            report with { Words = report.Words.Replace("bound to no stamped list: they could have been chosen by their answers", "bound to a list stamped at 2026-03-03T12:00:00Z", StringComparison.Ordinal) },
            report with { OtherCommitments = ["a"] }, // p of one key
        })
        {
            Assert.NotEqual((report.Words, 0), (forged.Words, forged.OtherCommitments.Count));
            Assert.Contains(OwnershipDossier.Check(OwnershipDossier.Create(content with { Reports = [forged] }, _sample.Signer)), finding => finding is { Part: "arithmetic", Kind: DossierFindingKind.Fails });
        }

        DossierContent several = await Content(Binding with { Choices = 5 }, "a", "b");
        Assert.DoesNotContain(OwnershipDossier.Check(OwnershipDossier.Create(several, _sample.Signer)), finding => finding.Kind == DossierFindingKind.Fails);
        foreach (EvidenceBinding nonsense in new[] { Binding with { Choices = 0 }, Binding with { Gone = -1 }, Binding with { Unknown = long.MaxValue }, Binding with { Authority = null! } })
        {
            DossierContent wrong = content with { Reports = [report with { Binding = nonsense }], EvidenceDigest = _digest, EvidenceTimestampRequest = _request, EvidenceTimestampResponse = _response };
            Assert.Throws<OwnershipFileException>(() => OwnershipDossier.Check(OwnershipDossier.Create(wrong, _sample.Signer)));
        }
    }

    private VerificationRequest Request() => new()
    {
        Target = _target,
        Key = _sample.Key,
        Marks = new WatermarkOptions { NearTie = new() { Margin = MarkedModel.Margin, Keying = MarkKeying.Cell } },
        Queries = _target.Rows(seed: 2, count: 1500),
        Controls = [new VerificationControl("control", _target)],
        Commitment = _sample.Commitment.Id,
        RandomKeys = 300,
        Seed = _sample.Commitment.ProbeSeed,
        Time = new Clock(s_tested),
    };

    private Task<VerificationReport> Verify(VerificationRequest request, IClassifier? suspect = null) =>
        OwnershipVerifier.VerifyAsync(request, Suspect.Of("copy", suspect ?? _target.Copy(_sample.Key, 0.95)));

    private async Task<DossierContent> Content(EvidenceBinding? binding, params string[] others) => new()
    {
        Commitment = _sample.Commitment,
        Reports = [await Verify(Request() with { Binding = binding, OtherCommitments = others })],
        EvidenceDigest = binding is null ? null : _digest,
        EvidenceTimestampRequest = binding is null ? default : _request,
        EvidenceTimestampResponse = binding is null ? default : _response,
    };

    private DossierFinding Finding(byte[] archive) => Assert.Single(OwnershipDossier.Check(archive, roots: [_authority.Root]), finding => finding.Part == "binding");

    private sealed class Clock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }

    /// <summary>Answers so many rows, then fails.</summary>
    private sealed class Stopping(IClassifier model, int answers) : IClassifier
    {
        private int _answered;

        public int InputLength => model.InputLength;

        public int ClassCount => model.ClassCount;

        public void Classify(ReadOnlySpan<float> inputs, Span<float> probabilities)
        {
            _answered += inputs.Length / InputLength;
            if (_answered > answers)
            {
                throw new IOException("gone");
            }

            model.Classify(inputs, probabilities);
        }
    }

    /// <summary>Notes what it is asked.</summary>
    private sealed class Asked(IClassifier model) : IClassifier
    {
        public List<float[]> Rows { get; } = [];

        public int InputLength => model.InputLength;

        public int ClassCount => model.ClassCount;

        public void Classify(ReadOnlySpan<float> inputs, Span<float> probabilities)
        {
            for (int row = 0; row < inputs.Length / InputLength; row++)
            {
                Rows.Add(inputs.Slice(row * InputLength, InputLength).ToArray());
            }

            model.Classify(inputs, probabilities);
        }
    }
}
