namespace InferenceShield.Lab.Tests;

public sealed class UtilityMetricsTests
{
    [Fact]
    public void A_small_case_by_hand()
    {
        float[] clean = [0.95f, 0.05f, 0.6f, 0.4f, 0.3f, 0.7f, 0.2f, 0.8f];
        float[] released = [0.8f, 0.2f, 0.5f, 0.5f, 0.3f, 0.7f, 0.8f, 0.2f];
        UtilityMetrics metrics = UtilityMetrics.Measure(clean, released, [0, 0, 0, 1], 2, 0.9, 0.55);
        Assert.Equal(0.5, metrics.TopChanged); // row 1 ties, row 3 is turned round
        Assert.Equal((0.3 + 0.2 + 0 + 1.2) / 4, metrics.MeanDistance, 1e-6);
        Assert.Equal(1.2, metrics.MaxDistance, 1e-6);
        Assert.Equal(3, metrics.DistinctAnswers);
        Assert.Equal(0.5, metrics.Accuracy);
        Assert.Equal(((2 * 0.04) + (2 * 0.25) + (2 * 0.49) + (2 * 0.64)) / 4, metrics.Brier!.Value, 1e-6);

        // Confidences .8 right, .5 right, .7 wrong, .8 wrong: of four pairs one is won, one tied, two lost.
        Assert.Equal(1.5 / 4, metrics.Separation!.Value, 1e-9);

        // Bins of a fifteenth: {.8 right, .8 wrong}, {.5 right}, {.7 wrong}.
        Assert.Equal((Math.Abs(1 - 1.6) + 0.5 + 0.7) / 4, metrics.CalibrationError!.Value, 1e-6);
        Assert.Equal([0.25, 0.25], metrics.Crossings); // row 0 falls below .9, row 1 below .55
    }

    [Fact]
    public void It_agrees_with_what_the_shield_counts_of_itself()
    {
        const int Classes = 5;
        float[] clean = TestAnswers.Draw(3000, Classes, prior: AnswerPrior.Dirichlet(0.3, 3));
        SeededRandom random = new(4, 0);
        int[] labels = [.. clean.Chunk(Classes).Select(answer => random.NextUnit() <= answer.Max() ? Array.IndexOf(answer, answer.Max()) : random.NextInt32(Classes))];
        Shield shield = new ShieldBuilder("lab")
            .UseSecret(ShieldSecrets.FromBytes(System.Security.Cryptography.SHA256.HashData([1])))
            .AddOutput("probabilities", OutputKind.Probabilities, new HardeningOptions { Decimals = 1 })
            .Configure(static options =>
            {
                options.Admission.PerCaller = new LimitOptions { Queries = 1_000_000, Period = TimeSpan.FromSeconds(1), Burst = 1_000_000 };
                options.Utility.SampleOneIn = 1;
                options.Utility.Thresholds = [0.9];
            })
            .Build();
        Admission admission = shield.Admit(shield.IdentifyCaller("lab"), new byte[3000], 3000);
        float[] released = new float[clean.Length];
        shield.Harden(in admission, clean, released, Classes);
        for (int row = 0; row < labels.Length; row++)
        {
            float[] answer = released[(row * Classes)..((row + 1) * Classes)];
            shield.ReportLabel(0, Posture.Normal, answer.Max(), Array.IndexOf(answer, answer.Max()) == labels[row]);
        }

        UtilityStatistics counted = shield.GetUtility();
        UtilityMetrics measured = UtilityMetrics.Measure(clean, released, labels, Classes, 0.9);
        Assert.Equal(counted.TopChanged / 3000.0, measured.TopChanged, 1e-9);
        Assert.Equal(counted.MeanDistance, measured.MeanDistance, 1e-5);
        Assert.Equal(counted.MaxDistance, measured.MaxDistance, 1e-5);
        Assert.Equal(counted.Released.Accuracy, measured.Accuracy!.Value, 1e-9);
        Assert.Equal(counted.Released.CalibrationError, measured.CalibrationError!.Value, 1e-5);
        Assert.Equal(counted.Released.Separation, measured.Separation!.Value, counted.Released.SeparationError + 1e-9);
        Assert.InRange(measured.Separation!.Value, 0.55, 0.95);

        LeakReport leak = LeakReport.Analyze(clean, released, Classes);
        Assert.Equal(leak.DistinctAnswers, measured.DistinctAnswers);
        Assert.Equal(leak.ReleasedDistance, measured.MeanDistance, 1e-6);
    }

    [Fact]
    public void Without_labels_nothing_is_said_of_them_and_rows_have_to_fit()
    {
        UtilityMetrics metrics = UtilityMetrics.Measure([0.5f, 0.5f], [1f, 0f], [], 2);
        Assert.Null(metrics.Accuracy);
        Assert.Null(metrics.Brier);
        Assert.Null(metrics.CalibrationError);
        Assert.Null(metrics.Separation);
        Assert.Throws<ArgumentException>(() => UtilityMetrics.Measure([], [], [], 2));
        Assert.Throws<ArgumentException>(() => UtilityMetrics.Measure([1f, 0f], [1f], [], 2));
        Assert.Throws<ArgumentException>(() => UtilityMetrics.Measure([1f, 0f], [1f, 0f], [0, 1], 2));
    }

    [Fact]
    public void A_copy_is_measured_on_the_rows_that_count()
    {
        float[] clean = [0.9f, 0.1f, 0.4f, 0.6f, 0.2f, 0.8f];
        float[] copied = [0.8f, 0.2f, 0.7f, 0.3f, 0.1f, 0.9f];
        Assert.Equal(2 / 3.0, CopyMetrics.Measure(clean, copied, [0, 0, 0], 2).Agreement, 1e-9);
        CopyMetrics high = CopyMetrics.Measure(clean, copied, [0, 0, 0], 2, row => row != 1)!;
        Assert.Equal(1, high.Agreement);
        Assert.Equal(0.5, high.Accuracy);
        Assert.Equal((0.08 + 1.62) / 2, high.Brier!.Value, 1e-6);
        Assert.Equal((0.2 + 0.9) / 2, high.CalibrationError!.Value, 1e-6);
        Assert.Null(CopyMetrics.Measure(clean, copied, [], 2, _ => false));
        Assert.Null(CopyMetrics.Measure(clean, copied, [], 2).Brier);
    }
}
