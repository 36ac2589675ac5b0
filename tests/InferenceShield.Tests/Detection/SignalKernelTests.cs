using InferenceShield.Lab;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

/// <summary>The kernels that queries are measured by, against their scalar twins bit for bit and plain sums in doubles, at every length.</summary>
[Trait("Widths", "all")]
public sealed class SignalKernelTests
{
    private const int Longest = 257;

    [Fact]
    public void Moments_are_the_scalar_ones_and_those_of_plain_sums()
    {
        for (int length = 0; length <= Longest; length++)
        {
            float[] row = Draw(length, 1);
            RowMoments found = RowMoments.Of(row, .25f, -.5f);
            Assert.Equal(RowMoments.OfScalar(row, .25f, -.5f), found);
            Near(row.Sum(x => x - .25), found.Sum, length);
            Near(row.Sum(x => (x - .25) * (x - .25)), found.Squares, length);
            Near(Enumerable.Range(1, Math.Max(0, length - 1)).Sum(i => Math.Abs((double)row[i] - row[i - 1])), found.Variation, length);
            Assert.Equal(row.Count(x => x < -.5f), found.Low);
        }
    }

    [Fact]
    public void Centroid_sums_are_the_scalar_ones_and_those_of_plain_sums()
    {
        for (int length = 0; length <= Longest; length++)
        {
            (float[] row, float[] means, float[] offsets) = (Draw(length, 1), Draw(length, 2), Draw(length, 3));
            CentroidSums found = CentroidSums.Of(row, means, offsets);
            Assert.Equal(CentroidSums.OfScalar(row, means, offsets), found);
            double[] x = [.. row.Zip(means, (a, b) => (double)a - b)];
            Near(x.Sum(v => v * v), found.Squares, length);
            Near(x.Zip(offsets, (a, b) => a * b).Sum(), found.Products, length);
            Near(x.Zip(offsets, (a, b) => (a - b) * (a - b)).Sum(), found.Distances, length);
        }
    }

    [Fact]
    public void Rows_are_made_finite_whatever_they_hold_and_wherever()
    {
        float[] specials = [float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue, float.MinValue, -0f, float.Epsilon, -float.NaN];
        for (int length = 1; length <= Longest; length++)
        {
            float[] row = Draw(length, 1);
            (float[] means, float[] factors) = (Draw(length, 2), Draw(length, 3));
            for (int i = 0; i < specials.Length; i++)
            {
                row[i * 31 % length] = specials[i];
            }

            float[] found = new float[length + 1];
            float[] expected = new float[length + 1];
            found[length] = expected[length] = 7;
            FiniteRow.Clamp(row, -.5f, .75f, found);
            FiniteRow.ClampScalar(row, -.5f, .75f, expected);
            SameBits(expected, found);
            Assert.All(Enumerable.Range(0, length), i => Assert.Equal(float.IsNaN(row[i]) ? 0 : Math.Clamp(row[i], -.5f, .75f), found[i]));
            FiniteRow.Standardise(row, means, factors, 2, found);
            FiniteRow.StandardiseScalar(row, means, factors, 2, expected);
            SameBits(expected, found);
            Assert.All(found[..length], x => Assert.InRange(x, -2, 2));
        }
    }

    [Fact]
    public void Whitened_norms_are_the_scalar_ones_and_those_of_plain_sums()
    {
        for (int length = 1; length <= Longest; length++)
        {
            (float[] values, float[] means, float[] factors) = (Draw(length, 1), Draw(length, 2), Draw(length, 3));
            float diagonal = WhitenedNorm.SquareDiagonal(values, means, factors);
            Assert.Equal(WhitenedNorm.SquareDiagonalScalar(values, means, factors), diagonal);
            Near(Enumerable.Range(0, length).Sum(i => Math.Pow(((double)values[i] - means[i]) * factors[i], 2)), diagonal, length);
            if (length > LabelGaussians.LongestFull)
            {
                continue;
            }

            int stride = WhitenedNorm.Stride(length);
            float[] columns = Draw(length * stride, 4);
            for (int i = 0; i < columns.Length; i++)
            {
                columns[i] = i % stride < length ? columns[i] : 0;
            }

            float full = WhitenedNorm.Square(values, means, columns);
            Assert.Equal(WhitenedNorm.SquareScalar(values, means, columns), full);
            double sum = 0;
            for (int row = 0; row < length; row++)
            {
                sum += Math.Pow(Enumerable.Range(0, length).Sum(i => ((double)values[i] - means[i]) * columns[(i * stride) + row]), 2);
            }

            Near(sum, full, length * length);
        }
    }

    [Fact]
    public void Logarithms_are_the_scalar_ones_and_those_of_the_library()
    {
        SeededRandom random = new(5, 1);
        for (int length = 0; length <= Longest; length++)
        {
            float[] values = new float[length];
            for (int i = 0; i < length; i++)
            {
                values[i] = i % 9 == 0 ? i % 2 : (float)Math.Pow(10, -6 * (1 + random.NextSigned()));
            }

            float[] found = new float[length + 1];
            float[] expected = new float[length + 1];
            found[length] = expected[length] = 7;
            NaturalLogs.Fill(values, 1e-7f, found);
            NaturalLogs.FillScalar(values, 1e-7f, expected);
            SameBits(expected, found);
            Assert.All(Enumerable.Range(0, length), i => Assert.InRange(found[i] - Math.Log(values[i] + 1e-7f), -2e-6, 2e-6));
        }
    }

    [Fact]
    public void A_fold_under_one_centre_adds_up_the_same_as_one_under_many()
    {
        for (int length = 0; length <= Longest; length++)
        {
            (float[] row, float[] factors, float[] start) = (Draw(length, 1), Draw(length, 2), Draw(length + 1, 3));
            float[] found = [.. start];
            SignedFold.Add(row, .25f, factors, found);
            for (int i = 0; i < length; i++)
            {
                float term = (row[i] - .25f) * factors[i];
                Assert.Equal(start[i] + term, found[i]);
            }

            Assert.Equal(start[length], found[length]);
        }
    }

    private static float[] Draw(int count, ulong stream)
    {
        SeededRandom random = new((ulong)count, stream);
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = random.NextSigned();
        }

        return values;
    }

    private static void Near(double expected, float found, int terms) => Assert.InRange(found - expected, -1e-6 * (terms + 1), 1e-6 * (terms + 1));

    private static void SameBits(float[] expected, float[] found) =>
        Assert.Equal(expected.Select(BitConverter.SingleToInt32Bits), found.Select(BitConverter.SingleToInt32Bits));
}
