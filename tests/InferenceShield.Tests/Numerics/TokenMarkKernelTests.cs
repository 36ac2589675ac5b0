using InferenceShield.Numerics;

namespace InferenceShield.Tests;

/// <summary>What marks of tokens are computed with, against plain twins at every length and against exact sums.</summary>
[Trait("Widths", "all")]
public sealed class TokenMarkKernelTests
{
    private const int Longest = 300;

    [Fact]
    public void Raising_equals_its_portable_twin_and_the_comparison_of_fractions()
    {
        Random random = new(1);
        for (int length = 0; length <= Longest; length++)
        {
            int count = random.Next(1, 9);
            int chance = random.Next(1 << (count - 1)) * 2 + 1;
            uint[] planes = MakeWords(random, (length + GreenBits.Group - 1) / GreenBits.Group * count * GreenBits.Words);
            float[] row = [.. Enumerable.Range(0, length).Select(i => i % 9 == 0 ? float.NegativeInfinity : random.NextSingle())];
            float[] raised = new float[length];
            float[] expected = new float[length];
            GreenBits.Add(row, planes, count, chance, 1.5f, raised);
            GreenBits.AddScalar(row, planes, count, chance, 1.5f, expected);
            Assertions.SameBits(expected, raised);
            for (int i = 0; i < length; i++)
            {
                int fraction = 0; // the complement of the planes' bits, as a number of so many digits
                for (int plane = 0; plane < count; plane++)
                {
                    uint word = planes[(((i / GreenBits.Group * count) + plane) * GreenBits.Words) + (i % GreenBits.Group / 32)];
                    fraction = (fraction << 1) | (int)(word >> (i % 32) & 1);
                }

                Assert.Equal(fraction < chance ? row[i] + 1.5f : row[i], raised[i]);
            }

            GreenBits.Add(row, planes, count, chance, 1.5f, row);
            Assertions.SameBits(expected, row);
        }
    }

    [Fact]
    public void Rounds_equal_their_portable_twin_and_keep_the_mass()
    {
        Random random = new(2);
        for (int length = 16; length <= Longest; length += 16)
        {
            float[] shares = [.. Enumerable.Range(0, length).Select(i => random.NextSingle() / length)];
            float sum = shares.Sum();
            shares = [.. shares.Select(share => share / sum)];
            float[] expected = [.. shares];
            uint[] draws = MakeWords(random, length);
            TournamentRounds.Play(shares, draws, 30);
            TournamentRounds.PlayScalar(expected, draws, 30);
            Assertions.SameBits(expected, shares);
            Assert.Equal(1, shares.Sum(share => (double)share), 1e-4);
        }
    }

    [Fact]
    public void Collecting_equals_its_portable_twin()
    {
        Random random = new(3);
        for (int length = 0; length <= Longest; length++)
        {
            float[] values = [.. Enumerable.Range(0, length).Select(_ => random.Next(20) == 0 ? float.NaN : random.NextSingle())];
            float bar = random.NextSingle();
            int[] found = new int[random.Next(1, 100)];
            int[] expected = new int[found.Length];
            int count = 0;
            int expectedCount = 0;
            int start = random.Next(length + 1);
            Assert.Equal(TokenScan.CollectAboveScalar(values, start, bar, expected, ref expectedCount), TokenScan.CollectAbove(values, start, bar, found, ref count));
            Assert.Equal(expectedCount, count);
            Assert.Equal(expected, found);
            Assert.Equal(values.Count(value => value > bar), TokenScan.CountAbove(values, bar));
            Assert.Equal(values.Count(value => value > bar), TokenScan.CountAboveScalar(values, bar));
        }
    }

    [Fact]
    public void The_leading_tokens_are_those_within_the_widest_reach_that_fits()
    {
        Random random = new(4);
        int[] tokens = new int[LeadingTokens.Most];
        foreach (float spread in (float[])[0, 1e-6f, 1, 10, 100])
        {
            foreach (int length in (int[])[1, 255, 256, 257, 5000, 20_000])
            {
                float[] logits = [.. Enumerable.Range(0, length).Select(_ => 3 + (spread * random.NextSingle()))];
                float largest = logits.Max();
                float reach = LeadingTokens.Reach;
                int[] expected = [.. Enumerable.Range(0, length).Where(i => logits[i] > largest - reach)];
                while (expected.Length > LeadingTokens.Most && largest - reach < largest)
                {
                    reach *= 0.75f;
                    expected = [.. Enumerable.Range(0, length).Where(i => logits[i] > largest - reach)];
                }

                if (expected.Length == 0)
                {
                    expected = [.. Enumerable.Range(0, length).Where(i => logits[i] == largest).Take(LeadingTokens.Most)];
                }

                Assert.Equal(expected, tokens[..LeadingTokens.Find(logits, largest, tokens)]);
            }
        }
    }

    [Fact]
    public void The_binomial_tail_is_the_sum_of_its_terms()
    {
        foreach (double chance in (double[])[0.05, 0.25, 0.5, 0.9])
        {
            foreach (int tosses in (int[])[1, 2, 17, 60])
            {
                for (int heads = 0; heads <= tosses; heads++)
                {
                    double sum = Enumerable.Range(heads, tosses - heads + 1).Sum(i => Choose(tosses, i) * Math.Pow(chance, i) * Math.Pow(1 - chance, tosses - i));
                    Assert.Equal(1, HeadsTail.Of(heads, tosses, chance) / sum, 9);
                }
            }
        }

        Assert.Equal(1, HeadsTail.Of(0, 0, 0.5));
        Assert.Equal(1, Math.Log(HeadsTail.Of(1000, 1000, 0.5)) / (1000 * Math.Log(0.5)), 9);
        Assert.InRange(HeadsTail.Of(500_000, 1_000_000, 0.5), 0.5, 0.501);
    }

    /// <summary>Against all sums of a few coins, and for equal weights against the binomial tail far out.</summary>
    [Fact]
    public void The_tail_of_weighted_coins_is_close_to_the_exact_one()
    {
        double[] equal = [.. Enumerable.Repeat(1 / 30.0, 30)];
        foreach (int heads in (int[])[3000, 3010, 3100, 3300, 3600, 3900, 2900])
        {
            // Between two whole numbers of heads, where a continuous approximation has to be compared.
            double exact = Math.Sqrt(HeadsTail.Of(heads, 6000, 0.5) * HeadsTail.Of(heads + 1, 6000, 0.5));
            double found = CoinSumTail.Of((double)heads / 6000, 200, equal);
            Assert.InRange(Math.Log(found) - Math.Log(exact), -0.05, 0.05);
        }

        double[] weights = [0.4, 0.35, 0.25];
        const int Count = 4;
        double[] sums = [0];
        for (int i = 0; i < Count; i++)
        {
            foreach (double weight in weights)
            {
                sums = [.. sums, .. sums.Select(sum => sum + weight)];
            }
        }

        foreach (double mean in (double[])[0.55, 0.7, 0.8, 0.9])
        {
            double exact = sums.Count(sum => sum >= (mean * Count) - 1e-9) / (double)sums.Length;
            Assert.InRange(CoinSumTail.Of(mean, Count, weights) / exact, 0.7, 1.3);
        }

        Assert.Equal(1.0 / 4096, CoinSumTail.Of(1, Count, weights), 12);
        Assert.Equal(1, CoinSumTail.Of(0, Count, weights));
        Assert.Equal(2.866515719235352e-7, CoinSumTail.Upper(5), 1e-16); // Abramowitz and Stegun, table 26.2
        Assert.Equal(1, CoinSumTail.Upper(10) / 7.619853024160527e-24, 9);
    }

    private static double Choose(int all, int some)
    {
        double ways = 1;
        for (int i = 1; i <= some; i++)
        {
            ways *= (double)(all - some + i) / i;
        }

        return ways;
    }

    private static uint[] MakeWords(Random random, int count)
    {
        uint[] words = new uint[count];
        for (int i = 0; i < count; i++)
        {
            words[i] = (uint)random.NextInt64(1L << 32);
        }

        return words;
    }
}
