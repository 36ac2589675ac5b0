using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

[Trait("Widths", "all")]
public sealed class KeyedNoiseTests
{
    private static readonly NoiseKey s_key = new(TestShield.Secret(5));

    [Fact]
    public void Moves_a_distribution_by_the_budget_at_most_and_keeps_it_one_with_its_leader()
    {
        var cases =
            from scores in ScoreCase.Any
            from budget in Gen.Frequency((1, Gen.Constant(1900)), (3, Gen.Choose(1, 1900))).Select(value => value / 1000.0)
            from kind in Gen.Elements(Enum.GetValues<NoiseKind>())
            select (scores, budget, kind);
        Properties.Hold(cases, test => Check(Distribution(test.scores), test.budget, test.kind), tests: 1000);
    }

    [Fact]
    public void Holds_its_promises_on_awkward_and_wide_distributions()
    {
        var cases =
            from test in DistributionCase.Of(1, 2, 3, 10, 16, 33, 257, 6625)
            from kind in Gen.Elements(Enum.GetValues<NoiseKind>())
            select (test, kind);
        Properties.Hold(cases, c => Check(c.test.Probabilities(), c.test.Budget, c.kind), tests: 600);
        double[] widest = new DistributionCase(DistributionShape.Spread, 131_072, 0.5, 7).Probabilities();
        Assert.All(Enum.GetValues<NoiseKind>(), kind => Check(widest, 0.5, kind));
    }

    private static void Check(double[] clean, double budget, NoiseKind kind)
    {
        int top = Array.IndexOf(clean, clean.Max());
        double[] noisy = Apply(clean, top, budget, kind);
        Assert.InRange(noisy.Min(), 0, 1);
        Assert.Equal(noisy[top], noisy.Max());
        Assert.InRange(noisy.Sum(), 1 - 1e-9, 1 + 1e-9);
        Assert.InRange(Distance(clean, noisy), 0, budget + 1e-9);
        Assert.Equal(noisy, Apply(clean, top, budget, kind));
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
        KeyedNoise.Apply(other, 1, 0.1, new NoiseKey(TestShield.Secret(6)), new double[3]);
        Assert.True(Distance(Apply(clean, 1, 0.1), other) > 1e-3);
    }

    [Fact]
    public void Kinds_share_the_budget_each_in_its_own_way()
    {
        double[] clean = [0.5, .. Enumerable.Repeat(0.5 / 1000, 1000)];
        (double Distance, double Greatest) uniform = Move(NoiseKind.Uniform);
        (double Distance, double Greatest) gaussian = Move(NoiseKind.Gaussian);
        (double Distance, double Greatest) laplace = Move(NoiseKind.Laplace);
        Assert.All([uniform, gaussian, laplace], move => Assert.Equal(0.01, move.Distance, 1e-12));
        Assert.InRange(uniform.Greatest * 1001 / 0.01, 1.8, 2.2);
        Assert.InRange(gaussian.Greatest * 1001 / 0.01, 3.2, 7.3);
        Assert.InRange(laplace.Greatest * 1001 / 0.01, 5, 16.7);

        (double, double) Move(NoiseKind kind)
        {
            double[] noisy = Apply(clean, 0, 0.01, kind);
            return (Distance(clean, noisy), clean.Zip(noisy, (a, b) => Math.Abs(a - b)).Max());
        }
    }

    [Fact]
    public void An_input_cell_decides_alone_and_is_another_for_another_kind()
    {
        HashSet<string> answers = [];
        foreach (NoiseCell kind in (NoiseCell[])[NoiseCell.Input, NoiseCell.ExactInput])
        {
            for (ulong input = 0; input < 20; input++)
            {
                string first = Noise([0.4, 0.3, 0.1, 0.1, 0.1], kind, input);
                Assert.Equal(first, Noise([0.6, 0.1, 0.1, 0.12, 0.08], kind, input));
                Assert.True(answers.Add(first));
            }
        }

        static string Noise(double[] clean, NoiseCell kind, ulong input)
        {
            double[] noisy = [.. clean];
            KeyedNoise.Apply(noisy, 0, 0.05, NoiseKind.Uniform, s_key, s_key.HashInput(kind, new Hash128(input, 1)), new double[5]);
            return string.Join(' ', noisy.Zip(clean, (after, before) => (after - before).ToString("F9", CultureInfo.InvariantCulture)));
        }
    }

    [Fact]
    public void Allocates_nothing()
    {
        double[] distribution = new DistributionCase(DistributionShape.Spread, 1000, 0.5, 7).Probabilities();
        double[] noise = new double[1000];
        int top = Array.IndexOf(distribution, distribution.Max());
        foreach (NoiseKind kind in Enum.GetValues<NoiseKind>())
        {
            Assert.Equal(0, Allocations.Least(() => KeyedNoise.Apply(distribution, top, 0.1, kind, s_key, s_key.HashOutput(distribution, top), noise)));
        }
    }

    [Fact]
    public void Treats_every_class_of_a_wide_row_to_its_own_noise()
    {
        double[] clean = [0.5, .. Enumerable.Repeat(0.5 / 300, 300)];
        double[] noisy = Apply(clean, 0, 0.01);
        Assert.InRange(noisy.Distinct().Count(), 295, 301); // of 65,536 levels, a few may meet
    }

    [Fact]
    public void Is_symmetric_over_cells()
    {
        foreach (NoiseKind kind in Enum.GetValues<NoiseKind>())
        {
        // The mean over many keys is the clean distribution: noise that leans would bias every answer.
        double mean = Enumerable.Range(0, 2000).Average(number =>
        {
            double[] noisy = [0.5, 0.3, 0.2];
            NoiseKey key = new(TestShield.Secret(number));
            KeyedNoise.Apply(noisy, 0, 0.1, kind, key, key.HashOutput(noisy, 0), new double[3]);
            return noisy[1] - 0.3;
        });
        Assert.InRange(mean, -0.003, 0.003);
        }
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

    private static double[] Apply(double[] clean, int top, double budget, NoiseKind kind = NoiseKind.Uniform)
    {
        double[] noisy = [.. clean];
        KeyedNoise.Apply(noisy, top, budget, kind, s_key, s_key.HashOutput(clean, top), new double[clean.Length]);
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
