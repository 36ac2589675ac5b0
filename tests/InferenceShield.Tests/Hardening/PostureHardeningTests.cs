using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

/// <summary>One plan a posture: what each releases, and that nothing else tells one from another.</summary>
public sealed class PostureHardeningTests
{
    private static readonly double[] s_edges = [0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];

    private static readonly float[] s_clean = [0.031234f, 0.721234f, 0.15f, 0.097532f];

    private static readonly Gen<ScoreCase> s_scores =
        from scores in ScoreCase.Any
        from classes in Gen.Elements(0, 0, 0, 0, 1, 2, 3, 10, 257)
        select classes == 0 ? scores : scores with { Classes = classes };

    [Theory]
    [InlineData(Posture.Normal, new[] { 0.03f, 0.72f, 0.15f, 0.10f })]
    [InlineData(Posture.Guarded, new[] { 0.04167f, 0.75f, 0.16667f, 0.04166f })]
    [InlineData(Posture.Restricted, new[] { 0f, 1, 0, 0 })]
    public void The_default_answer_to_the_same_query_is_that_of_the_posture(Posture posture, float[] expected)
    {
        using Shield shield = TestShield.Build();
        Assertions.SameBits(expected, ReleaseTo(shield, posture, s_clean, 4));
        Assert.Equal(0, shield.GetStatistics().TopChanged);
    }

    [Fact]
    public void An_embedding_loses_a_digit_of_its_grid_with_each_posture()
    {
        using Shield shield = TestShield.Build(OutputKind.Embedding);
        float[] clean = [1.23456f, -98.765f, 0];
        Assertions.SameBits([1.2f, -98.8f, 0], ReleaseTo(shield, Posture.Normal, clean, 3));
        Assertions.SameBits([1f, -99f, 0], ReleaseTo(shield, Posture.Guarded, clean, 3));
        Assertions.SameBits([0f, -100f, 0], ReleaseTo(shield, Posture.Restricted, clean, 3));
    }

    [Fact]
    public void Values_lose_a_digit_with_each_posture()
    {
        using Shield shield = TestShield.Build(OutputKind.Regression);
        float[] clean = [1.23456f, -98.765f, 0];
        Assertions.SameBits([1.23f, -98.8f, 0], ReleaseTo(shield, Posture.Normal, clean, 3));
        Assertions.SameBits([1.2f, -99f, 0], ReleaseTo(shield, Posture.Guarded, clean, 3));
        Assertions.SameBits([1f, -100f, 0], ReleaseTo(shield, Posture.Restricted, clean, 3));
    }

    [Fact]
    public void State_is_passed_through_in_every_posture()
    {
        using Shield shield = TestShield.Build(OutputKind.State);
        foreach (Posture posture in (Posture[])[Posture.Normal, Posture.Guarded, Posture.Restricted])
        {
            Assertions.SameBits([float.NaN, 1.2345678f], ReleaseTo(shield, posture, [float.NaN, 1.2345678f], 2));
        }
    }

    [Fact]
    public void Every_default_answer_is_a_distribution_with_the_clean_leader_strictly_in_front()
    {
        Properties.Hold(s_scores, test =>
        {
            using Shield shield = TestShield.Build(test.Kind);
            float[] clean = test.Scores();
            float[][] released = ReleaseToAll(shield, clean, test.Classes);
            Array.ForEach(released, answer => ReleaseCases.AssertDistribution(clean, answer));
            Assert.Equal(1, released[2][Assertions.FirstOfLargest(clean)]);
            Assert.Equal(0, shield.GetStatistics().TopChanged);

            // The band's number lies where the clean confidence does, whatever the edge.
            float confidence = ReleaseCases.Confidence(clean, test.Kind);
            float number = released[1].Max();
            Assert.All(s_edges.Where(edge => edge > 1.001 / test.Classes), edge => Assert.Equal(confidence >= (float)edge, number >= (float)edge));
            if (test.Classes > 1 && number < 1)
            {
                Assert.Equal(ReleaseCases.RunnerUp(clean, Assertions.FirstOfLargest(clean)), ReleaseCases.RunnerUp(released[1], Assertions.FirstOfLargest(clean)));
            }
        }, tests: 600);
    }

    [Fact]
    public void A_row_gets_its_posture_s_answer_in_every_batch_in_place_on_every_thread_and_replica()
    {
        Properties.Hold(s_scores, test =>
        {
            using Shield shield = TestShield.Build(test.Kind, configure: options => options.Guarded.LeastInformationBudget = test.Seed % 2 * 0.3);
            using Shield replica = TestShield.Build(test.Kind, configure: options => options.Guarded.LeastInformationBudget = test.Seed % 2 * 0.3);
            float[][] rows = [.. Enumerable.Range(0, 3).Select(i => (test with { Seed = test.Seed + (2 * i) }).Scores())];
            float[] batch = [.. rows.SelectMany(row => row)];
            foreach (Posture posture in (Posture[])[Posture.Normal, Posture.Guarded, Posture.Restricted])
            {
                float[] alone = [.. rows.SelectMany(row => ReleaseTo(shield, posture, row, test.Classes))];
                Assertions.SameBits(alone, ReleaseTo(shield, posture, batch, test.Classes));
                Assertions.SameBits(alone, ReleaseTo(replica, posture, batch, test.Classes));
                float[] inPlace = [.. batch];
                Admission admission = AdmitAs(shield, posture, 3);
                Thread thread = new(() => shield.Harden(in admission, inPlace, test.Classes));
                thread.Start();
                thread.Join();
                Assertions.SameBits(alone, inPlace);
            }
        }, tests: 100);
    }

    [Fact]
    public void Least_information_comes_before_bands_and_rounding()
    {
        Properties.Hold(ScoreCase.Any, test =>
        {
            float[] clean = test.Scores();
            using Shield shield = TestShield.Build(test.Kind, configure: options =>
                options.Hardening.LeastInformationBudget = options.Guarded.LeastInformationBudget = 0.2);
            CleanAnswers.RequireLengths(clean, clean, clean.Length);
            double[] row = CleanAnswers.Normalize(clean, test.Kind, 0, out int top).ToArray();
            LeastInformation.Apply(row, top, 0.2, row, new LeastInformationScratch(new double[row.Length], new double[row.Length], new int[row.Length]));
            float[] expected = new float[row.Length];
            BandHardening.Apply(ConfidenceBands.FromEdges(row.Length, [.. s_edges.Where(edge => edge > 1.001 / row.Length)]), row, top, expected);
            Assertions.SameBits(expected, ReleaseTo(shield, Posture.Guarded, clean, row.Length));

            GridRounding.Apply(row, top, 100, new double[row.Length], new int[Math.Min(row.Length, 100)]);
            Assertions.SameBits([.. row.Select(steps => (float)(steps / 100))], ReleaseTo(shield, Posture.Normal, clean, row.Length));
        });
    }

    [Fact]
    public void What_is_left_to_the_posture_never_tells_more_than_the_posture_before()
    {
        AssertFilled(new(), (Release.Rounding, 3), (Release.Bands, 2), (Release.LabelOnly, 1));
        AssertFilled(new() { Hardening = { Release = Release.LabelOnly, SignificantDigits = 1 } }, (Release.LabelOnly, 1), (Release.LabelOnly, 1), (Release.LabelOnly, 1));
        AssertFilled(new() { Hardening = { TopK = 1, SignificantDigits = 2 } }, (Release.LabelOnly, 2), (Release.LabelOnly, 2), (Release.LabelOnly, 1));
        AssertFilled(new() { Hardening = { SignificantDigits = 6 }, Guarded = { Release = Release.Rounding, Decimals = 1 } }, (Release.Rounding, 6), (Release.Rounding, 2), (Release.LabelOnly, 1));
        AssertFilled(new() { Restricted = { Release = Release.Bands } }, (Release.Rounding, 3), (Release.Bands, 2), (Release.Bands, 1));

        static void AssertFilled(ShieldOptions options, params (Release, int)[] expected)
        {
            HardeningOptions[] filled = PostureHardening.Of(options, new OutputOptions { Kind = OutputKind.Logits });
            Assert.Equal(expected, filled.Select(hardening => (hardening.Release!.Value, hardening.SignificantDigits!.Value)));
            options.Outputs["x"] = new OutputOptions { Kind = OutputKind.Logits };
            Assert.Empty(ShieldOptionsValidator.Validate(options, "", serving: null));
        }
    }

    [Fact]
    public void Bands_are_those_of_the_posture_before_unless_it_has_none_or_others_are_named()
    {
        OutputOptions output = new() { Kind = OutputKind.Logits };
        ShieldOptions options = new() { Hardening = { Release = Release.Bands, BandEdges = [0.4, 0.9] }, Restricted = { Release = Release.Bands } };
        Assert.All(PostureHardening.Of(options, output), hardening => Assert.Equal([0.4, 0.9], hardening.BandEdges!));
        options.Guarded.BandEdges = [0.5];
        Assert.Equal([2, 1, 1], PostureHardening.Of(options, output).Select(hardening => hardening.BandEdges!.Count));
        output.Guarded = new HardeningOptions { BandFile = "file" };
        Assert.Equal([null, "file", "file"], PostureHardening.Of(options, output).Select(hardening => hardening.BandFile));
        Assert.Equal([2, -1, -1], PostureHardening.Of(options, output).Select(hardening => hardening.BandEdges?.Count ?? -1));
        Assert.Equal(s_edges, PostureHardening.Of(new ShieldOptions(), new OutputOptions())[1].BandEdges!);
    }

    [Fact]
    public void An_output_s_own_posture_holds_for_it_alone()
    {
        using Shield shield = TestShield.Build(configure: options => options.Outputs["own"] = new OutputOptions
        {
            Kind = OutputKind.Probabilities,
            Guarded = new HardeningOptions { BandEdges = [0.5] },
            Restricted = new HardeningOptions { Release = Release.Bands },
        });
        int own = shield.GetOutputIndex("own");
        Assertions.SameBits([0.04167f, 0.75f, 0.16667f, 0.04166f], ReleaseTo(shield, Posture.Restricted, s_clean, 4, own));
        Assertions.SameBits([0.03f, 0.72f, 0.15f, 0.10f], ReleaseTo(shield, Posture.Normal, s_clean, 4, own));
        Assertions.SameBits([0f, 1, 0, 0], ReleaseTo(shield, Posture.Restricted, s_clean, 4, shield.GetOutputIndex(TestShield.Output)));
    }

    [Fact]
    public void An_admission_keeps_the_posture_it_was_given()
    {
        using Shield shield = TestShield.Build();
        Admission normal = AdmitAs(shield, Posture.Normal, 1);
        Admission guarded = AdmitAs(shield, Posture.Guarded, 1);
        shield.Reload(TestShield.Options());
        float[] released = new float[4];
        shield.Harden(in normal, s_clean, released, 4);
        Assertions.SameBits([0.03f, 0.72f, 0.15f, 0.10f], released);
        shield.Harden(in guarded, s_clean, released, 4);
        Assertions.SameBits([0.04167f, 0.75f, 0.16667f, 0.04166f], released);
    }

    [Fact]
    public void A_row_that_cannot_be_released_is_the_same_error_in_every_posture()
    {
        using Shield shield = TestShield.Build();
        string[] messages =
        [
            .. ((Posture[])[Posture.Normal, Posture.Guarded, Posture.Restricted]).Select(posture =>
            {
                float[] scores = [0.5f, float.NaN];
                Admission admission = AdmitAs(shield, posture, 1);
                string message = Assert.Throws<InvalidModelOutputException>(() => shield.Harden(in admission, scores, 2)).Message;
                Assert.All(scores, score => Assert.Equal(0, score));
                return message;
            }),
        ];
        Assert.Single(messages.Distinct());
    }

    [Fact]
    public void Rows_of_another_number_of_classes_than_declared_are_an_error_and_nothing_leaves()
    {
        using Shield shield = TestShield.Build(configure: options => options.Outputs[TestShield.Output].Classes = 3);
        float[] scores = [.. s_clean];
        Admission admission = shield.AdmitRows(1);
        ArgumentException exception = Assert.Throws<ArgumentException>(() => shield.Harden(in admission, scores, 4));
        Assert.Contains("Output 'scores' is declared with 3 classes; these rows have 4.", exception.Message, StringComparison.Ordinal);
        Assert.All(scores, score => Assert.Equal(0, score));
    }

    [Fact]
    public void Bands_from_edges_are_made_for_every_number_of_classes_once()
    {
        BandSource source = new(s_edges);
        Assert.Same(source.For(10), source.For(10));
        ConfidenceBands ten = source.For(10);
        Assert.NotSame(ten, source.For(100));
        Assert.Same(ten, source.For(10));
        Assert.Equal([9, 7, 1], ((int[])[1000, 2, 1]).Select(classes => source.For(classes).Confidences.Count));
        for (int classes = 1; classes <= 300; classes++)
        {
            Assert.Equal(classes, source.For(classes).Classes);
        }

        // An edge with no number between it and 1/classes is left out.
        Assert.Equal([0.9], new BandSource([0.50001, 0.9]).For(2).Edges);
        Assert.Equal(new BandSource([0.5]), new BandSource([0.5]));
        Assert.NotEqual(new BandSource([0.5]), new BandSource([0.6]));
        BandSource learned = new(ten);
        Assert.Same(ten, learned.For(10));
        Assert.Throws<ArgumentOutOfRangeException>(() => learned.For(11));
        Assert.NotEqual(source, learned);
    }

    private static float[] ToDistribution(float[] clean, OutputKind kind)
    {
        // As doubles two classes may differ that are one number as floats.
        double[] exact = CleanAnswers.Normalize(clean, kind, 0, out _).ToArray();
        double[] ranks = [.. exact.Distinct().Order()];
        return Array.ConvertAll(exact, value => (float)Array.BinarySearch(ranks, value));
    }

    private static float[][] ReleaseToAll(Shield shield, float[] clean, int classes) =>
        [.. ((Posture[])[Posture.Normal, Posture.Guarded, Posture.Restricted]).Select(posture => ReleaseTo(shield, posture, clean, classes))];

    private static float[] ReleaseTo(Shield shield, Posture posture, float[] clean, int classes, int output = 0)
    {
        float[] released = new float[clean.Length];
        Admission admission = AdmitAs(shield, posture, clean.Length / classes);
        shield.Harden(in admission, clean, released, classes, output);
        return released;
    }

    private static Admission AdmitAs(Shield shield, Posture posture, int rows)
    {
        string caller = "a " + posture;
        shield.Overrides.Set(shield.IdentifyCaller(caller), new CallerOverride { Posture = posture });
        Admission admission = shield.AdmitRows(rows, caller);
        Assert.True(admission.IsAdmitted);
        return admission;
    }
}
