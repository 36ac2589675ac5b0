using InferenceShield.Numerics;

namespace InferenceShield.Tests;

/// <summary>Rows that are rounded in floats against the passes over doubles: the same bits.</summary>
[Trait("Widths", "all")]
public sealed class FloatRoundingTests
{
    [Fact]
    public void The_answer_is_that_of_the_passes_at_every_length()
    {
        Random random = new(21);
        for (int length = 1; length <= 257; length++)
        {
            foreach (double spread in (double[])[0.01, 1, 4, 60])
            {
                Check([.. Enumerable.Range(0, length).Select(_ => (float)(spread * Gaussian(random)))], decimals: 1 + (length % 5));
            }
        }
    }

    /// <summary>Every logit is that of a half or whole step, but for its own rounding: what floats cannot tell.</summary>
    [Fact]
    public void Shares_near_whole_steps_and_near_each_other_are_told_apart_as_the_passes_do()
    {
        Random random = new(22);
        for (int round = 0; round < 2000; round++)
        {
            int length = random.Next(32, 80);
            double[] parts = [.. Enumerable.Range(0, length).Select(_ => random.Next(1, 7) * 0.25)];
            parts[random.Next(length)] = 100 + random.Next(100);
            double sum = parts.Sum();
            float[] row = [.. parts.Select(part => (float)Math.Log(part / sum))];
            row[random.Next(length)] = MathF.BitIncrement(row[random.Next(length)]);
            Check(row, decimals: random.Next(1, 4));
        }
    }

    [Fact]
    public void Ends_of_what_a_logit_can_be_are_answered_as_by_the_passes()
    {
        float[] row = new float[40];
        Check(row, 2); // all tie
        row[7] = float.MaxValue;
        row[9] = -float.MaxValue;
        Check(row, 2);
        Array.Fill(row, -100); // one class has all: below e^-87 nothing counts
        row[3] = 0;
        Check(row, 3);
        row[5] = -1e-30f;
        Check(row, 1);
        row[5] = -20;
        Check(row, 3);
    }

    [Fact]
    public void Most_rows_need_no_doubles_and_the_confidence_is_near()
    {
        if (!FloatSplit.IsSupported)
        {
            return;
        }

        Random random = new(23);
        int fast = 0;
        for (int round = 0; round < 400; round++)
        {
            float[] row = [.. Enumerable.Range(0, random.Next(32, 1500)).Select(_ => (float)(3 * Gaussian(random)))];
            if (FloatRounding.TryRelease(row, 100, 0.01, row.ToArray(), out int top, out float confidence))
            {
                fast++;
                double exact = 1 / row.Sum(score => Math.Exp(score - (double)row[top]));
                Assert.InRange(confidence, exact * (1 - 1e-5), exact * (1 + 1e-5));
            }
        }

        Assert.InRange(fast, 380, 400);
    }

    /// <summary>Two fused products instead of a division of doubles.</summary>
    [Theory]
    [InlineData(10)]
    [InlineData(100)]
    [InlineData(1000)]
    public void Every_number_of_steps_is_released_as_doubles_release_it(int units)
    {
        double gridStep = 1.0 / units;
        float high = (float)gridStep;
        float low = (float)(gridStep - high);
        for (int steps = 0; steps <= units; steps++)
        {
            Assert.Equal((float)(steps * gridStep), MathF.FusedMultiplyAdd(steps, high, steps * low));
        }
    }

    private static void Check(float[] clean, int decimals)
    {
        OutputPlan plan = new("scores", OutputKind.Logits, new HardeningOptions { Decimals = decimals });
        float[] expected = new float[clean.Length];
        double[] distribution = new double[clean.Length];
        Assert.True(DistributionHardening.TryNormalize(plan, clean, distribution, out int expectedTop, out _, out _));
        GridRounding.Apply(distribution, expectedTop, plan.GridUnits, new double[clean.Length], new int[Math.Min(clean.Length, plan.GridUnits)]);
        GridSplit.Release(distribution, plan.GridStep, expected);

        float[] found = [.. clean, 7];
        Assert.True(DistributionHardening.TryHarden(
            plan, HardeningStep.NoiseKey, found.AsSpan(0, clean.Length), found.AsSpan(0, clean.Length), out int top, out _, out _));
        Assertions.SameBits(expected, found.AsSpan(0, clean.Length));
        Assert.Equal(expectedTop, top);
        Assert.Equal(7, found[^1]);
    }

    private static double Gaussian(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
