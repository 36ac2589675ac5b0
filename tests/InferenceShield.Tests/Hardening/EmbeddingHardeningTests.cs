using FsCheck;
using FsCheck.Fluent;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

public sealed class EmbeddingHardeningTests
{
    private static readonly SipHashKey s_key = new(TestShield.Secret(5).AsSpan(0, 16));

    [Fact]
    public void The_cosine_to_the_clean_vector_stays_within_the_budget_rounding_included()
    {
        Gen<(int Dimension, int Seed, int Exponent, int Budget, int Digits, bool HasTenant, bool HasCell)> cases =
            from dimension in Gen.Frequency((3, Gen.Choose(2, 40)), (2, Gen.Elements(100, 128, 257, 384)))
            from seed in Gen.Choose(0, 1_000_000)
            from exponent in Gen.Frequency((3, Gen.Constant(0)), (1, Gen.Choose(-28, 36)))
            from budget in Gen.Choose(0, 1000)
            from digits in Gen.Choose(1, 6)
            from hasTenant in Gen.Elements(true, false)
            from hasCell in Gen.Elements(true, false)
            select (dimension, seed, exponent, budget, digits, hasTenant, hasCell);
        using ShieldSecret secret = new(TestShield.Secret(1));
        Properties.Hold(cases, test =>
        {
            double least = 1 - Math.Cos(Math.Asin(0.5 * Math.Pow(10, 1 - test.Digits)) + 1e-5);
            double budget = test.Budget == 0 ? 0 : Math.Max(test.Budget / 1000.0, least * (1 + 1e-9));
            EmbeddingPlan plan = new(budget, test.Digits);
            EmbeddingTransform? tenant = test.HasTenant ? new EmbeddingTransform(secret, "model", "tenant", test.Dimension) : null;
            float[] clean = MakeVector(test.Dimension, test.Seed, test.Exponent);
            float[] released = Release(plan, clean, tenant, test.HasCell ? 9ul : null);
            Assertions.SameBits(released, Release(plan, clean, tenant, test.HasCell ? 9ul : null));

            float[] back = [.. released];
            tenant?.Invert(back, back);
            Assert.All(back, value => Assert.True(float.IsFinite(value)));
            double cosine = Cosine(clean, back);
            Assert.True(cosine >= 1 - Math.Max(budget, least) - 1e-9, $"{1 - cosine} of {budget}, {least}");

            // The digits: a grid for the whole vector.
            double typical = Math.Sqrt(Dot(clean, clean) / clean.Length);
            double step = Math.Pow(10, Math.Floor(Math.Log10(typical)) + 1 - test.Digits);
            Assert.All(released, value => Assert.InRange(Math.Abs((value / step) - Math.Round(value / step)), 0, 1e-3 + (Math.Abs(value / step) * 1e-6)));
        }, tests: 1000);
    }

    [Theory]
    [InlineData(0.001)]
    [InlineData(0.01)]
    [InlineData(0.2)]
    [InlineData(1.0)]
    public void Spends_the_budget(double budget)
    {
        float[] clean = MakeVector(384, 1, 0);
        float[] released = Release(new EmbeddingPlan(budget, 5), clean);
        Assert.InRange(1 - Cosine(clean, released), 0.95 * budget, budget);
        Assert.Equal(1, Math.Sqrt(Dot(released, released) / Dot(clean, clean)), 1e-3);
    }

    [Fact]
    public void No_budget_adds_no_noise_and_zeros_stay_zeros()
    {
        Assert.Equal([0.123f, -0.046f, 0.9f], Release(new EmbeddingPlan(0, 3), [0.12345f, -0.0456f, 0.8999f]));
        Assertions.SameBits([0f, 0f, 0f], Release(new EmbeddingPlan(0.1, 3), [0f, -0f, 0f]));
        Assertions.SameBits([0f, 0f], Release(new EmbeddingPlan(0.1, 3), [1e-45f, -1e-38f]));
        Assert.Equal([-1.23f], Release(new EmbeddingPlan(0.1, 3), [-1.2345f])); // nowhere to turn to
    }

    [Fact]
    public void Noise_is_the_same_in_a_cell_and_another_with_another_key_or_cell()
    {
        EmbeddingPlan plan = new(0.02, 6);
        float[] clean = MakeVector(128, 1, 0);
        float[] scaled = [.. clean.Select(value => value * 4)];
        Assert.Equal(Find(clean), Find(scaled));
        float[] noise = Noise(plan, clean, 3);
        float[] near = [.. clean.Select((value, i) => value + (i == 5 ? 1e-3f : 0))];
        Assert.InRange(Cosine(noise, Noise(plan, near, 3)), 0.99, 1);
        Assert.InRange(Math.Abs(Cosine(noise, Noise(plan, clean, 4))), 0, 0.4);
        float[] other = new float[128];
        Assert.True(EmbeddingHardening.TryHarden(plan, new SipHashKey(TestShield.Secret(6).AsSpan(0, 16)), 3, null, clean, other, out _));
        Assert.InRange(Math.Abs(Cosine(noise, [.. other.Zip(clean, (a, b) => a - b)])), 0, 0.4);
    }

    [Fact]
    public void Cells_survive_near_repeats_and_tell_others_apart()
    {
        int same = 0;
        HashSet<ulong> cells = [];
        for (int i = 0; i < 400; i++)
        {
            float[] clean = MakeVector(384, i, 0);
            float[] noise = MakeVector(384, i + 1000, 0);
            float[] near = [.. clean.Zip(noise, (a, b) => a + (0.05f * b))];
            same += Find(clean) == Find(near) ? 1 : 0;
            cells.Add(Find(clean));
        }

        Assert.InRange(same / 400.0, 0.65, 0.95);
        Assert.InRange(cells.Count, 390, 400);
    }

    /// <summary>What a thief gains who averages the answers to 64 near-repeats: the error of the mean over that of one.</summary>
    [Theory]
    [InlineData(0.0, 1.0, 1.0)]
    [InlineData(0.05, 0.8, 0.95)]
    [InlineData(0.5, 0.18, 0.3)]
    public void Averaging_repeats_gains_nothing_and_near_repeats_what_leaves_the_cell(double spread, double least, double most)
    {
        EmbeddingPlan plan = new(0.02, 4);
        double one = 0;
        double averaged = 0;
        for (int trial = 0; trial < 40; trial++)
        {
            float[] clean = MakeVector(128, trial, 0);
            double[] sum = new double[128];
            for (int i = 0; i < 64; i++)
            {
                float[] move = MakeVector(128, 5000 + (trial * 64) + i, 0);
                float[] near = [.. clean.Zip(move, (a, b) => a + ((float)spread * b))];
                float[] released = Release(plan, near);
                for (int k = 0; k < sum.Length; k++)
                {
                    sum[k] += released[k] - (spread * move[k]); // he knows how he moved it: the most he could know
                }
            }

            float[] first = Release(plan, clean);
            one += first.Zip(clean, (a, b) => ((double)a - b) * ((double)a - b)).Sum();
            averaged += sum.Zip(clean, (a, b) => ((a / 64) - b) * ((a / 64) - b)).Sum();
        }

        Assert.InRange(Math.Sqrt(averaged / one), least - 1e-9, most + 1e-9);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_faulty_row_is_named_and_nothing_of_it_written(float fault)
    {
        float[] released = [7, 7, 7];
        Assert.False(EmbeddingHardening.TryHarden(new EmbeddingPlan(0.1, 3), s_key, null, [1, 2, fault], released, out OutputFault found));
        Assert.Equal([7f, 7, 7], released);
        Assert.Equal(2, found.Index);
    }

    [Fact]
    public void Bad_plans_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new EmbeddingPlan(-0.1, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => new EmbeddingPlan(1.1, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => new EmbeddingPlan(double.NaN, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => new EmbeddingPlan(0.1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new EmbeddingPlan(0.1, 7));
        ArgumentOutOfRangeException thrown = Assert.Throws<ArgumentOutOfRangeException>(() => new EmbeddingPlan(1e-3, 2));
        Assert.Contains("Rounding to 2 digits", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Works_in_place()
    {
        using ShieldSecret secret = new(TestShield.Secret(1));
        EmbeddingTransform tenant = new(secret, "model", "tenant", 100);
        EmbeddingPlan plan = new(0.05, 3);
        float[] row = MakeVector(100, 1, 0);
        float[] elsewhere = Release(plan, row, tenant);
        Assert.True(EmbeddingHardening.TryHarden(plan, s_key, tenant, row, row, out _));
        Assertions.SameBits(elsewhere, row);
    }

    private static float[] Noise(EmbeddingPlan plan, float[] clean, ulong cell) =>
        [.. Release(plan, clean, null, cell).Zip(clean, (released, value) => released - value)];

    private static ulong Find(float[] vector) => EmbeddingHardening.FindCell(s_key, vector, Math.Sqrt(Dot(vector, vector)));

    private static float[] Release(EmbeddingPlan plan, float[] clean, EmbeddingTransform? tenant = null, ulong? cell = null)
    {
        float[] released = new float[clean.Length];
        Assert.True(EmbeddingHardening.TryHarden(plan, s_key, cell, tenant, clean, released, out _));
        return released;
    }

    private static float[] MakeVector(int dimension, int seed, int exponent)
    {
        Random random = new(seed);
        double scale = Math.Pow(10, exponent) / Math.Sqrt(dimension);
        return [.. Enumerable.Range(0, dimension).Select(_ => (float)((random.NextDouble() + random.NextDouble() - 1) * scale))];
    }

    private static double Cosine(float[] left, float[] right) => Dot(left, right) / Math.Sqrt(Dot(left, left) * Dot(right, right));

    private static double Dot(float[] left, float[] right) => left.Zip(right, (a, b) => (double)a * b).Sum();
}
