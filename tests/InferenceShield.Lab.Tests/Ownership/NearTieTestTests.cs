using InferenceShield.Numerics;

namespace InferenceShield.Lab.Tests;

public sealed class NearTieTestTests
{
    private const int Classes = 6;
    private const double Margin = 0.2;

    [Theory]
    [InlineData(MarkKeying.Cell)]
    [InlineData(MarkKeying.ExactInput)]
    public void A_suspect_that_answers_as_the_shield_does_is_told_and_others_are_not(MarkKeying keying)
    {
        float[] clean = Draw(2000, seed: 1, out Hash128[] inputs);
        NearTieTest test = new(OutputKind.Probabilities, clean, Classes, Margin, keying, inputs);
        SipHashKey key = RandomKeys.Get(77, 0);
        int[] copied = Answer(clean, inputs, key, keying);
        int[] unmarked = Clean(clean);

        TestOutcome copy = test.Run(key, copied);
        TestOutcome honest = test.Run(key, unmarked);
        Assert.Equal(test.Ties, copy.Answers);
        Assert.Equal(1, copy.Statistic);
        Assert.True(copy.PValue < (keying == MarkKeying.Cell ? 1e-9 : 1e-60), $"{copy.PValue}");
        Assert.InRange(honest.PValue, 0.001, 1);
        Assert.InRange(0.0, honest.EffectLow, honest.EffectHigh);
    }

    [Fact]
    public void An_exact_input_test_is_the_binomial_test_on_distinct_inputs()
    {
        float[] clean = Draw(500, seed: 2, out Hash128[] inputs);
        SipHashKey key = RandomKeys.Get(3, 1);
        int[] labels = Clean(clean);
        TestOutcome once = new NearTieTest(OutputKind.Probabilities, clean, Classes, Margin, MarkKeying.ExactInput, inputs).Run(key, labels);
        TestOutcome twice = new NearTieTest(OutputKind.Probabilities, [.. clean, .. clean], Classes, Margin, MarkKeying.ExactInput, [.. inputs, .. inputs]).Run(key, [.. labels, .. labels]);
        Assert.Equal(once, twice);
        Assert.Equal(BinomialTail.Upper(once.Answers, (int)Math.Round(once.Statistic * once.Answers), 0.5), once.PValue, 12);
    }

    [Theory]
    [InlineData(MarkKeying.Cell)]
    [InlineData(MarkKeying.ExactInput)]
    public void Random_keys_accuse_a_clean_model_as_often_as_chance_allows(MarkKeying keying)
    {
        float[] clean = Draw(1500, seed: 4, out Hash128[] inputs);
        NearTieTest test = new(OutputKind.Probabilities, clean, Classes, Margin, keying, inputs);
        double[] values = test.RunRandomKeys(Clean(clean), keys: 4000, seed: 9);
        foreach (double level in (ReadOnlySpan<double>)[0.01, 0.05, 0.2, 0.5])
        {
            // An exact test keeps its level; four deviations of the share of 4,000 keys.
            double share = values.Count(value => value <= level) / 4000.0;
            Assert.True(share <= level + (4 * Math.Sqrt(level * (1 - level) / 4000)), $"{share} at {level}");
            Assert.True(share >= (0.6 * level) - 0.004, $"{share} at {level}: far too careful");
        }

        Assert.Equal(values, test.RunRandomKeys(Clean(clean), keys: 4000, seed: 9));
        Assert.NotEqual(values, test.RunRandomKeys(Clean(clean), keys: 4000, seed: 10));
    }

    [Fact]
    public void A_binomial_test_of_cells_would_claim_too_much()
    {
        // What cells are for: an honest model that always prefers the lower label of a pair matches whole cells or none.
        float[] clean = Draw(3000, seed: 6, out _);
        NearTieTest test = new(OutputKind.Probabilities, clean, Classes, Margin, MarkKeying.Cell);
        SignSample sample = test.Read(Lower(clean));
        double[] exact = test.RunRandomKeys(Lower(clean), 1000, seed: 2);
        int naive = Enumerable.Range(0, 1000).Count(i =>
        {
            TestOutcome outcome = sample.Test(test.Bits(RandomKeys.Get(2, i)));
            return BinomialTail.Upper(outcome.Answers, (int)Math.Round(outcome.Statistic * outcome.Answers), 0.5) < 0.01;
        });
        Assert.True(naive > 50, $"{naive}");
        Assert.InRange(exact.Count(value => value < 0.01), 0, 23);
        Assert.True(sample.GroupSize > 5);
    }

    [Fact]
    public void Exempt_classes_and_answers_outside_the_pair_do_not_count()
    {
        float[] clean = Draw(1000, seed: 7, out _);
        NearTieTest all = new(OutputKind.Probabilities, clean, Classes, Margin, MarkKeying.Cell);
        NearTieTest fewer = new(OutputKind.Probabilities, clean, Classes, Margin, MarkKeying.Cell, exempt: [0, 1]);
        Assert.InRange(fewer.Ties, 1, all.Ties - 50);
        int[] labels = Clean(clean);
        labels.AsSpan(0, 500).Fill(-1);
        Assert.InRange(all.Run(RandomKeys.Get(1, 0), labels).Answers, 1, all.Ties - 1);
        Array.Fill(labels, -1);
        Assert.True(double.IsNaN(all.Run(RandomKeys.Get(1, 0), labels).PValue));
    }

    private static float[] Draw(int rows, ulong seed, out Hash128[] inputs)
    {
        SeededRandom random = new(seed, 3);
        float[] clean = new float[rows * Classes];
        inputs = new Hash128[rows];
        for (int row = 0; row < rows; row++)
        {
            inputs[row] = new Hash128(random.NextUInt64(), random.NextUInt64());
            Span<float> one = clean.AsSpan(row * Classes, Classes);
            float sum = 0;
            foreach (ref float value in one)
            {
                value = (float)Math.Exp(2 * random.NextGaussian());
                sum += value;
            }

            foreach (ref float value in one)
            {
                value /= sum;
            }
        }

        return clean;
    }

    private static int[] Clean(float[] clean) => [.. clean.Chunk(Classes).Select(row => Array.IndexOf(row, row.Max()))];

    private static int[] Lower(float[] clean) => [.. clean.Chunk(Classes).Select(row =>
    {
        float[] order = [.. row.OrderDescending()];
        return Math.Min(Array.IndexOf(row, order[0]), Array.IndexOf(row, order[1]));
    })];

    /// <summary>The shield's own rule.</summary>
    private static int[] Answer(float[] clean, Hash128[] inputs, SipHashKey key, MarkKeying keying)
    {
        int[] labels = Clean(clean);
        for (int row = 0; row < labels.Length; row++)
        {
            if (NearTieMark.TryFind(OutputKind.Probabilities, clean.AsSpan(row * Classes, Classes), Margin, out NearTie tie))
            {
                labels[row] = keying == MarkKeying.Cell ? NearTieMark.Pick(key, tie) : NearTieMark.Pick(key, tie, inputs[row]);
            }
        }

        return labels;
    }
}
