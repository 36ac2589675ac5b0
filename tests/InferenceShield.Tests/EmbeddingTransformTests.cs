using FsCheck;
using FsCheck.Fluent;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

public sealed class EmbeddingTransformTests
{
    [Fact]
    public void Keeps_dot_products_and_gives_the_vector_back()
    {
        Gen<(int Dimension, int Seed, int Exponent)> cases =
            from dimension in Gen.Frequency((4, Gen.Choose(2, 70)), (2, Gen.Elements(127, 128, 129, 255, 257, 384, 768)), (1, Gen.Elements(1000, 1024, 1536, 3072)))
            from seed in Gen.Choose(0, 1_000_000)
            from exponent in Gen.Frequency((3, Gen.Constant(0)), (1, Gen.Choose(-30, 36)))
            select (dimension, seed, exponent);
        Properties.Hold(cases, test =>
        {
            using ShieldSecret secret = new(TestShield.Secret(test.Seed));
            EmbeddingTransform transform = new(secret, "model", "tenant", test.Dimension);
            float[] left = MakeVector(test.Dimension, test.Seed, test.Exponent);
            float[] right = MakeVector(test.Dimension, test.Seed + 1, test.Exponent);
            float[] first = Apply(transform, left);
            float[] second = Apply(transform, right);
            double lengths = Math.Sqrt(Dot(left, left) * Dot(right, right));
            Assert.InRange(Math.Abs(Dot(first, second) - Dot(left, right)), 0, 1e-5 * lengths);
            Assert.InRange(Math.Sqrt(Dot(first, first)) / Math.Sqrt(Dot(left, left)), 1 - 1e-5, 1 + 1e-5);

            float[] back = new float[test.Dimension];
            transform.Invert(first, back);
            Assert.InRange(Distance(back, left), 0, 1e-5 * Math.Sqrt(Dot(left, left)));

            float[] inPlace = [.. left];
            transform.Apply(inPlace, inPlace);
            Assertions.SameBits(first, inPlace);
            transform.Invert(inPlace, inPlace);
            Assertions.SameBits(back, inPlace);
        }, tests: 300);
    }

    [Fact]
    public void Is_orthogonal_in_every_small_dimension()
    {
        using ShieldSecret secret = new(TestShield.Secret(1));
        for (int dimension = 2; dimension <= 67; dimension++)
        {
            EmbeddingTransform transform = new(secret, "model", "tenant", dimension);
            float[][] columns = [.. Enumerable.Range(0, dimension).Select(i => Apply(transform, Unit(dimension, i)))];
            for (int i = 0; i < dimension; i++)
            {
                for (int j = 0; j <= i; j++)
                {
                    Assert.Equal(i == j ? 1 : 0, Dot(columns[i], columns[j]), 1e-5);
                }
            }
        }
    }

    [Fact]
    public void Linear_from_end_to_end()
    {
        EmbeddingTransform transform = Make(384, "tenant");
        float[] left = MakeVector(384, 1, 0);
        float[] right = MakeVector(384, 2, 0);
        float[] sum = Apply(transform, [.. left.Zip(right, (a, b) => (2 * a) - b)]);
        float[] expected = [.. Apply(transform, left).Zip(Apply(transform, right), (a, b) => (2 * a) - b)];
        Assert.InRange(Distance(sum, expected), 0, 1e-4);
    }

    /// <summary>Also for vectors that are as far from random as can be: one component, all components alike, slow waves.</summary>
    [Theory]
    [InlineData(64)]
    [InlineData(100)]
    [InlineData(384)]
    [InlineData(768)]
    public void One_vector_under_two_tenants_is_two_unrelated_vectors(int dimension)
    {
        EmbeddingTransform[] tenants = [.. Enumerable.Range(0, 40).Select(i => Make(dimension, $"tenant {i}"))];
        float[][] vectors =
        [
            MakeVector(dimension, 3, 0),
            Unit(dimension, dimension / 3),
            [.. Enumerable.Repeat(1f, dimension)],
            [.. Enumerable.Range(0, dimension).Select(i => (i & 1) == 0 ? 1f : -1f)],
            [.. Enumerable.Range(0, dimension).Select(i => MathF.Sin(i * 0.05f))],
            [.. Enumerable.Range(0, dimension).Select(i => i < 2 ? 1f : 0f)],
        ];
        foreach (float[] vector in vectors)
        {
            float[][] seen = [.. tenants.Select(tenant => Apply(tenant, vector))];
            double sum = 0;
            double largest = 0;
            int pairs = 0;
            for (int i = 0; i < seen.Length; i++)
            {
                for (int j = 0; j < i; j++)
                {
                    double cosine = Math.Abs(Dot(seen[i], seen[j]) / Dot(vector, vector));
                    sum += cosine;
                    largest = Math.Max(largest, cosine);
                    pairs++;
                }
            }

            // Unrelated directions: sqrt(2 / (pi d)) on average, and about 4 / sqrt(d) at most among 780.
            double expected = Math.Sqrt(2 / (Math.PI * dimension));
            Assert.InRange(sum / pairs / expected, 0.8, 1.2);
            Assert.InRange(largest * Math.Sqrt(dimension), 0, 6);
        }
    }

    [Fact]
    public void Depends_on_secret_model_and_tenant_and_on_nothing_else()
    {
        float[] vector = MakeVector(96, 1, 0);
        float[] first = Apply(Make(96, "tenant"), vector);
        Assertions.SameBits(first, Apply(Make(96, "tenant"), vector));
        Assert.NotEqual(first, Apply(Make(96, "Tenant"), vector));
        Assert.NotEqual(first, Apply(Make(96, "tenant", model: "other"), vector));
        Assert.NotEqual(first, Apply(Make(96, "tenant", secret: 8), vector));

        // Names do not run into each other.
        Assert.NotEqual(Apply(Make(96, "b/c", model: "a"), vector), Apply(Make(96, "c", model: "a/b"), vector));
    }

    /// <summary>The attack on anything linear, with which the documentation warns: d known pairs are enough.</summary>
    [Fact]
    public void As_many_known_pairs_as_dimensions_solve_it_and_half_as_many_do_not()
    {
        const int Dimension = 48;
        EmbeddingTransform transform = Make(Dimension, "tenant");
        float[][] known = [.. Enumerable.Range(0, Dimension).Select(i => MakeVector(Dimension, 100 + i, 0))];
        float[][] seen = [.. known.Select(vector => Apply(transform, vector))];
        float[] wanted = MakeVector(Dimension, 7, 0);
        float[] answer = Apply(transform, wanted);
        double length = Math.Sqrt(Dot(wanted, wanted));

        Assert.InRange(Distance(Recover(known, seen, answer, Dimension), wanted) / length, 0, 1e-2);
        Assert.InRange(Distance(Recover(known, seen, answer, Dimension / 2), wanted) / length, 0.5, 1);
    }

    /// <summary>Two tenants who compare answers need no clean vector: one's vectors become the other's.</summary>
    [Fact]
    public void Two_tenants_with_as_many_common_queries_as_dimensions_merge_their_answers()
    {
        const int Dimension = 48;
        EmbeddingTransform first = Make(Dimension, "first");
        EmbeddingTransform second = Make(Dimension, "second");
        float[][] common = [.. Enumerable.Range(0, Dimension).Select(i => MakeVector(Dimension, 100 + i, 0))];
        float[] wanted = MakeVector(Dimension, 7, 0);
        float[] translated = Recover([.. common.Select(vector => Apply(first, vector))], [.. common.Select(vector => Apply(second, vector))], Apply(second, wanted), Dimension);
        Assert.InRange(Distance(translated, Apply(first, wanted)) / Math.Sqrt(Dot(wanted, wanted)), 0, 1e-2);
    }

    [Fact]
    public void Is_the_same_without_vectors()
    {
        // The transform is the only part that has vectors.
        for (int length = WalshHadamard.ShortestLength; length <= 1024; length *= 2)
        {
            float[] vector = MakeVector(length, length, 0);
            float[] scalar = [.. vector];
            WalshHadamard.Transform(vector);
            WalshHadamard.TransformScalar(scalar);
            Assertions.SameBits(scalar, vector);
        }
    }

    [Fact]
    public void Bad_arguments_are_refused()
    {
        using ShieldSecret secret = new(TestShield.Secret(1));
        Assert.Throws<ArgumentNullException>(() => new EmbeddingTransform(null!, "model", "tenant", 8));
        Assert.Throws<ArgumentException>(() => new EmbeddingTransform(secret, "", "tenant", 8));
        Assert.Throws<ArgumentException>(() => new EmbeddingTransform(secret, "model", "", 8));
        Assert.Throws<ArgumentOutOfRangeException>(() => new EmbeddingTransform(secret, "model", "tenant", 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new EmbeddingTransform(secret, "model", "tenant", 65_537));
        EmbeddingTransform transform = new(secret, "model", "tenant", 8);
        float[] numbers = new float[20];
        ArgumentException thrown = Assert.Throws<ArgumentException>(() => transform.Apply(numbers.AsSpan(0, 7), numbers.AsSpan(8, 8)));
        Assert.Contains("7 numbers", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("dimension 8", thrown.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => transform.Apply(numbers.AsSpan(0, 8), numbers.AsSpan(8, 9)));
        Assert.Throws<ArgumentException>(() => transform.Apply(numbers.AsSpan(0, 8), numbers.AsSpan(1, 8)));
        Assert.Throws<ArgumentException>(() => transform.Invert(numbers.AsSpan(3, 8), numbers.AsSpan(0, 8)));
        Assert.Equal("EmbeddingTransform(8)", transform.ToString());
    }

    /// <summary>Writes an answer as a combination of known ones by least squares (with a touch of ridge), and combines their clean vectors.</summary>
    private static float[] Recover(float[][] known, float[][] seen, float[] answer, int pairs)
    {
        double[,] gram = new double[pairs, pairs + 1];
        for (int i = 0; i < pairs; i++)
        {
            for (int j = 0; j < pairs; j++)
            {
                gram[i, j] = Dot(seen[i], seen[j]) + (i == j ? 1e-9 : 0);
            }

            gram[i, pairs] = Dot(seen[i], answer);
        }

        double[] weights = Solve(gram);
        return [.. Enumerable.Range(0, answer.Length).Select(k => (float)weights.Select((weight, i) => weight * known[i][k]).Sum())];
    }

    private static double[] Solve(double[,] system)
    {
        int size = system.GetLength(0);
        for (int column = 0; column < size; column++)
        {
            int pivot = Enumerable.Range(column, size - column).MaxBy(row => Math.Abs(system[row, column]));
            for (int k = 0; k <= size; k++)
            {
                (system[column, k], system[pivot, k]) = (system[pivot, k], system[column, k]);
            }

            for (int row = 0; row < size; row++)
            {
                double factor = row == column ? 0 : system[row, column] / system[column, column];
                for (int k = column; k <= size && factor != 0; k++)
                {
                    system[row, k] -= factor * system[column, k];
                }
            }
        }

        return [.. Enumerable.Range(0, size).Select(row => system[row, size] / system[row, row])];
    }

    private static EmbeddingTransform Make(int dimension, string tenant, string model = "model", int secret = 1)
    {
        using ShieldSecret made = new(TestShield.Secret(secret));
        return new EmbeddingTransform(made, model, tenant, dimension);
    }

    private static float[] Apply(EmbeddingTransform transform, float[] vector)
    {
        float[] transformed = new float[vector.Length];
        transform.Apply(vector, transformed);
        return transformed;
    }

    private static float[] Unit(int dimension, int place) => [.. Enumerable.Range(0, dimension).Select(i => i == place ? 1f : 0f)];

    private static float[] MakeVector(int dimension, int seed, int exponent)
    {
        Random random = new(seed);
        double scale = Math.Pow(10, exponent) / Math.Sqrt(dimension);
        return [.. Enumerable.Range(0, dimension).Select(_ => (float)((random.NextDouble() + random.NextDouble() - 0.9) * scale))];
    }

    private static double Dot(float[] left, float[] right) => left.Zip(right, (a, b) => (double)a * b).Sum();

    private static double Distance(float[] left, float[] right) => Math.Sqrt(left.Zip(right, (a, b) => ((double)a - b) * ((double)a - b)).Sum());
}
