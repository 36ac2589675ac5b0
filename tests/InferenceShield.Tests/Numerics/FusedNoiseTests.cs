using FsCheck;
using FsCheck.Fluent;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

/// <summary>Vector code against its portable twin, and both against plain arithmetic in double. Runs with whatever
/// instructions are switched on: set DOTNET_EnableAVX512=0, DOTNET_EnableAVX2=0 or DOTNET_EnableHWIntrinsic=0 to test the
/// other paths.</summary>
public sealed class FusedNoiseTests
{
    private static readonly CounterRandom s_random = new(TestShield.Secret(3).AsSpan(0, 16));

    private static readonly Hash128 s_cell = new(11, 12);

    [Fact]
    public void Vectors_give_the_bits_of_the_portable_twin_at_every_length_in_place_and_out_of_place()
    {
        Random random = new(1);
        foreach (int length in Enumerable.Range(1, 257).Append(1023).Append(1024).Append(1025).Append(5000))
        {
            float[] logits = Logits(random, length, 1 + (length % 30));
            int top = FusedNoise.FindTop(logits);
            Assert.Equal(FusedNoiseScalar.FindTop(logits), top);
            float[] expected = new float[length];
            double sum = FusedNoiseScalar.Exponentiate(logits, logits[top], 0.7f, expected);
            float[] weights = new float[length + 2];
            float[] inPlace = [.. logits];
            Assert.Equal(sum, FusedNoise.Exponentiate(logits, logits[top], 0.7f, weights.AsSpan(1, length)));
            Assert.Equal(sum, FusedNoise.Exponentiate(inPlace, logits[top], 0.7f, inPlace));
            Assert.Equal(expected, weights[1..^1]);
            Assert.Equal(expected, inPlace);
            Assert.Equal((0f, 0f), (weights[0], weights[^1]));
            Check<UniformSampler>(expected, sum, top);
            Check<LaplaceSampler>(expected, sum, top);
            Check<GaussianSampler>(expected, sum, top);
        }

        static void Check<TSampler>(float[] weights, double sum, int top)
            where TSampler : struct, INoiseSampler
        {
            float scale = 0.5f / weights.Length;
            float[] scalar = [.. weights];
            float[] vector = [-1, .. weights, -1];
            double expected = FusedNoiseScalar.Apply<TSampler>(scalar, sum, top, scale, 1000, in s_random, s_cell);
            double distance = FusedNoise.Apply<TSampler>(vector.AsSpan(1, weights.Length), sum, top, scale, 1000, in s_random, s_cell);
            Assert.Equal(scalar, vector[1..^1]);
            Assert.Equal(expected, distance);
            Assert.Equal((-1f, -1f), (vector[0], vector[^1]));
        }
    }

    [Fact]
    public void The_first_of_the_largest_leads_and_a_logit_that_is_not_finite_is_found_anywhere()
    {
        for (int length = 1; length <= 257; length++)
        {
            float[] logits = new float[length];
            int first = length * 7 % length;
            Assert.Equal(0, FusedNoise.FindTop(logits));
            Array.Fill(logits, 3, length / 3, length - (length / 3));
            Assert.Equal(length / 3, FusedNoise.FindTop(logits));
            Array.Fill(logits, float.MinValue);
            Assert.Equal(first, FusedNoise.FindTop(logits));
            foreach (float fault in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
            {
                for (int i = 0; i < length; i++)
                {
                    float saved = logits[i];
                    logits[i] = fault;
                    Assert.Equal(-1, FusedNoise.FindTop(logits));
                    Assert.Equal(-1, FusedNoiseScalar.FindTop(logits));
                    logits[i] = saved;
                }
            }
        }
    }

    [Fact]
    public void The_exponential_is_right_from_0_to_its_floor()
    {
        double worst = 0;
        for (int i = 0; i <= 1_000_000; i++)
        {
            float x = -87f * i / 1_000_000;
            worst = Math.Max(worst, Math.Abs(Exponential.Exp(x) - Math.Exp(x)) / Math.Exp(x));
        }

        Assert.InRange(worst, 0, 2e-7);
        Assert.Equal(1, Exponential.Exp(0f));
        Assert.Equal(Exponential.Exp(-87f), Exponential.Exp(float.NegativeInfinity));
        Assert.InRange(Exponential.Exp(-float.Epsilon), 0.999_999f, 1);
    }

    [Fact]
    public void An_answer_is_a_distribution_with_its_leader_strictly_in_front_and_no_further_away_than_stated()
    {
        var cases =
            from classes in Gen.Elements(1, 2, 3, 10, 31, 257, 1000, 6625)
            from spread in Gen.Elements(0f, 1e-6f, 0.5f, 3, 30, 1e30f)
            from ties in Gen.Choose(0, 3)
            from budget in Gen.Elements(0, 1e-4, 0.2, 1, 1.9)
            from units in Gen.Elements(10, 100, 10_000, 100_000)
            from seed in Gen.Choose(0, int.MaxValue)
            select (classes, spread, ties, budget, units, seed);
        Properties.Hold(cases, test =>
        {
            float[] logits = Logits(new Random(test.seed), test.classes, test.spread, test.ties);
            Check<UniformSampler>(logits, (float)(2 * test.budget / test.classes), test.units);
            Check<LaplaceSampler>(logits, (float)(test.budget / test.classes), test.units);
            Check<GaussianSampler>(logits, (float)(1.25 * test.budget / test.classes), test.units);
        }, tests: 500);
        float[] widest = Logits(new Random(5), 131_072, 3);
        Check<UniformSampler>(widest, 1f / widest.Length, 100_000);
        Check<GaussianSampler>(widest, 1f / widest.Length, 100_000);
    }

    [Fact]
    public void Allocates_nothing()
    {
        float[] weights = new float[1000];
        Assert.Equal(0, Allocations.Least(() =>
        {
            Array.Fill(weights, 0.5f);
            _ = FusedNoise.FindTop(weights);
            double sum = FusedNoise.Exponentiate(weights, 0.5f, 1, weights);
            FusedNoise.Apply<UniformSampler>(weights, sum, 0, 1e-4f, 10_000, in s_random, s_cell);
        }));
    }

    private static void Check<TSampler>(float[] logits, float scale, int units)
        where TSampler : struct, INoiseSampler
    {
        int top = FusedNoise.FindTop(logits);
        Assert.Equal(Array.IndexOf(logits, logits.Max()), top);
        float[] answer = new float[logits.Length];
        double sum = FusedNoise.Exponentiate(logits, logits[top], 1, answer);
        float[] weights = [.. answer];
        double distance = FusedNoise.Apply<TSampler>(answer, sum, top, scale, units, in s_random, s_cell);
        Assert.Equal(1, answer.Sum(value => (double)value), 1e-6);
        Assert.InRange(answer.Min(), 0, 1);
        Assert.All(Enumerable.Range(0, answer.Length), i => Assert.True(i == top || answer[i] < answer[top]));

        // In double, straight from the definition.
        double[] samples = new double[logits.Length];
        NoiseSamples.FillScalar<TSampler>(in s_random, s_cell, samples);
        double[] clean = [.. logits.Select(logit => Math.Max(Math.Exp((double)logit - logits[top]), Math.Exp(-87)))];
        double total = clean.Sum();
        double cap = Math.Max((clean[top] / total) + (scale * samples[top]), 1.0 / clean.Length);
        double[] noisy = [.. clean.Select((value, i) => i == top ? cap : Math.Clamp((value / total) + (scale * samples[i]), 0, cap))];
        double noisySum = noisy.Sum();
        double exact = noisy.Zip(clean, (left, right) => Math.Abs((left / noisySum) - (right / total))).Sum();
        Assert.InRange(exact, 0, distance + 2e-5);
        double leading = Math.Max(1, Math.Floor((cap * units) + 0.5));
        double[] steps = [.. noisy.Select((value, i) => i == top ? leading : Math.Min(leading - 1, Math.Floor((value * units) + 0.5)))];
        double stepSum = steps.Sum();

        // A float may fall on the other side of half a step: rarely, but if it is the leader's, for all that are level with it.
        double off = 1.01 / stepSum * (1 + (0.01 * steps.Length) + steps.Count(value => value == leading - 1));
        Assert.All(steps.Zip(answer), pair => Assert.Equal(pair.First / stepSum, pair.Second, (1.01 / stepSum) + (pair.First / stepSum * off)));
    }

    private static float[] Logits(Random random, int length, float spread, int ties = 0)
    {
        float[] logits = [.. Enumerable.Range(0, length).Select(_ => spread * ((2 * random.NextSingle()) - 1))];
        float largest = logits.Max();
        for (int i = 0; i < ties; i++)
        {
            logits[random.Next(length)] = largest;
        }

        return logits;
    }
}
