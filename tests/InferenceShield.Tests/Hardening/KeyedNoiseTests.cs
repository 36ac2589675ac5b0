using FsCheck;
using FsCheck.Fluent;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

[Trait("Widths", "all")]
public sealed class KeyedNoiseTests
{
    private static readonly SipHashKey s_key = new(TestShield.Secret(5).AsSpan(0, 16));

    [Fact]
    public void Moves_a_distribution_by_the_budget_at_most_and_keeps_it_one_with_its_leader()
    {
        Gen<(ScoreCase Scores, double Budget)> cases =
            ScoreCase.Any.Zip(Gen.Frequency((1, Gen.Constant(1900)), (3, Gen.Choose(1, 1900))).Select(value => value / 1000.0));
        Properties.Hold(cases, test =>
        {
            double[] clean = Distribution(test.Item1);
            int top = Array.IndexOf(clean, clean.Max());
            double[] noisy = Apply(clean, top, test.Item2);
            Assert.All(noisy, value => Assert.InRange(value, 0, noisy[top] + 1e-12));
            Assert.InRange(noisy.Sum(), 1 - 1e-9, 1 + 1e-9);
            Assert.InRange(Distance(clean, noisy), 0, test.Item2 + 1e-9);
            Assert.Equal(noisy, Apply(clean, top, test.Item2));
        }, tests: 1000);
    }

    [Theory]
    [InlineData(0.05)]
    [InlineData(0.1)]
    [InlineData(0.2)]
    public void Spends_the_budget_where_nothing_has_to_be_clipped(double budget)
    {
        double[] clean = [0.2, 0.5, 0.3];
        Assert.Equal(budget, Distance(clean, Apply(clean, 1, budget)), 1e-12);
    }

    [Fact]
    public void Is_the_same_for_near_repeats_and_another_in_the_next_cell()
    {
        double[] first = Noise([0.52, 0.31, 0.17]);
        double[] near = Noise([0.53, 0.29, 0.18]);
        double[] next = Noise([0.57, 0.27, 0.16]);
        Assert.All(first.Zip(near), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
        Assert.True(Distance(first, next) > 1e-3);

        static double[] Noise(double[] clean) => [.. Apply(clean, 0, 0.05).Zip(clean, (noisy, value) => noisy - value)];
    }

    [Fact]
    public void Depends_on_the_label_even_where_the_probabilities_are_alike()
    {
        // Too little noise to be clipped, so that what it adds is all there is to see.
        double[] first = Noise([0.44, 0.42, 0.14], top: 0);
        double[] second = Noise([0.42, 0.44, 0.14], top: 1);
        Assert.True(Distance(first, second) > 1e-4);

        static double[] Noise(double[] clean, int top) => [.. Apply(clean, top, 0.01).Zip(clean, (noisy, value) => noisy - value)];
    }

    [Fact]
    public void Depends_on_the_key()
    {
        double[] clean = [0.2, 0.5, 0.3];
        double[] other = [.. clean];
        KeyedNoise.Apply(other, 1, 0.1, new SipHashKey(TestShield.Secret(6).AsSpan(0, 16)), new double[3]);
        Assert.True(Distance(Apply(clean, 1, 0.1), other) > 1e-3);
    }

    [Fact]
    public void Treats_every_class_of_a_wide_row_to_its_own_noise()
    {
        double[] clean = [0.5, .. Enumerable.Repeat(0.5 / 300, 300)];
        double[] noisy = Apply(clean, 0, 0.01);
        Assert.Equal(301, noisy.Distinct().Count());
    }

    [Fact]
    public void Is_symmetric_over_cells()
    {
        // The mean over many keys is the clean distribution: noise that leans would bias every answer.
        double mean = Enumerable.Range(0, 2000).Average(number =>
        {
            double[] noisy = [0.5, 0.3, 0.2];
            KeyedNoise.Apply(noisy, 0, 0.1, new SipHashKey(TestShield.Secret(number).AsSpan(0, 16)), new double[3]);
            return noisy[1] - 0.3;
        });
        Assert.InRange(mean, -0.003, 0.003);
    }

    [Fact]
    public void One_secret_and_model_name_give_one_answer_on_every_replica()
    {
        HardeningOptions hardening = new() { KeyedNoiseBudget = 0.3, Decimals = 5 };
        using Shield shield = TestShield.Build(hardening: hardening);
        using Shield replica = TestShield.Build(hardening: hardening);
        using Shield otherSecret = TestShield.Build(hardening: hardening, secret: 2);
        using Shield otherModel = TestShield.Build(hardening: hardening, name: "other");
        using Shield plain = TestShield.Build(hardening: new HardeningOptions { Decimals = 5 });
        float[] clean = [0.35f, 0.4f, 0.25f];
        float[] released = shield.Release(clean, 3);
        Assert.Equal(released, replica.Release(clean, 3));
        Assert.NotEqual(released, otherSecret.Release(clean, 3));
        Assert.NotEqual(released, otherModel.Release(clean, 3));
        Assert.NotEqual(released, plain.Release(clean, 3));
    }

    [Fact]
    public void Averaging_over_repeats_and_callers_gains_nothing()
    {
        using Shield shield = TestShield.Build(
            hardening: new HardeningOptions { KeyedNoiseBudget = 0.3, Decimals = 5 }, configure: options => options.Callers.Capacity = 100);
        float[] clean = [0.35f, 0.4f, 0.25f];
        float[] first = shield.Release(clean, 3);
        Assert.NotEqual(clean, first);
        for (int i = 0; i < 64; i++)
        {
            float[] again = [.. clean];
            Admission admission = shield.AdmitRows(1, $"sybil {i}");
            shield.Harden(in admission, again, classes: 3);
            Assertions.SameBits(first, again);
        }
    }

    private static double[] Apply(double[] clean, int top, double budget)
    {
        double[] noisy = [.. clean];
        KeyedNoise.Apply(noisy, top, budget, s_key, new double[clean.Length]);
        return noisy;
    }

    private static double[] Distribution(ScoreCase test)
    {
        float[] scores = test.Scores();
        double largest = scores.Max();
        double[] exact = test.Kind == OutputKind.Logits
            ? [.. scores.Select(score => Math.Exp(score - largest))]
            : [.. scores.Select(score => Math.Max(0.0, score))];
        double sum = exact.Sum();
        return [.. exact.Select(value => value / sum)];
    }

    private static double Distance(double[] left, double[] right) => left.Zip(right, (a, b) => Math.Abs(a - b)).Sum();
}
