using FsCheck;
using FsCheck.Fluent;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

/// <summary>The leading few classes of logits against those of the whole distribution: the same bits.</summary>
[Trait("Widths", "all")]
public sealed class LeadingFewTests
{
    private static readonly Gen<(ScoreCase Scores, int Kept, int Decimals)> s_cases =
        from scores in ScoreCase.Of(OutputKind.Logits)
        from kept in Gen.Choose(2, LeadingFew.Most + 1)
        from decimals in Gen.Choose(1, 5)
        select (scores, kept, decimals);

    [Fact]
    public void The_answer_is_that_of_the_whole_distribution() =>
        Properties.Hold(s_cases, test => Check(test.Scores.Scores(), test.Kept, test.Decimals), tests: 2000);

    [Fact]
    public void The_answer_is_that_of_the_whole_distribution_at_every_length()
    {
        Random random = new(31);
        for (int length = 2; length <= 257; length++)
        {
            foreach (int step in (int[])[0, 1, 64])
            {
                // Of whole steps many scores tie, at the end of the few too.
                float[] row = [.. Enumerable.Range(0, length).Select(_ => step == 0 ? 8 * random.NextSingle() : random.Next(-3, 3) / (float)step)];
                row[random.Next(length)] += 2;
                row[random.Next(length)] = MathF.BitIncrement(row[random.Next(length)]);
                Check(row, kept: 2 + (length % 7), decimals: 1 + (length % 5));
            }
        }
    }

    /// <summary>The kept ones have shares of half and whole steps, but for the rounding of logits.</summary>
    [Fact]
    public void Remainders_that_nearly_tie_are_told_apart_as_in_the_whole_distribution()
    {
        Random random = new(32);
        for (int round = 0; round < 5000; round++)
        {
            int kept = random.Next(2, 6);
            float[] row = [.. Enumerable.Range(0, random.Next(kept + 1, 40)).Select(_ => -20 - random.NextSingle())];
            int[] parts = [.. Enumerable.Range(0, kept).Select(_ => random.Next(1, 9))];
            for (int i = 0; i < kept; i++)
            {
                row[i] = (float)Math.Log(parts[i] / (double)parts.Sum());
            }

            Check(row, kept, decimals: 1);
        }
    }

    [Fact]
    public void Most_rows_need_no_distribution()
    {
        Random random = new(33);
        int fast = 0;
        for (int round = 0; round < 1000; round++)
        {
            float[] row = [.. Enumerable.Range(0, random.Next(4, 1100)).Select(_ => 8 * random.NextSingle())];
            fast += LeadingFew.TryRelease(row, 3, 100, 0.01, row, out _) ? 1 : 0;
        }

        Assert.InRange(fast, 950, 1000);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_row_that_is_not_finite_is_left_to_the_long_way_at_any_length_and_place(float wrong)
    {
        for (int length = 4; length <= 100; length++)
        {
            for (int place = 0; place < length; place++)
            {
                float[] clean = new float[length];
                clean[place] = wrong;
                Assert.False(LeadingFew.TryRelease(clean, 3, 100, 0.01, new float[length], out _));
            }
        }
    }

    [Fact]
    public void A_bar_is_reached_by_as_many_and_all_that_reach_it_are_collected()
    {
        Random random = new(34);
        Span<int> indices = stackalloc int[300];
        for (int length = 0; length <= 257; length++)
        {
            float[] row = [.. Enumerable.Range(0, length).Select(_ => (float)random.Next(-20, 20))];
            float bar = random.Next(-20, 20);
            if (length >= RowScan.Lanes)
            {
                int count = 1 + (length % RowScan.Lanes);
                Assert.True(RowScan.TryFindBar(row, count, out bar));
                Assert.True(row.Count(score => score >= bar) >= count);
                Assert.True(RowScan.TryFindBarScalar(row, count, out float scalar));
                Assert.True(row.Count(score => score >= scalar) >= count);
            }

            int found = RowScan.Collect(row, bar, indices);
            Assert.Equal(Enumerable.Range(0, length).Where(i => row[i] >= bar), indices[..found].ToArray());
            Assert.Equal(0, found == 0 ? 0 : RowScan.Collect(row, bar, indices[..(found - 1)]));
        }
    }

    private static void Check(float[] clean, int kept, int decimals)
    {
        OutputPlan plan = new("scores", OutputKind.Logits, new HardeningOptions { TopK = kept, Decimals = decimals });
        float[] expected = new float[clean.Length];
        double[] distribution = new double[clean.Length];
        Assert.True(DistributionHardening.TryNormalize(plan, clean, distribution, out int expectedTop, out _, out _));
        if (kept < clean.Length)
        {
            TopKRelease.Round(distribution, expectedTop, new int[kept], plan.GridUnits, plan.GridStep, expected);
        }
        else
        {
            GridRounding.Apply(distribution, expectedTop, plan.GridUnits, new double[clean.Length], new int[Math.Min(clean.Length, plan.GridUnits)]);
            GridSplit.Release(distribution, plan.GridStep, expected);
        }

        float[] found = [.. clean, 7];
        Assert.True(DistributionHardening.TryHarden(
            plan, HardeningStep.NoiseKey, found.AsSpan(0, clean.Length), found.AsSpan(0, clean.Length), out int top, out _, out _));
        Assertions.SameBits(expected, found.AsSpan(0, clean.Length));
        Assert.Equal(expectedTop, top);
        Assert.Equal(7, found[^1]);
    }
}
