namespace InferenceShield.Lab.Tests;

/// <summary>The direction mark and its test, on synthetic embeddings of a nonlinear map of few factors.</summary>
public sealed class DirectionMarkTestTests
{
    private const int Dimension = 48;
    private const int Probes = 1200;
    private const int Keys = 99;

    private static readonly DirectionMarkOptions s_options = new();

    [Theory]
    [InlineData(0, 0.005)]
    [InlineData(17, 0.005)]
    [InlineData(4, 0.2)]
    public void Options_that_no_shield_has_and_numbers_that_are_not_finite_are_refused(int directions, double budget)
    {
        SeededRandom random = new(1, 1);
        float[] rows = [.. Enumerable.Range(0, 8 * 100).Select(_ => random.NextSigned())];
        using MarkKey key = MarkedModel.Key(1);
        DirectionMarkTest test = new(rows, 8, rows, 8);
        ArgumentException refused = Assert.Throws<ArgumentException>(() => test.Run(key, new DirectionMarkOptions { Directions = directions, CosineBudget = budget }, 19, seed: 1));
        Assert.Contains("a shield has 1 to 16", refused.Message, StringComparison.Ordinal);
        float[] broken = [.. rows];
        broken[17] = float.NaN;
        Assert.Contains("Row 2 of the suspect's", Assert.Throws<ArgumentException>(() => new DirectionMarkTest(rows, 8, broken, 8)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Survives_an_affine_map_and_dropped_dimensions_and_is_not_seen_without_the_key()
    {
        float[] clean = Embed(seed: 1);
        using MarkKey key = MakeKey(1);
        using MarkKey other = MakeKey(2);
        float[] marked = Mark(clean, key, s_options);
        DirectionMarkTest stolen = new(clean, Dimension, Remap(marked, 40, seed: 3, noise: 0.02), 40);
        OwnershipTestResult found = stolen.Run(key, s_options, Keys, seed: 9);
        Assert.True(found.Statistic > 6, $"z is {found.Statistic}");
        Assert.Equal(0.01, found.PValue, 9);
        Assert.InRange(stolen.Run(other, s_options, Keys, seed: 9).Statistic, -3, 3);
        DirectionMarkTest honest = new(clean, Dimension, Remap(clean, 40, seed: 3, noise: 0.02), 40);
        Assert.InRange(honest.Run(key, s_options, Keys, seed: 9).Statistic, -3, 3);
    }

    [Fact]
    public void A_fixed_shift_would_not_survive_what_the_waves_do()
    {
        float[] clean = Embed(seed: 1);
        using MarkKey key = MakeKey(1);
        SeededRandom random = new(4, stream: 1);
        float[] target = [.. Enumerable.Range(0, Dimension).Select(_ => (float)random.NextGaussian())];
        float[] shifted = [.. clean.Select((value, i) => value + (0.1f * target[i % Dimension]))];
        Assert.InRange(new DirectionMarkTest(clean, Dimension, Remap(shifted, Dimension, seed: 3, noise: 0.02), Dimension).Run(key, s_options, Keys, seed: 9).Statistic, -3, 3);
    }

    [Fact]
    public void Answers_that_are_served_as_they_are_are_far_beyond_random_keys()
    {
        float[] clean = Embed(seed: 1);
        using MarkKey key = MakeKey(1);
        double z = new DirectionMarkTest(clean, Dimension, Mark(clean, key, s_options), Dimension).Run(key, s_options, Keys, seed: 9).Statistic;
        Assert.True(z > 20, $"z is {z}");
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(3, 16)]
    [InlineData(384, 4)]
    public void Keeps_length_and_budget_and_is_a_function_of_the_direction_alone(int dimension, int directions)
    {
        using MarkKey key = MakeKey(5);
        foreach (double budget in (double[])[0.0001, 0.005, 0.1])
        {
            DirectionMark mark = new(key, new DirectionMarkOptions { CosineBudget = budget, Directions = directions });
            SeededRandom random = new(6, stream: 2);
            double least = 1;
            for (int row = 0; row < 50; row++)
            {
                float[] clean = [.. Enumerable.Range(0, dimension).Select(_ => (float)random.NextGaussian())];
                double length = Math.Sqrt(clean.Sum(value => (double)value * value));
                float[] marked = new float[dimension];
                mark.Apply(clean, length, marked);
                double markedLength = Math.Sqrt(marked.Sum(value => (double)value * value));
                double cosine = clean.Zip(marked, (left, right) => (double)left * right).Sum() / length / markedLength;
                Assert.Equal(1, markedLength / length, 1e-5);
                Assert.True(cosine >= 1 - budget - 1e-6, $"cosine {cosine} at a budget of {budget}");
                least = Math.Min(least, cosine);
                float[] doubled = [.. clean.Select(value => 2 * value)];
                mark.Apply(doubled, 2 * length, doubled);
                Assert.All(doubled.Zip(marked), pair => Assert.Equal(2 * pair.Second, pair.First, 1e-4));
            }

            Assert.True(least < 1 - (0.1 * budget), "Hardly anything was moved.");
        }
    }

    [Fact]
    public void The_statistic_is_the_correlation_with_the_shift_that_the_mark_makes()
    {
        float[] clean = Embed(seed: 1);
        clean.AsSpan(0, Dimension).Clear();
        using MarkKey key = MakeKey(1);
        float[] marked = Mark(clean, key, s_options);
        DirectionMarkTest test = new(clean, Dimension, Remap(marked, 40, seed: 3, noise: 0.02), 40);
        double product = 0;
        double square = 0;
        for (int i = 0; i < clean.Length; i++)
        {
            double shift = (double)marked[i] - clean[i];
            product += shift * test.Rest[i];
            square += shift * shift;
        }

        double expected = product / Math.Sqrt(square);
        Assert.Equal(expected, test.Correlate(key, s_options), 1e-3 * Math.Abs(expected));
    }

    [Fact]
    public void Too_few_probes_say_how_many_more()
    {
        ArgumentException thrown = Assert.Throws<ArgumentException>(() => new DirectionMarkTest(new float[480], 48, new float[100], 10));
        Assert.Contains("186 more", thrown.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new DirectionMarkTest(new float[480], 48, new float[101], 10));
    }

    private static float[] Embed(ulong seed)
    {
        SeededRandom random = new(seed, stream: 3);
        float[] weights = [.. Enumerable.Range(0, Dimension * 12).Select(_ => (float)random.NextGaussian())];
        float[] clean = new float[Probes * Dimension];
        for (int row = 0; row < Probes; row++)
        {
            float[] factors = [.. Enumerable.Range(0, 12).Select(_ => (float)random.NextGaussian())];
            for (int i = 0; i < Dimension; i++)
            {
                float sum = 0.3f;
                for (int j = 0; j < 12; j++)
                {
                    sum += factors[j] * weights[(i * 12) + j] / 3;
                }

                clean[(row * Dimension) + i] = Math.Max(sum, 0);
            }
        }

        return clean;
    }

    private static float[] Mark(float[] clean, MarkKey key, DirectionMarkOptions options)
    {
        DirectionMark mark = new(key, options);
        float[] marked = [.. clean];
        for (int first = 0; first < marked.Length; first += Dimension)
        {
            Span<float> row = marked.AsSpan(first, Dimension);
            double length = Math.Sqrt(row.ToArray().Sum(value => (double)value * value));
            if (length > 0)
            {
                mark.Apply(row, length, row);
            }
        }

        return marked;
    }

    private static float[] Remap(float[] rows, int to, ulong seed, double noise)
    {
        SeededRandom random = new(seed, stream: 4);
        float[] map = [.. Enumerable.Range(0, Dimension * to).Select(_ => (float)random.NextGaussian())];
        float[] mapped = new float[Probes * to];
        for (int row = 0; row < Probes; row++)
        {
            for (int i = 0; i < to; i++)
            {
                double sum = 5;
                for (int j = 0; j < Dimension; j++)
                {
                    sum += (rows[(row * Dimension) + j] + (noise * random.NextGaussian())) * map[(j * to) + i];
                }

                mapped[(row * to) + i] = (float)sum;
            }
        }

        return mapped;
    }

    private static MarkKey MakeKey(int seed)
    {
        byte[] bytes = new byte[MarkKey.Size];
        Array.Fill(bytes, (byte)seed);
        return MarkKey.Import(bytes, "test", "model");
    }
}
