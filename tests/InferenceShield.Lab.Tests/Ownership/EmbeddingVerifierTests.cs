namespace InferenceShield.Lab.Tests;

/// <summary>Verification of embeddings: a random network of one hidden layer, its marked answers through another map, and honest models.</summary>
public sealed class EmbeddingVerifierTests : IDisposable
{
    private const int Width = 10;
    private const int Dimension = 12;
    private const int Factors = 8;

    private static readonly DirectionMarkOptions s_mark = new();
    private static readonly float[] s_hidden = Weights(Width * Factors, stream: 1);
    private static readonly float[] s_outer = Weights(Factors * Dimension, stream: 2);

    private readonly MarkKey _key = MarkedModel.Key(1);
    private readonly string _folder = Directory.CreateTempSubdirectory("embeddings").FullName;

    public void Dispose()
    {
        _key.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_copy_through_another_map_is_consistent_with_copying()
    {
        VerificationReport report = await EmbeddingVerifier.VerifyAsync(Request(300) with { RandomKeys = 10_000, Controls = [new EmbeddingControl("other", Model(null, map: 5, dimension: 6))] }, new Suspect("copy", Model(_key, map: 7, dimension: 9)));
        Assert.True(report.Verdict == OwnershipVerdict.ConsistentWithCopying, VerificationWriter.ToText(report));
        Assert.Contains("lean towards the keyed directions of", report.Words, StringComparison.Ordinal);
        Assert.DoesNotContain("repeat", report.Words, StringComparison.Ordinal);
        OwnershipTestResult test = Assert.Single(report.Tests);
        Assert.Equal(("direction", 300, 300, 1.0 / 10_001, PValueMethod.RandomKeys), (test.Name, report.Queries, test.Answers, test.PValue, test.Method));
        Assert.True(test.Statistic > 6, $"z is {test.Statistic}");
        Assert.InRange(test.RandomKeyShare, 0, 0.01);
        Assert.InRange(Assert.Single(test.ControlPValues), 0.01, 1);
        Assert.Contains(report.Notes, note => note.Contains("explains", StringComparison.Ordinal));
        Assert.Contains("copy", VerificationWriter.ToHtml([report]), StringComparison.Ordinal);

        // What a dossier recomputes: rank and z from what is recorded.
        RecordedTest recorded = Assert.Single(Assert.Single(VerificationRecord.Parse(VerificationRecord.ToBytes([report]), "record")).Tests);
        (double z, double p, double share) = KeyCalibration.Rank(recorded.Own!.Value, recorded.Random!);
        Assert.Equal((test.Statistic, test.PValue, test.RandomKeyShare), (z, p, share));
    }

    [Fact]
    public async Task Declared_keys_and_what_could_have_been_chosen_count()
    {
        EmbeddingVerificationRequest request = Request(300) with { RandomKeys = 10_000 };
        Suspect suspect = new("copy", Model(_key, map: 7, dimension: 9));
        EvidenceBinding binding = new() { Digest = "digest", Entries = 300 };
        VerificationReport bound = await EmbeddingVerifier.VerifyAsync(request with { OtherCommitments = ["another"], Binding = binding }, suspect);
        Assert.Equal((binding, 2 / 10_001.0), (bound.Binding, bound.CombinedPValue));
        Assert.Equal(["another"], bound.OtherCommitments);
        VerificationReport part = await EmbeddingVerifier.VerifyAsync(request with { MostQueries = 250, Binding = binding }, suspect);
        Assert.Equal((300L, 300 * (1 / 10_001.0)), (part.Binding!.Choices, part.CombinedPValue));
    }

    [Fact]
    public async Task An_honest_model_and_another_owners_key_give_no_evidence()
    {
        EmbeddingVerificationRequest request = Request(1_600) with { RandomKeys = 300 };
        VerificationReport honest = await EmbeddingVerifier.VerifyAsync(request, new Suspect("honest", Model(null, map: 7, dimension: 9)));
        Assert.True(honest.Verdict == OwnershipVerdict.NoEvidence, VerificationWriter.ToText(honest));
        Assert.Contains("with p <= 0.0001, a network that was trained on 6,000 answers with the default mark; a simpler copy", honest.Words, StringComparison.Ordinal);
        Assert.DoesNotContain("repeat", honest.Words, StringComparison.Ordinal);
        Assert.Contains(honest.Limits, limit => limit.Contains("does not clear", StringComparison.Ordinal));
        using MarkKey other = MarkedModel.Key(2);
        VerificationReport theirs = await EmbeddingVerifier.VerifyAsync(request, new Suspect("theirs", Model(other, map: 7, dimension: 9)));
        Assert.True(theirs.Verdict == OwnershipVerdict.NoEvidence, VerificationWriter.ToText(theirs));
        VerificationReport few = await EmbeddingVerifier.VerifyAsync(request with { MostQueries = 400 }, new Suspect("copy", Model(_key, map: 7, dimension: 9)));
        Assert.Equal((OwnershipVerdict.Inconclusive, 400), (few.Verdict, few.Queries));
        Assert.Contains("many more than 10,000 random keys", few.Words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_request_gives_the_same_report_and_answers_are_kept()
    {
        EmbeddingVerificationRequest request = Request(300) with { RandomKeys = 300, AnswersFile = Path.Combine(_folder, "answers.txt") };
        Suspect suspect = new("copy", Model(_key, map: 7, dimension: 9));
        VerificationReport first = await EmbeddingVerifier.VerifyAsync(request, suspect);
        VerificationReport again = await EmbeddingVerifier.VerifyAsync(request with { Resume = true }, new Suspect("copy", new DelegateOracle(Width, 9, (_, _) => throw new InvalidOperationException("nothing is asked twice"))));
        Assert.Equal(first.Tests[0] with { ControlPValues = [] }, again.Tests[0] with { ControlPValues = [] });
        Assert.Contains("300 answers were kept from before.", again.Notes);
    }

    [Fact]
    public async Task A_suspect_that_stops_gives_a_report_on_what_it_answered_or_says_how_many_more()
    {
        DelegateOracle copy = Model(_key, map: 7, dimension: 9);
        foreach (int most in (int[])[128, 32])
        {
            int asked = 0;
            Suspect suspect = new("tired", new DelegateOracle(Width, 9, (rows, answers, cancellationToken) =>
            {
                asked += rows.Length / Width;
                return asked <= most ? copy.AskAsync(rows, answers, cancellationToken) : throw new OracleException("It sleeps.");
            }));
            VerificationReport report = await EmbeddingVerifier.VerifyAsync(Request(300) with { RandomKeys = 300 }, suspect);
            Assert.Equal(most, report.Queries);
            Assert.Equal(OwnershipVerdict.Inconclusive, report.Verdict);
            Assert.Contains(report.Notes, note => note.Contains($"stopped answering after {most} of 300", StringComparison.Ordinal));
            Assert.Contains(most == 32 ? "needs 20 more" : "random keys", report.Words, StringComparison.Ordinal);
            Assert.Equal(most == 32 ? 0 : most, report.Tests[0].Answers);
            Assert.NotEmpty(VerificationWriter.ToText(report));
        }
    }

    [Fact]
    public async Task Answers_that_are_none_are_left_out_and_many_are_refused()
    {
        DelegateOracle copy = Model(_key, map: 7, dimension: 9);
        Suspect Spoiling(int oneIn) => new("spoiling", new DelegateOracle(Width, 9, (rows, answers, cancellationToken) =>
        {
            ValueTask<OracleReply> reply = copy.AskAsync(rows, answers, cancellationToken);
            for (int row = 0; row < rows.Length / Width; row++)
            {
                if (MathF.Abs(rows.Span[row * Width] * 1e4f) % oneIn < 1)
                {
                    answers.Span[row * 9] = float.NaN;
                }
            }

            return reply;
        }));
        VerificationReport report = await EmbeddingVerifier.VerifyAsync(Request(300) with { RandomKeys = 300 }, Spoiling(40));
        Assert.InRange(report.Queries, 270, 299);
        Assert.Contains(report.Notes, note => note.Contains("9 finite numbers", StringComparison.Ordinal));
        Assert.Contains("that are none", (await Assert.ThrowsAsync<OracleException>(() => EmbeddingVerifier.VerifyAsync(Request(300), Spoiling(2)))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_does_not_fit_is_refused_before_anybody_is_asked()
    {
        SeededRandom random = new(3, stream: 9);
        DelegateOracle noise = new(Width, 9, (_, answers) =>
        {
            foreach (ref float value in answers.Span)
            {
                value = random.NextSigned();
            }
        });
        EmbeddingVerificationRequest request = Request(300) with { RandomKeys = 300 };
        DelegateOracle good = Model(null, map: 7, dimension: 9);
        (EmbeddingVerificationRequest Request, IOracle Suspect, string Expected)[] mistakes =
        [
            (request, new DelegateOracle(Width + 1, 9, (_, _) => { }), "takes rows of 11 values; the target takes 10"),
            (request, new DelegateOracle(Width, 1, (_, _) => { }), "answers with 1 number a row"),
            (Request(40), good, "needs 12 more"),
            (request with { MostQueries = 40 }, good, "needs 12 more"),
            (request, Model(null, map: 7, dimension: 99), "needs 100 more"),
            (request with { RandomKeys = 10 }, good, "RandomKeys is 10; allowed are 300 to 100000"),
            (request with { Mark = new DirectionMarkOptions { Directions = 0 } }, good, "a shield has 1 to 16"),
            (request with { Controls = [new EmbeddingControl("noise", noise)] }, good, "Control 'noise' does another task"),
            (request with { Controls = [new EmbeddingControl("labels", new DelegateOracle(Width, 1, (_, _) => { }))] }, good, "Control 'labels' answers with 1 number"),
            (request with { Target = new DelegateOracle(Width, Dimension, (_, answers) => answers.Span.Fill(float.NaN)) }, good, "The target answers row 0 with a number that is not finite"),
            (request with { Queries = new Dataset("wide", new float[300 * 11], 11) }, good, "Queries have 11 values a row"),
        ];
        foreach ((EmbeddingVerificationRequest asked, IOracle suspect, string expected) in mistakes)
        {
            Assert.Contains(expected, (await Assert.ThrowsAsync<ArgumentException>(() => EmbeddingVerifier.VerifyAsync(asked, new Suspect("suspect", suspect)))).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_plan_says_how_many_queries_and_what_random_keys_can_give()
    {
        VerificationPlan plan = EmbeddingVerifier.Plan(Request(300) with { MostQueries = 200 });
        PowerEstimate test = Assert.Single(plan.Tests);
        Assert.Equal((300, 200, 200, 1500), (plan.Given, plan.Asked, test.Available, test.Needed));
        Assert.Empty(plan.Missing);
        Assert.Contains("you need about 1,500 queries", VerificationWriter.ToText(plan), StringComparison.Ordinal);
        Assert.Contains("20,000 random keys", Assert.Single(EmbeddingVerifier.Plan(Request(300) with { WantedPValue = 1e-6 }).Missing), StringComparison.Ordinal);
        Assert.Equal([375, 1_500, 3_000, CellPower.Never], new[] { 1e-2, 1e-4, 1e-6, 1e-7 }.Select(p => DirectionMarkTest.NeededProbes(s_mark, 64, 64, p)));
        Assert.Equal(4 * 769, DirectionMarkTest.NeededProbes(s_mark, 768, 64, 1e-4));
        Assert.Equal(CellPower.Never, DirectionMarkTest.NeededProbes(new DirectionMarkOptions { CosineBudget = 0.005 }, 64, 64, 1e-2));
    }

    private static float[] Weights(int count, ulong stream)
    {
        SeededRandom random = new(12, stream);
        return [.. Enumerable.Range(0, count).Select(_ => (float)random.NextGaussian())];
    }

    private EmbeddingVerificationRequest Request(int queries)
    {
        SeededRandom random = new(5, stream: 3);
        float[] rows = [.. Enumerable.Range(0, queries * Width).Select(_ => random.NextSigned())];
        return new EmbeddingVerificationRequest { Target = Model(null, map: 0, Dimension), Key = _key, Mark = s_mark, Queries = new Dataset("rows", rows, Width) };
    }

    /// <summary>The network, marked under a key if there is one, through a random map if it has a number.</summary>
    private static DelegateOracle Model(MarkKey? key, ulong map, int dimension)
    {
        DirectionMark? mark = key is null ? null : new DirectionMark(key, s_mark);
        float[] outer = map == 0 ? [] : Weights(Dimension * dimension, stream: 100 + map);
        return new DelegateOracle(Width, dimension, (rows, answers) =>
        {
            for (int row = 0; row < rows.Length / Width; row++)
            {
                float[] hidden = Multiply(rows.Span.Slice(row * Width, Width), s_hidden, Factors);
                float[] clean = Multiply([.. hidden.Select(value => Math.Max(value, 0))], s_outer, Dimension);
                double length = Math.Sqrt(clean.Sum(value => (double)value * value));
                if (length > 0)
                {
                    mark?.Apply(clean, length, clean);
                }

                (map == 0 ? clean : Multiply(clean, outer, dimension)).CopyTo(answers.Span[(row * dimension)..]);
            }
        });
    }

    private static float[] Multiply(ReadOnlySpan<float> row, float[] weights, int to)
    {
        float[] product = new float[to];
        for (int i = 0; i < row.Length; i++)
        {
            for (int j = 0; j < to; j++)
            {
                product[j] += row[i] * weights[(i * to) + j];
            }
        }

        return product;
    }
}
