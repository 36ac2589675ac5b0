using System.Numerics;
using MathNet.Numerics.Distributions;

namespace InferenceShield.Lab.Tests;

public sealed class SignSumTests
{
    [Theory]
    [InlineData(1, new[] { 3 })]
    [InlineData(2, new[] { 1, 2, 3, 4, 5 })]
    [InlineData(3, new[] { 4, 4, 4, 4 })]
    [InlineData(4, new[] { 2, 6, 0, 10, 4, 0, 8 })]
    [InlineData(5, new[] { 1, 1, 1, 17 })]
    public void Is_what_all_signs_give(int _, int[] weights)
    {
        SignSum sum = new(weights);
        int[] counted = [.. weights.Where(weight => weight > 0)];
        int total = counted.Sum();
        for (int at = -total - 1; at <= total; at++)
        {
            int hits = Enumerable.Range(0, 1 << counted.Length).Count(signs => counted.Select((weight, i) => (signs >> i & 1) == 1 ? weight : -weight).Sum() >= at);
            Assert.Equal(hits / (double)(1 << counted.Length), sum.Upper(at), 14);
        }

        Assert.True(sum.IsExact);
    }

    [Fact]
    public void Equal_weights_are_the_binomial_test_far_into_its_tail()
    {
        SignSum sum = new([.. Enumerable.Repeat(1, 243)]);
        BigInteger hits = 0;
        BigInteger term = 1;
        for (int i = 0; i <= 5; i++)
        {
            hits += term;
            term = term * (243 - i) / (i + 1);
        }

        double expected = Math.Exp(BigInteger.Log(hits) - (243 * Math.Log(2))); // 238 of 243 or more
        Assert.Equal(1, sum.Upper(238 - 5) / expected, 10);
        Assert.True(expected < 1e-60);
    }

    [Fact]
    public void Unequal_weights_are_right_far_into_their_tail()
    {
        int[] weights = [.. Enumerable.Range(0, 400).Select(i => 1 + (i % 7))];
        SignSum sum = new(weights);
        Assert.Equal(1, sum.Upper(weights.Sum()) / Math.Pow(2, -400), 10);
        Assert.Equal(1, sum.Upper(weights.Sum() - 2) / (Math.Pow(2, -400) * (1 + weights.Count(weight => weight == 1))), 10);
    }

    [Fact]
    public void Beyond_what_can_be_added_up_it_is_a_bound()
    {
        int[] weights = [.. Enumerable.Range(0, 3000).Select(i => 1 + (i * 7919 % 3001))];
        SignSum bound = new(weights);
        Assert.False(bound.IsExact);
        double deviation = Math.Sqrt(weights.Sum(weight => (double)weight * weight));
        for (int z = 0; z <= 6; z++)
        {
            Assert.InRange(bound.Upper((long)(z * deviation)), Normal.CDF(0, 1, -z), 1);
        }
    }

    [Fact]
    public void No_p_value_is_zero_and_none_is_above_one()
    {
        SignSum many = new([.. Enumerable.Repeat(1, 5000)]);
        Assert.Equal(1e-300, many.Upper(5000));
        Assert.Equal(1, many.Upper(-5000));
        Assert.Equal(1, new SignSum([0, 0]).Upper(0));
    }

    [Theory]
    [InlineData(30, 14, 1.0 / 9)]
    [InlineData(200, 25, 0.1)]
    [InlineData(200, 10, 0.1)]
    [InlineData(1000, 520, 0.5)]
    public void Binomial_tails_are_those_of_the_beta_function(int trials, int successes, double chance) =>
        Assert.Equal(1, BinomialTail.Upper(trials, successes, chance) / MathNet.Numerics.SpecialFunctions.BetaRegularized(successes, trials - successes + 1, chance), 9);

    [Fact]
    public void The_number_that_is_needed_has_the_power_that_is_said()
    {
        int needed = BinomialTail.Needed(0.6, 0.5, 1e-6);
        Assert.InRange(needed, 800, 1000); // ((4.75 x .5 + 1.28 x .49) / .1)^2 = 902, by the normal
        SeededRandom random = new(5, 1);
        int reached = 0;
        for (int run = 0; run < 1000; run++)
        {
            int hits = 0;
            for (int i = 0; i < needed; i++)
            {
                hits += random.NextUnit() <= 0.6 ? 1 : 0;
            }

            reached += BinomialTail.Upper(needed, hits, 0.5) <= 1e-6 ? 1 : 0;
        }

        Assert.InRange(reached, 865, 935);
    }
}
