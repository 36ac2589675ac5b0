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

    private static float[] MakeVector()
    {
        Random random = new(7);
        return [.. Enumerable.Range(0, Dimension).Select(_ => random.NextSingle() - 0.3f)];
    }
}
