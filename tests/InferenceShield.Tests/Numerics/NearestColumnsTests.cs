using FsCheck;
using FsCheck.Fluent;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

[Trait("Widths", "all")]
public sealed class NearestColumnsTests
{
    [Fact]
    public void Vectors_find_what_the_plain_loop_finds_and_the_first_of_equals()
    {
        Properties.Hold(
            from points in Gen.Choose(1, 256)
            from dimensions in Gen.Choose(1, 40)
            from levels in Gen.Elements(2, 3, 1000)
            from seed in Gen.Choose(0, int.MaxValue)
            select (points, dimensions, levels, seed),
            test =>
            {
                Random random = new(test.seed);
                int stride = NearestColumns.PaddedCount(test.points);
                float[] columns = new float[stride * test.dimensions];
                for (int i = 0; i < columns.Length; i++)
                {
                    columns[i] = i % stride < test.points ? random.Next(test.levels) / (float)test.levels : float.PositiveInfinity;
                }

                float[] query = [.. Enumerable.Range(0, test.dimensions).Select(_ => random.Next(test.levels) / (float)test.levels)];
                int nearest = NearestColumns.Find(query, columns, stride);
                Assert.Equal(NearestColumns.FindScalar(query, columns, stride), nearest);
                float[] distances = [.. Enumerable.Range(0, test.points).Select(point =>
                {
                    float sum = 0;
                    for (int i = 0; i < query.Length; i++)
                    {
                        sum += MathF.Abs(query[i] - columns[(i * stride) + point]);
                    }

                    return sum;
                })];
                Assert.Equal(Array.IndexOf(distances, distances.Min()), nearest);
            }, tests: 500);
    }

    [Fact]
    public void Lengths_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(() => NearestColumns.Find([1, 2], new float[16], 16));
        Assert.Throws<ArgumentException>(() => NearestColumns.Find([1], new float[15], 15));
        Assert.Throws<ArgumentException>(() => NearestColumns.FindScalar([1], new float[272], 272));
    }
}
