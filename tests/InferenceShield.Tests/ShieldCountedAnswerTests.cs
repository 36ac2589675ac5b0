namespace InferenceShield.Tests;

/// <summary>Which answers the histories count, and with what value.</summary>
public sealed class ShieldCountedAnswerTests
{
    private static readonly float[] s_logits = [1, 3, 0, -2];

    private static readonly double s_confidence = 1 / (1 + Math.Exp(-2) + Math.Exp(-3) + Math.Exp(-5));

    [Fact]
    public void The_first_distribution_by_name_is_counted_and_no_other_output()
    {
        using Shield shield = Build(("a", OutputKind.Embedding), ("b", OutputKind.State), ("d", OutputKind.Probabilities), ("c", OutputKind.Logits));
        Admission admission = shield.AdmitRows(1);
        Harden(shield, in admission, "d", [0.5f, 0.5f]);
        Harden(shield, in admission, "a", [5, 7]);
        Harden(shield, in admission, "b", [9, 9]);
        Assert.Equal(0, shield.GetAnswers(HistoryWindow.Hour).Values.Count);
        Harden(shield, in admission, "c", s_logits);
        AnswerStatistics answers = shield.GetAnswers(HistoryWindow.Hour);
        Assert.Equal((1, 1.0), (answers.Values.Count, answers.Labels.Total));
        Assert.Equal([0, 1, 0, 0], answers.LabelShares.Take(4));
        Assert.Equal(s_confidence, answers.Values.Mean, 1e-6);
    }

    [Theory]
    [InlineData(OutputKind.Embedding)]
    [InlineData(OutputKind.Regression)]
    public void Without_a_distribution_it_is_the_first_output_that_is_not_state_and_the_mean_of_a_row(OutputKind kind)
    {
        using Shield shield = Build(("a", OutputKind.State), ("b", kind), ("c", OutputKind.Regression));
        Admission admission = shield.AdmitRows(2);
        Harden(shield, in admission, "a", [100, 100]);
        Harden(shield, in admission, "c", [100, 100]);
        Assert.Equal(0, shield.GetAnswers(HistoryWindow.Hour).Values.Count);
        shield.Harden(in admission, [1.23456f, 2, 6, 8.5f], classes: 2, shield.GetOutputIndex("b"));
        AnswerStatistics answers = shield.GetAnswers(HistoryWindow.Hour);
        (double low, double high) = ((1.23456 + 2) / 2, 7.25);
        Assert.Equal((2, default), (answers.Values.Count, answers.Labels));
        Assert.Equal((low + high) / 2, answers.Values.Mean, 1e-6);
        Assert.Equal((high - low) * (high - low) / 4, answers.Values.Variance, 1e-5);
        Assert.All(answers.LabelShares, share => Assert.Equal(0, share));
    }

    [Fact]
    public void State_alone_is_counted_nowhere()
    {
        using Shield shield = Build(("a", OutputKind.State));
        Admission admission = shield.AdmitRows(1);
        Harden(shield, in admission, "a", [1, 2]);
        Assert.Equal(0, shield.GetAnswers(HistoryWindow.Month).Values.Count);
    }

    [Theory]
    [InlineData(ShieldMode.Enforce, "rounded")]
    [InlineData(ShieldMode.Enforce, "label only")]
    [InlineData(ShieldMode.Enforce, "top-k")]
    [InlineData(ShieldMode.Enforce, "noise")]
    [InlineData(ShieldMode.Enforce, "temperature")]
    [InlineData(ShieldMode.ObserveOnly, "label only")]
    [InlineData(ShieldMode.ObserveOnly, "temperature")]
    public void The_value_is_the_clean_confidence_whatever_is_released(ShieldMode mode, string hardening)
    {
        using Shield shield = TestShield.Build(
            OutputKind.Logits,
            hardening switch
            {
                "label only" => new HardeningOptions { Release = Release.LabelOnly },
                "top-k" => new HardeningOptions { TopK = 1, Decimals = 1 },
                "noise" => new HardeningOptions { KeyedNoiseBudget = 1 },
                "temperature" => new HardeningOptions { Temperature = 4 },
                _ => new HardeningOptions { Decimals = 1 },
            },
            options => options.Mode = mode);
        shield.Release(s_logits, classes: 4);
        AnswerStatistics answers = shield.GetAnswers(HistoryWindow.Minute);
        Assert.Equal((1, 0.0), (answers.Values.Count, answers.Values.Variance));
        Assert.Equal(s_confidence, answers.Values.Mean, 1e-6);
        Assert.Equal(1, answers.LabelShares[1]);
    }

    [Fact]
    public void Probabilities_count_as_they_are_under_a_temperature_too()
    {
        using Shield shield = TestShield.Build(hardening: new HardeningOptions { Temperature = 3 });
        shield.Release([0.125f, 0.625f, 0.25f], classes: 3);
        Assert.Equal(0.625, shield.GetAnswers(HistoryWindow.Minute).Values.Mean, 1e-6);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Every_row_and_time_step_is_one_answer(int steps)
    {
        using Shield shield = TestShield.Build(OutputKind.Logits, clock: new ManualTimeProvider());
        Admission admission = shield.AdmitRows(2);
        float[] scores = [.. Enumerable.Range(0, 2 * steps).SelectMany(i => i == 0 ? [0f, 5f, 0f] : new[] { 0f, 0f, 5f })];
        shield.Harden(in admission, scores, classes: 3);
        AnswerStatistics answers = shield.GetAnswers(HistoryWindow.Minute);
        Assert.Equal((2 * steps, 2.0 * steps), (answers.Values.Count, answers.Labels.Total));
        Assert.Equal(1.0 / (2 * steps), answers.LabelShares[1], 1e-9);
        Assert.Equal(1 - (1.0 / (2 * steps)), answers.LabelShares[2], 1e-9);
        Assert.Equal((2L * steps, 2), (shield.GetStatistics().Hardened, shield.GetStatistics().Admitted));
    }

    private static Shield Build(params ReadOnlySpan<(string Name, OutputKind Kind)> outputs)
    {
        ShieldBuilder builder = new ShieldBuilder("model").UseSecret(ShieldSecrets.FromBytes(TestShield.Secret(1)))
            .Configure(options => TestShield.SetLimits(options, queries: 1000, TimeSpan.FromSeconds(1), burst: 1000))
            .Configure(options => options.Callers.Capacity = 16);
        foreach ((string name, OutputKind kind) in outputs)
        {
            builder.AddOutput(name, kind);
        }

        return builder.Build();
    }

    private static void Harden(Shield shield, in Admission admission, string output, float[] scores) =>
        shield.Harden(in admission, [.. scores], classes: scores.Length / admission.Rows, shield.GetOutputIndex(output));
}
