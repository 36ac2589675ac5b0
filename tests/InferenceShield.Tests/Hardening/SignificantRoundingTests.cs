namespace InferenceShield.Tests;

public sealed class SignificantRoundingTests
{
    [Theory]
    [InlineData(1, new float[] { 0.6213f, 0.2471f, 0.1316f }, new float[] { 0.7f, 0.2f, 0.1f })]
    [InlineData(2, new float[] { 0.6213f, 0.2471f, 0.1316f }, new float[] { 0.62f, 0.25f, 0.13f })]
    [InlineData(3, new float[] { 0.6213f, 0.2471f, 0.1316f }, new float[] { 0.621f, 0.247f, 0.132f })]
    [InlineData(1, new float[] { 0.00321f, 0.97f, 0.02679f }, new float[] { 0.003f, 0.967f, 0.03f })]
    [InlineData(2, new float[] { 0.5f, 0.5f }, new float[] { 0.51f, 0.49f })]
    [InlineData(1, new float[] { 1, 0, 0 }, new float[] { 1, 0, 0 })]
    [InlineData(1, new float[] { 0.9999f, 0.0001f, 0 }, new float[] { 0.9999f, 0.0001f, 0 })]
    [InlineData(1, new float[] { 0.999999f, 0.000001f, 0 }, new float[] { 1, 0, 0 })]
    [InlineData(1, new float[] { 0.17f, 0.166f, 0.166f, 0.166f, 0.166f, 0.166f }, new float[] { 0.3f, 0.2f, 0.2f, 0.1f, 0.1f, 0.1f })]
    public void Known_rows_are_rounded_as_by_hand(int digits, float[] clean, float[] expected)
    {
        float[] released = new float[clean.Length];
        HardeningSteps.RoundToSignificantDigits(clean, released, digits);
        Assert.Equal(expected, released);
    }

    [Fact]
    public void All_but_the_leader_show_no_more_digits_and_none_moves_by_more_than_a_step()
    {
        Properties.Hold(DistributionCase.Of(2, 3, 10, 257, 6625), test =>
        {
            float[] clean = [.. test.Probabilities().Select(value => (float)value)];
            int digits = 1 + (test.Seed % 5);
            float[] released = new float[clean.Length];
            HardeningSteps.RoundToSignificantDigits(clean, released, digits);
            int top = Assertions.FirstOfLargest(clean);
            double highest = 0;
            for (int i = 0; i < clean.Length; i++)
            {
                int steps = (int)Math.Round(released[i] * 1e5);
                int step = StepOf(steps, digits);
                if (i != top)
                {
                    Assert.Equal(0, steps % step);

                    // One step of the clean value's size, and one of the grid, which comes first.
                    int allowed = StepOf((int)(clean[i] * 1e5), digits) + 1;
                    Assert.InRange(Math.Abs((clean[i] * 1e5) - steps), 0, allowed + 1e-2);
                    highest = Math.Max(highest, released[i]);
                }
            }

            // The leader too, unless it had to get ahead of a near-tie, and but for what ties cost on the grid.
            double moved = released[top] - clean[top];
            double unit = StepOf((int)(clean[top] * 1e5), digits) * 1e-5;
            double ties = clean.Count(value => Math.Abs(value - clean[top]) <= 2e-5) * 1e-5;
            Assert.True(moved >= -unit - ties - 1e-5, $"the leader fell by {-moved}");
            Assert.True(moved <= unit + ties + 1e-5 || released[top] <= highest + (2 * unit), $"the leader rose by {moved}");
        }, tests: 2000);
    }

    [Fact]
    public void Many_small_classes_together_keep_what_they_have()
    {
        // Each rounds down to .001. Without largest remainders the leader would gain .2 of their .7.
        float[] clean = [0.3f, .. Enumerable.Repeat(0.0014f, 500)];
        float[] released = new float[clean.Length];
        HardeningSteps.RoundToSignificantDigits(clean, released, 1);
        Assert.Equal(0.3f, released[0], 1e-6f);
        Assert.Equal(200, released.Count(value => value == 0.002f));
        Assert.Equal(300, released.Count(value => value == 0.001f));
        Assert.All(Enumerable.Range(1, 200), i => Assert.Equal(0.002f, released[i]));
    }

    private static int StepOf(int steps, int digits)
    {
        int step = 1;
        for (int most = (int)Math.Pow(10, digits); steps >= most * step;)
        {
            step *= 10;
        }

        return step;
    }
}
