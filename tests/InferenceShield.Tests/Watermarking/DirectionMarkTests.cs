using InferenceShield.Lab;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

public sealed class DirectionMarkTests
{
    private const int Dimension = 64;

    [Fact]
    public void The_shield_marks_embeddings_before_transform_and_rounding()
    {
        WatermarkOptions watermark = new() { Direction = new() { CosineBudget = 0.01 } };
        using Shield shield = TestShield.Build(OutputKind.Embedding, new HardeningOptions { Watermark = watermark, SignificantDigits = 6 });
        using ShieldSecret secret = ShieldSecrets.FromBytes(TestShield.Secret(1)).GetSecret();
        using MarkKey key = MarkKey.Of(secret, "model");
        float[] clean = MakeVector();
        float[] expected = new float[Dimension];
        double length = Math.Sqrt(clean.Sum(value => (double)value * value));
        new DirectionMark(key, watermark.Direction).Apply(clean, length, expected);
        float[] released = shield.Release(clean, Dimension);
        Assert.All(released.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-5 * length));
        double cosine = clean.Zip(released, (left, right) => (double)left * right).Sum() / length / Math.Sqrt(released.Sum(value => (double)value * value));
        Assert.InRange(cosine, 1 - 0.01 - 1e-5, 1 - 0.001);
        Assertions.SameBits(released, shield.Release(clean, Dimension));
        Assert.All(shield.Release(new float[Dimension], Dimension), value => Assert.Equal(0, value));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Marked_embeddings_are_counted_and_what_has_no_direction_is_not(bool equalWork)
    {
        HardeningOptions hardening = new() { Watermark = new WatermarkOptions { Direction = new() } };
        using Shield shield = TestShield.Build(OutputKind.Embedding, hardening, options => options.Postures.EqualWork = equalWork);
        Admission admission = shield.AdmitRows(1);
        Admission unmarked = admission.WithoutMarks();
        float[] released = new float[Dimension];
        shield.Harden(in admission, MakeVector(), released, Dimension);
        shield.Harden(in admission, new float[Dimension], released, Dimension);
        shield.Harden(in unmarked, MakeVector(), released, Dimension);
        UtilityStatistics utility = shield.GetUtility();
        Assert.Equal((3, 1, 0), (utility.Rows, utility.Marked, utility.LabelsMoved));
        Assert.Equal([new(MarkKinds.Direction, 1)], utility.MarkedByKind);
    }

    [Fact]
    public void Noise_is_added_to_the_marked_vector_and_nothing_is_allocated()
    {
        HardeningOptions hardening = new() { Watermark = new WatermarkOptions { Direction = new() }, CosineBudget = 0.01 };
        using Shield shield = TestShield.Build(OutputKind.Embedding, hardening);
        using Shield unmarked = TestShield.Build(OutputKind.Embedding, new HardeningOptions { CosineBudget = 0.01 });
        float[] clean = MakeVector();
        Assert.NotEqual(unmarked.Release(clean, Dimension), shield.Release(clean, Dimension));
        Admission admission = shield.AdmitRows(1);
        float[] released = new float[Dimension];
        Assert.Equal(0, Allocations.Least(() => shield.Harden(in admission, clean, released, Dimension)));
    }

    [Theory]
    [InlineData(2, 16)]
    [InlineData(3, 1)]
    [InlineData(17, 16)]
    [InlineData(100, 5)]
    [InlineData(768, 16)]
    [Trait("Widths", "all")]
    public void A_vector_is_turned_as_the_formula_says_at_every_length(int dimension, int directions)
    {
        DirectionMark mark = new(InputRows.Key(3), new DirectionMarkOptions { Directions = directions });
        foreach (double length in (double[])[1e-29, 1, 1e37, 9e37])
        {
            float[] clean = MakeVector(dimension, length);
            double[] expected = Turn(mark, clean, length, directions);
            float[] marked = new float[dimension];
            Assert.True(mark.Apply(clean, length, marked));
            Assert.All(marked.Zip(expected), pair => Assert.Equal(pair.Second / length, pair.First / length, 2e-6));
            Assert.Contains(marked.Zip(clean), pair => Math.Abs(pair.First - pair.Second) > 1e-3 * length);
            mark.Apply(clean, length, clean);
            Assertions.SameBits(marked, clean);
        }
    }

    [Theory]
    [InlineData(16)]
    [InlineData(64)]
    [InlineData(333)]
    [Trait("Widths", "all")]
    public void A_marked_vector_has_the_bits_of_the_scalar_passes(int dimension)
    {
        DirectionMark mark = new(InputRows.Key(3), new DirectionMarkOptions());
        float[] clean = MakeVector(dimension, 1);
        float[] marked = new float[dimension];
        Assert.True(mark.Apply(clean, 1, marked));
        DirectionMark.Vectors vectors = mark.VectorsOf(dimension);
        float[] waves = new float[vectors.Phases.Length];
        RowDots.FillScalar(clean, vectors.Signs, waves);
        waves = [.. waves.Select((wave, j) => (float)Math.Cos((DirectionMark.Frequency * wave) + vectors.Phases[j]))];
        float[] towards = new float[dimension];
        WeightedRows.SumScalar(waves, vectors.Targets, towards);
        float[] dots = new float[2];
        RowDots.FillScalar(towards, [.. clean, .. towards], dots);
        double left = Math.Sqrt(dots[1] - ((double)dots[0] * dots[0]));
        double angle = mark.AngleOf(left, waves.Length);
        double sideways = Math.Sin(angle) / left;
        float[] twin = new float[dimension];
        WeightedRows.SumScalar([(float)(Math.Cos(angle) - (sideways * dots[0])), (float)sideways], [.. clean, .. towards], twin);
        Assertions.SameBits(twin, marked);
    }

    [Fact]
    public void The_longest_vector_stays_finite_and_near_its_direction()
    {
        DirectionMark mark = new(InputRows.Key(3), new DirectionMarkOptions { CosineBudget = 0.1 });
        float[] clean = [.. Enumerable.Range(0, Dimension).Select(i => i % 2 == 0 ? float.MaxValue : -float.MaxValue)];
        float[] marked = new float[Dimension];
        Assert.True(mark.Apply(clean, float.MaxValue * Math.Sqrt(Dimension), marked));
        Assert.All(marked, value => Assert.True(float.IsFinite(value)));
        double cosine = marked.Zip(clean, (left, right) => left * (double)Math.Sign(right)).Sum() / Math.Sqrt(marked.Sum(value => (double)value * value) * Dimension);
        Assert.InRange(cosine, 0.9, 0.999);
    }

    [Fact]
    public void A_vector_along_the_only_direction_is_left_as_it_is()
    {
        DirectionMark mark = new(InputRows.Key(3), new DirectionMarkOptions());
        float[] clean = mark.VectorsOf(2).Targets;
        float[] marked = new float[2];
        Assert.False(mark.Apply(clean, 1, marked));
        Assertions.SameBits(clean, marked);
    }

    /// <summary>The formula, in double.</summary>
    private static double[] Turn(DirectionMark mark, float[] clean, double length, int directions)
    {
        int dimension = clean.Length;
        int count = Math.Min(directions, dimension - 1);
        DirectionMark.Vectors vectors = mark.VectorsOf(dimension);
        double[] unit = [.. clean.Select(value => value / length)];
        double[] towards = new double[dimension];
        for (int j = 0; j < count; j++)
        {
            double wave = Math.Cos((DirectionMark.Frequency * unit.Select((value, i) => value * vectors.Signs[(j * dimension) + i]).Sum()) + vectors.Phases[j]);
            towards = [.. towards.Select((value, i) => value + (wave * vectors.Targets[(j * dimension) + i]))];
        }

        double along = towards.Zip(unit, (left, right) => left * right).Sum();
        double[] sideways = [.. towards.Zip(unit, (left, right) => left - (along * right))];
        double left = Math.Sqrt(sideways.Sum(value => value * value));
        double angle = Math.Acos(1 - new DirectionMarkOptions().CosineBudget) * left / Math.Sqrt(count);
        return [.. unit.Select((value, i) => length * ((Math.Cos(angle) * value) + (Math.Sin(angle) * sideways[i] / left)))];
    }

    private static float[] MakeVector(int dimension, double length)
    {
        SeededRandom random = new(11, (ulong)dimension);
        double[] vector = [.. Enumerable.Range(0, dimension).Select(_ => (double)random.NextSigned())];
        double scale = length / Math.Sqrt(vector.Sum(value => value * value));
        return [.. vector.Select(value => (float)(value * scale))];
    }

    private static float[] MakeVector()
    {
        Random random = new(7);
        return [.. Enumerable.Range(0, Dimension).Select(_ => random.NextSingle() - 0.3f)];
    }
}
