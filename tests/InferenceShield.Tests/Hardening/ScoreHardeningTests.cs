using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

public sealed class ScoreHardeningTests
{
    private static readonly float[] s_thresholds = [0.5f, 0.3f, 0.07f, 0.7f, 0.999f, 0.005f, 1e-40f, 0.123456f, 0.29f, 0.9999999f];

    private static readonly Gen<float> s_logit = Gen.Frequency(
        (4, Gen.Choose(-8000, 8000).Select(value => value / 1000f)),
        (1, Gen.Elements(0f, -0f, 1e-45f, -1e-45f, 1e-9f, -1e-9f, float.MaxValue, float.MinValue, 100f, -100f)),
        (1, Gen.Choose(int.MinValue, int.MaxValue).Select(BitConverter.Int32BitsToSingle).Where(float.IsFinite)));

    private static readonly Gen<float> s_probability = Gen.Frequency(
        (3, Gen.Choose(0, 1_000_000).Select(value => value / 1e6f)),
        (2, Gen.Choose(0, 200).Select(value => value / 200f)), // ties of two decimals
        (2, Gen.Elements(s_thresholds).SelectMany(value => Gen.Elements(value, MathF.BitDecrement(value), MathF.BitIncrement(value)))),
        (1, Gen.Elements(0f, -0f, 1f, 1e-45f, -1e-3f, 1.001f)));

    [Fact]
    public void Rounds_to_the_grid_and_never_across_the_threshold()
    {
        Gen<(bool IsLogits, int Decimals, float Threshold, float Score)> cases =
            from isLogits in Gen.Elements(true, false)
            from decimals in Gen.Choose(0, 5)
            from threshold in Gen.Elements(s_thresholds)
            from score in isLogits ? s_logit : s_probability
            select (isLogits, decimals, threshold, score);
        Properties.Hold(cases, test =>
        {
            ScorePlan plan = new(test.IsLogits, test.Decimals, test.Threshold);
            float released = Release(plan, [test.Score])[0];
            Assert.InRange(released, 0, 1);
            int steps = (int)Math.Round(released * (double)plan.Units);
            Assert.Equal((float)(steps / (double)plan.Units), released);

            double clean = test.IsLogits ? 1 / (1 + Math.Exp(-(double)test.Score)) : Math.Clamp(test.Score, 0, 1);
            bool isAbove = test.IsLogits
                ? test.Score >= Math.Log(test.Threshold / (1 - (double)test.Threshold))
                : test.Score >= test.Threshold;
            Assert.Equal(isAbove, released >= test.Threshold);

            // Half a step, or less than one to stay on this side.
            double error = Math.Abs(released - clean) * plan.Units;
            double plain = Math.Round(clean * plan.Units);
            bool isPlainSide = (float)(plain / plan.Units) >= test.Threshold == isAbove;
            Assert.InRange(error, 0, isPlainSide ? 0.5 + 1e-2 : 1 + 1e-2);
            Assert.Equal(isPlainSide, steps == plain);

            ScorePlan again = new(false, test.Decimals, test.Threshold);
            Assert.Equal(released, Release(again, [released])[0]);
        }, tests: 5000);
    }

    [Fact]
    public void Every_threshold_of_every_grid_keeps_its_sides()
    {
        for (int decimals = 0; decimals <= 4; decimals++)
        {
            for (int thousandths = 1; thousandths < 1000; thousandths++)
            {
                float threshold = thousandths / 1000f;
                ScorePlan plan = new(false, decimals, threshold);
                Assert.True(Release(plan, [threshold])[0] >= threshold);
                Assert.True(Release(plan, [MathF.BitDecrement(threshold)])[0] < threshold);
                Assert.InRange(plan.LowestSteps[0], 1, plan.Units);
            }
        }
    }

    [Fact]
    public void A_batch_of_rows_is_its_rows_and_each_label_has_its_threshold()
    {
        ScorePlan plan = new(false, 1, 0.31f, 0.35f, 0.5f);
        Assert.Equal([0.4f, 0.3f, 0.5f], Release(plan, [0.32f, 0.34f, 0.46f + 0.04f]));
        Assert.Equal([0.3f, 0.4f, 0.4f], Release(plan, [0.3f, 0.36f, 0.48f]));
        Assert.Equal([0.3f], Release(new ScorePlan(false, 1, 0.31f), [0.3f]));
        Assert.Equal([0.5f], Release(new ScorePlan(true, 2), [0f]));
        Assert.Equal([0.49f], Release(new ScorePlan(true, 2), [-1e-45f]));
    }

    [Fact]
    public void No_decimals_release_the_labels() =>
        Assert.Equal([1f, 0f, 1f, 0f], Release(new ScorePlan(true, 0, 0.5f), [0.01f, -0.01f, 30f, -30f]));

    [Fact]
    public void Works_in_place()
    {
        float[] row = [-1f, 0f, 2f];
        ScorePlan plan = new(true, 2);
        float[] elsewhere = Release(plan, row);
        Assert.True(ScoreHardening.TryHarden(plan, row, row, out _));
        Assert.Equal(elsewhere, row);
    }

    [Theory]
    [InlineData(true, float.NaN)]
    [InlineData(true, float.PositiveInfinity)]
    [InlineData(true, float.NegativeInfinity)]
    [InlineData(false, float.NaN)]
    [InlineData(false, -0.002f)]
    [InlineData(false, 1.01f)]
    [InlineData(false, 37f)]
    public void A_faulty_row_is_named_and_nothing_of_it_written(bool isLogits, float fault)
    {
        float[] released = [7, 7, 7, 7];
        Assert.False(ScoreHardening.TryHarden(new ScorePlan(isLogits, 2), [0.1f, 0.2f, fault, 0.3f], released, out OutputFault found));
        Assert.Equal([7f, 7, 7, 7], released);
        Assert.Equal(2, found.Index);
        string message = found.Describe("labels", 5);
        Assert.Contains("'labels'", message, StringComparison.Ordinal);
        Assert.Contains("row 5", message, StringComparison.Ordinal);
        Assert.DoesNotContain("37", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bad_plans_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ScorePlan(true, 6));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ScorePlan(true, -1));
        foreach (float threshold in new[] { 0f, -0.5f, 1f, 2f, float.NaN, float.PositiveInfinity })
        {
            ArgumentOutOfRangeException thrown = Assert.Throws<ArgumentOutOfRangeException>(() => new ScorePlan(true, 2, 0.5f, threshold));
            Assert.Contains("label 1", thrown.Message, StringComparison.Ordinal);
        }

        ArgumentException lengths = Assert.Throws<ArgumentException>(() => Release(new ScorePlan(true, 2, 0.5f, 0.6f), [1, 2, 3]));
        Assert.Contains("2 thresholds for rows of 3 scores", lengths.Message, StringComparison.Ordinal);
    }

    private static float[] Release(ScorePlan plan, float[] clean)
    {
        float[] released = new float[clean.Length];
        Assert.True(ScoreHardening.TryHarden(plan, clean, released, out _));
        return released;
    }
}
