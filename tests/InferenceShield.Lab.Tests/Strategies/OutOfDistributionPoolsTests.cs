using FsCheck;
using FsCheck.Fluent;
using InferenceShield.Samples;

namespace InferenceShield.Lab.Tests;

public sealed class OutOfDistributionPoolsTests
{
    private static readonly Dataset s_fashion = new("fashion", FashionDataset.LoadSubset().Images[..(200 * 784)], 784);

    [Fact]
    public void Made_up_images_of_any_size_lie_in_0_to_1_and_follow_from_the_seed()
    {
        Prop.ForAll(Gen.Choose(4, 40).ToArbitrary(), Gen.Choose(0, 1000).ToArbitrary(), (side, seed) =>
        {
            foreach (Func<ulong, Dataset> create in new Func<ulong, Dataset>[]
            {
                s => OutOfDistributionPools.CreateStrokes(20, side, s),
                s => OutOfDistributionPools.CreateTextures(20, side, s),
                s => OutOfDistributionPools.CreateMixtures(OutOfDistributionPools.CreateTextures(5, side, 1), 20, s),
            })
            {
                Dataset images = create((ulong)seed);
                Assert.Equal((20, side * side), (images.Count, images.Width));
                Assert.False(images.Values.Span.ContainsAnyExceptInRange(0f, 1f));
                Assert.Equal(images.Values.ToArray(), create((ulong)seed).Values.ToArray());
                Assert.NotEqual(images.Values.ToArray(), create((ulong)seed + 1).Values.ToArray());
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(20).WithReplay(1, 1));
    }

    [Fact]
    public void Strokes_are_thin_ink_on_an_empty_sheet_and_textures_fill_theirs()
    {
        Dataset strokes = OutOfDistributionPools.CreateStrokes(200, 28, 3);
        Dataset textures = OutOfDistributionPools.CreateTextures(200, 28, 3);
        for (int image = 0; image < 200; image++)
        {
            Assert.InRange(GetInk(strokes.GetRow(image)), 0.005, 0.6);
            Assert.True(GetSpread(textures.GetRow(image)) > 0.02);
        }

        Assert.InRange(Enumerable.Range(0, 200).Average(image => GetInk(strokes.GetRow(image))), 0.05, 0.3);
        Assert.InRange(Enumerable.Range(0, 200).Average(image => GetInk(textures.GetRow(image))), 0.4, 0.9);
    }

    [Fact]
    public void Mixtures_are_no_images_of_the_pool_but_as_bright()
    {
        Dataset mixtures = OutOfDistributionPools.CreateMixtures(s_fashion, 300, 4);
        HashSet<string> rows = [.. Enumerable.Range(0, 200).Select(row => string.Join(' ', s_fashion.GetRow(row).ToArray()))];
        Assert.All(Enumerable.Range(0, 300), row => Assert.DoesNotContain(string.Join(' ', mixtures.GetRow(row).ToArray()), rows));
        float pool = s_fashion.Values.ToArray().Average();
        Assert.InRange(mixtures.Values.ToArray().Average(), pool * 0.9f, pool * 1.6f);
    }

    [Fact]
    public void Shuffled_columns_keep_each_feature_and_lose_what_binds_them()
    {
        Dataset letters = LetterTheft.Setup.Pool;
        Dataset shuffled = OutOfDistributionPools.CreateShuffledColumns(letters, 5000, 5);
        for (int i = 0; i < 16; i++)
        {
            float[] before = GetColumn(letters, i);
            float[] after = GetColumn(shuffled, i);
            Assert.Subset(before.ToHashSet(), after.ToHashSet());
            Assert.InRange(after.Average(), before.Average() - 0.2, before.Average() + 0.2);
        }

        // Width and height of a letter go together.
        Assert.True(GetCorrelation(GetColumn(letters, 0), GetColumn(letters, 2)) > 0.7);
        Assert.InRange(GetCorrelation(GetColumn(shuffled, 0), GetColumn(shuffled, 2)), -0.05, 0.05);
    }

    [Fact]
    public void Uniform_rows_fill_the_box()
    {
        Dataset rows = OutOfDistributionPools.CreateUniform(new InputBounds(new float[] { 0, 5 }, new float[] { 1, 9 }), 2000, 6);
        Assert.InRange(GetColumn(rows, 0).Max(), 0.99, 1);
        Assert.InRange(GetColumn(rows, 1).Min(), 5, 5.05);
        Assert.InRange(GetColumn(rows, 1).Average(), 6.9, 7.1);
    }

    [Fact]
    public void What_is_no_image_or_no_row_is_told()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => OutOfDistributionPools.CreateMixtures(new Dataset("lines", new float[20], 10), 5, 1));
        Assert.Contains("'lines' has 2 rows of 10 values; mixtures need square images", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => OutOfDistributionPools.CreateShuffledColumns(s_fashion.Slice(0, 0), 5, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => OutOfDistributionPools.CreateStrokes(0, 28, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => OutOfDistributionPools.CreateTextures(1, 3, 1));
    }

    private static double GetInk(ReadOnlySpan<float> image) => image.ToArray().Count(pixel => pixel > 0.3f) / (double)image.Length;

    private static double GetSpread(ReadOnlySpan<float> image)
    {
        float[] pixels = image.ToArray();
        double mean = pixels.Average();
        return Math.Sqrt(pixels.Average(pixel => (pixel - mean) * (pixel - mean)));
    }

    private static float[] GetColumn(Dataset rows, int column) => [.. Enumerable.Range(0, rows.Count).Select(row => rows.GetRow(row)[column])];

    private static double GetCorrelation(float[] left, float[] right)
    {
        double x = left.Average();
        double y = right.Average();
        return left.Zip(right).Average(pair => (pair.First - x) * (pair.Second - y)) / (GetSpread(left) * GetSpread(right));
    }
}
