using InferenceShield.Lab;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

/// <summary>The cold start's e-CUSUM: what it bets, and what it promises under contamination.</summary>
public sealed class ColdStartTests
{
    private static readonly float[] s_normal = [.. Enumerable.Range(0, 1 << 14).Select(i => (float)NormalDistribution.Quantile((i + .5) / (1 << 14)))];

    private const float Discount = 1 + (ColdStart.Contamination * (ColdStart.Cap - 1));

    [Theory]
    [InlineData(0, .5)]
    [InlineData(1.96, .97500210485177957)]
    [InlineData(-3, .0013498980316300946)]
    [InlineData(-6, 9.8658764503769814e-10)]
    [InlineData(9, 1)]
    public void The_normal_distribution_is_that_of_the_tables(double x, double share)
    {
        Assert.Equal(share, NormalDistribution.Cumulative(x), 1e-15);
        if (Math.Abs(x) < 5)
        {
            Assert.Equal(x, NormalDistribution.Quantile(share), 1e-6);
        }
    }

    [Fact]
    public void The_normal_scores_are_symmetric_and_reach_as_far_as_128_ranks_do()
    {
        Assert.Equal(-2.6600674686174597, NormalDistribution.Quantile(.5 / 128), 1e-12);
        Assert.Equal(1.959963984540054, NormalDistribution.Quantile(.975), 1e-12);
        Assert.Throws<ArgumentOutOfRangeException>(() => NormalDistribution.Quantile(double.NaN));
    }

    [Fact]
    public void Evidence_is_the_mean_bet_of_the_scalars_in_use()
    {
        bool[] active = [.. Enumerable.Repeat(true, 12)];
        active[3] = false;
        SeededRandom random = new(8, 1);
        for (int i = 0; i < 200; i++)
        {
            float[] z = [.. Enumerable.Range(0, 12).Select(_ => Math.Clamp(WatchCases.NextNormal(ref random) * 2, -6, 6))];
            double expected = z.Where((_, at) => at != 3).Average(score => SlowCaller.Evidence(Math.Floor(Math.Abs(score) * 64) / 64));
            Assert.Equal(1, ColdStart.EvidenceOf(z, active) / expected, 1e-5);
        }

        Assert.Equal(1, ColdStart.EvidenceOf(new float[12], new bool[12]));
        Assert.Equal(MathF.Log(3 / 1.6f), ColdStart.Next(-1, 1000), 1e-6f);
        Assert.Equal(2 + MathF.Log(.5f / 1.6f), ColdStart.Next(2, .5f), 1e-6f);
    }

    /// <summary>A bet against uniform shares wins nothing in the mean.</summary>
    [Fact]
    public void Evidence_is_at_most_one_in_the_mean_over_benign_queries()
    {
        bool[] active = new bool[12];
        active[0] = true;
        float[] z = new float[12];
        double sum = 0;
        const int Steps = 20_000;
        for (int i = 0; i < Steps; i++)
        {
            z[0] = (float)NormalDistribution.Quantile((i + .5) / Steps);
            sum += ColdStart.EvidenceOf(z, active);
        }

        Assert.InRange(sum / Steps, .7, 1);
    }

    /// <summary>Of each ten queries three are the worst there are, the others benign. The mean of e is 1 at most, so by Ville its product from the first query on passes
    /// 1000 in one stream of 1,000 at most, and the CUSUM takes 1,000 queries to a false alarm in the mean.</summary>
    /// <remarks>4,000 streams: 4 expected at most; more than 13 has a probability of 2e-4. 400 run lengths of mean 1,000 (deviation 1,000): a mean below 820 has
    /// one of about 2e-4.</remarks>
    [Fact]
    public void The_level_holds_though_three_queries_in_ten_are_anything()
    {
        SeededRandom random = new(20_260_906, 4);
        bool[] active = [.. Enumerable.Repeat(true, 12)];
        int passed = 0;
        for (int stream = 0; stream < 4000; stream++)
        {
            double log = 0;
            bool passes = false;
            for (int query = 0; query < 100; query++)
            {
                log += MathF.Log(Math.Min(Evidence(ref random, active), ColdStart.Cap) / Discount);
                passes |= log >= ColdStart.Threshold;
            }

            passed += passes ? 1 : 0;
        }

        Assert.InRange(passed, 0, 13);
        long queries = 0;
        for (int alarm = 0; alarm < 400; alarm++)
        {
            float sum = 0;
            while (sum <= ColdStart.Threshold && queries < 400L * 5000)
            {
                sum = ColdStart.Next(sum, Evidence(ref random, active));
                queries++;
            }
        }

        Assert.True(queries / 400.0 >= 820, $"{queries / 400.0:0} queries to a false alarm in the mean.");
    }

    private static float Evidence(ref SeededRandom random, bool[] active)
    {
        Span<float> z = stackalloc float[12];
        bool isAnything = random.NextInt32(10) < 3;
        foreach (ref float score in z)
        {
            score = isAnything ? 6 : s_normal[random.NextInt32(s_normal.Length)];
        }

        return ColdStart.EvidenceOf(z, active);
    }
}
