namespace InferenceShield.Tests;

/// <summary>What an operator is told of what hardening costs.</summary>
public sealed class ShieldUtilityTests
{
    private static readonly float[] s_scores = [0.903f, 0.05f, 0.027f, 0.02f];

    [Theory]
    [InlineData(ShieldMode.Enforce)]
    [InlineData(ShieldMode.ObserveOnly)]
    public void Distances_are_those_of_what_is_or_would_be_released(ShieldMode mode)
    {
        using Shield shield = TestShield.Build(
            hardening: new HardeningOptions { Release = Release.LabelOnly }, configure: options =>
            {
                options.Mode = mode;
                options.Utility.SampleOneIn = 1;
            });
        float[] scores = [.. s_scores];
        Admission admission = shield.AdmitRows(1);
        shield.Harden(in admission, scores, 4); // in place: the clean scores are gone when it is counted
        UtilityStatistics utility = shield.GetUtility();
        Assert.Equal(1, utility.Rows);
        Assert.Equal(2 * 0.097, utility.MeanDistance, 2e-6);
        Assert.Equal(2 * 0.097, utility.MaxDistance, 2e-6);
        Assert.Equal(new ThresholdCrossings(0.9, 0), Assert.Single(utility.Crossings));
        Assert.Equal(0, utility.TopChanged);
        Assert.Equal(0, shield.GetUtility(posture: Posture.Guarded).Rows);
    }

    [Fact]
    public void The_first_row_is_measured_so_that_no_distance_of_0_is_shown_for_want_of_a_sample()
    {
        using Shield shield = TestShield.Build(hardening: new HardeningOptions { Decimals = 1 });
        shield.Release([0.88f, 0.12f], 2);
        Assert.Equal((1, 1), (shield.GetUtility().Rows, shield.GetUtility().Sampled));
        Assert.Equal(0.04, shield.GetUtility().MeanDistance, 1e-6);
    }

    [Fact]
    public void Crossings_are_counted()
    {
        using Shield shield = TestShield.Build(hardening: new HardeningOptions { Decimals = 1 });
        shield.Release([0.88f, 0.12f, 0.70f, 0.30f], 2);
        Assert.Equal(1, shield.GetUtility().Crossings[0].Count); // .88 is released as .9
    }

    /// <summary>What a label needs no confidence for is not worked out to be counted.</summary>
    [Fact]
    public void Confidences_of_labels_of_logits_are_those_of_the_sampled_rows()
    {
        using Shield shield = TestShield.Build(OutputKind.Logits, new HardeningOptions { Release = Release.LabelOnly }, options => options.Utility.SampleOneIn = 4);
        for (int row = 0; row < 40; row++)
        {
            shield.Release([1, 2, 0, -2], 4); // .64 is released as 1
        }

        UtilityStatistics utility = shield.GetUtility();
        Assert.Equal(40, utility.Rows);
        Assert.InRange(utility.Sampled, 1, 20);
        Assert.Equal(utility.Sampled, utility.Crossings[0].Count);
        Assert.Equal(utility.Sampled, shield.GetAnswers(HistoryWindow.Minute).Values.Count);
        Assert.Equal(40, shield.GetAnswers(HistoryWindow.Minute).Labels.Total, 0.1);
    }

    [Fact]
    public void A_temperature_counts_as_a_change_of_the_clean_answer()
    {
        using Shield shield = TestShield.Build(
            OutputKind.Logits, new HardeningOptions { Temperature = 4, Decimals = 5 }, options => options.Utility.SampleOneIn = 1);
        float[] logits = [2, 1, 0.5f, -3];
        float[] released = shield.Release(logits, 4);
        double sum = logits.Sum(logit => Math.Exp(logit));
        Assert.Equal(logits.Zip(released, (logit, value) => Math.Abs((Math.Exp(logit) / sum) - value)).Sum(), shield.GetUtility().MeanDistance, 1e-5);
    }

    [Fact]
    public void Each_row_each_output_and_each_posture_is_counted_by_itself()
    {
        using Shield shield = TestShield.Build(configure: options =>
        {
            options.Outputs["embedding"] = new OutputOptions { Kind = OutputKind.Embedding };
            options.Outputs["more"] = new OutputOptions { Kind = OutputKind.Logits };
        });
        CallerKey guarded = shield.IdentifyCaller("guarded");
        shield.Overrides.Set(guarded, new CallerOverride { Posture = Posture.Guarded });
        Admission admission = shield.Admit(guarded, new byte[3], 3);
        Assert.Equal(Posture.Guarded, admission.Posture);
        float[] released = new float[12];
        shield.Harden(in admission, [.. s_scores, .. s_scores, .. s_scores], released, 4, shield.GetOutputIndex(TestShield.Output));
        shield.Harden(in admission, [.. s_scores, .. s_scores, .. s_scores], released, 4, shield.GetOutputIndex("embedding"));
        Assert.Equal(3, shield.GetUtility(shield.GetOutputIndex(TestShield.Output), Posture.Guarded).Rows);
        Assert.Equal(0, shield.GetUtility(shield.GetOutputIndex(TestShield.Output)).Rows);
        Assert.Equal((3, 0), (shield.GetUtility(shield.GetOutputIndex("embedding"), Posture.Guarded).Rows, shield.GetUtility(shield.GetOutputIndex("embedding"), Posture.Guarded).Sampled));
        Assert.Equal(0, shield.GetUtility(shield.GetOutputIndex("more"), Posture.Guarded).Rows);
    }

    [Fact]
    public void Labels_that_are_fed_back_are_counted()
    {
        using Shield shield = TestShield.Build();
        shield.ReportLabel(0, Posture.Normal, releasedConfidence: 0.9f, isRight: true, cleanConfidence: 0.88f);
        shield.ReportLabel(0, Posture.Normal, releasedConfidence: 0.5f, isRight: false);
        UtilityStatistics utility = shield.GetUtility();
        Assert.Equal((2L, 1L), (utility.Released.Count, utility.Clean.Count));
        Assert.Equal(0.5, utility.Released.Accuracy);
        Assert.Equal(1, utility.Released.Separation);
        Assert.Equal(0, utility.Released.SeparationError);
    }

    [Fact]
    public void What_is_out_of_range_is_refused()
    {
        using Shield shield = TestShield.Build();
        Assert.Throws<ArgumentOutOfRangeException>(() => shield.GetUtility(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => shield.GetUtility(0, (Posture)9));
        Assert.Throws<ArgumentOutOfRangeException>(() => shield.ReportLabel(-1, Posture.Normal, 0.5f, true));
        Assert.Throws<ArgumentOutOfRangeException>(() => shield.ReportLabel(0, (Posture)9, 0.5f, true));
        Assert.Throws<ArgumentOutOfRangeException>(() => shield.ReportLabel(0, Posture.Normal, float.NaN, true));
        Assert.Throws<ArgumentOutOfRangeException>(() => shield.ReportLabel(0, Posture.Normal, 1.1f, true));
        Assert.Throws<ArgumentOutOfRangeException>(() => shield.ReportLabel(0, Posture.Normal, 0.5f, true, -0.1f));
        Assert.Equal(0, shield.GetUtility().Released.Count);
    }
}
