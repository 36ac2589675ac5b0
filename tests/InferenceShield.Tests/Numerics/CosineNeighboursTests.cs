using InferenceShield.Lab;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

public sealed class CosineNeighboursTests
{
    [Theory]
    [InlineData(1, 24, .5f)]
    [InlineData(16, 24, .3f)]
    [InlineData(17, 24, .3f)]
    [InlineData(200, 24, .2f)]
    [InlineData(333, 3, .95f)]
    public void Pairs_are_counted_and_found_as_one_by_one(int count, int dimension, float cosine)
    {
        int stride = CosineNeighbours.PaddedCount(count);
        float[] columns = Columns(count, stride, dimension);
        int[] expected = new int[stride];
        int[] degrees = new int[stride];
        Array.Fill(degrees, -7);
        int[] found = new int[stride];

        CosineNeighbours.CountScalar(columns, stride, cosine, expected);
        CosineNeighbours.Count(columns, stride, cosine, degrees);

        Assert.Equal(expected, degrees);
        Assert.True(count == 1 || expected.Max() > 1);
        for (int row = 0; row < count; row++)
        {
            int near = CosineNeighbours.Find(columns, stride, row, cosine, found);
            Assert.Equal(expected[row], near);
            Assert.Contains(row, found[..near]);
            Assert.True(found.AsSpan(0, near).IndexOfAnyExceptInRange(0, count - 1) < 0);
        }

        Assert.All(degrees[count..], degree => Assert.Equal(0, degree));
    }

    private static float[] Columns(int count, int stride, int dimension)
    {
        SeededRandom random = new(9, (ulong)count);
        float[] columns = new float[dimension * stride];
        for (int row = 0; row < count; row++)
        {
            float[] vector = [.. Enumerable.Range(0, dimension).Select(_ => random.NextSigned())];
            float length = MathF.Sqrt(vector.Sum(value => value * value));
            for (int i = 0; i < dimension; i++)
            {
                columns[(i * stride) + row] = vector[i] / length;
            }
        }

        return columns;
    }
}
