using InferenceShield.Lab;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

/// <summary>Products of rows against their scalar twins, bit for bit, and against sums of doubles, at every length.</summary>
[Trait("Widths", "all")]
public sealed class RowProductTests
{
    private static readonly int[] s_lengths = [.. Enumerable.Range(0, 258), 768];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(7)]
    public void Inner_products_are_the_scalar_ones(int count)
    {
        foreach (int length in s_lengths)
        {
            (float[] row, float[] others) = (Make(length, 1), Make(count * length, 2));
            float[] dots = new float[count];
            float[] twins = new float[count];
            RowDots.Fill(row, others, dots);
            RowDots.FillScalar(row, others, twins);
            Assertions.SameBits(twins, dots);
            for (int i = 0; i < count; i++)
            {
                Assert.Equal(Enumerable.Range(0, length).Sum(j => (double)row[j] * others[(i * length) + j]), dots[i], 1e-5);
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(16)]
    public void Weighted_sums_are_the_scalar_ones_and_nothing_is_written_behind_them(int count)
    {
        foreach (int length in s_lengths)
        {
            (float[] weights, float[] rows) = (Make(count, 3), Make(count * length, 4));
            float[] sums = [.. Enumerable.Repeat(5f, length), 7];
            float[] twins = new float[length];
            WeightedRows.Sum(weights, rows, sums.AsSpan(0, length));
            WeightedRows.SumScalar(weights, rows, twins);
            Assertions.SameBits([.. twins, 7], sums);
            for (int i = 0; i < length; i++)
            {
                Assert.Equal(Enumerable.Range(0, count).Sum(j => (double)weights[j] * rows[(j * length) + i]), sums[i], 1e-5);
            }
        }
    }

    [Theory]
    [InlineData(float.NaN, float.NaN)]
    [InlineData(float.PositiveInfinity, float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity, float.NegativeInfinity)]
    [InlineData(float.MaxValue, float.PositiveInfinity)]
    public void What_is_not_finite_is_seen_at_every_place(float value, float expected)
    {
        const int Length = 85; // a group, a vector and five more
        for (int place = 0; place < Length; place++)
        {
            float[] row = new float[Length];
            row[place] = value;
            float[] rows = [.. Enumerable.Repeat(2f, 5 * Length)];
            float[] dots = new float[5];
            RowDots.Fill(row, rows, dots);
            Assert.All(dots, dot => Assert.Equal(expected, dot));
            float[] sums = new float[Length];
            WeightedRows.Sum([2, 1], [.. row, .. new float[Length]], sums);
            Assert.All(sums.Select((sum, i) => (sum, i)), pair => Assert.Equal(pair.i == place ? expected : 0, pair.sum));
        }
    }

    [Fact]
    public void Lengths_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(() => WeightedRows.Sum([1, 2], new float[9], new float[4]));
        Assert.Throws<ArgumentException>(() => RowDots.Fill(new float[4], new float[9], new float[2]));
    }

    private static float[] Make(int length, ulong stream)
    {
        SeededRandom random = new(5, stream);
        return [.. Enumerable.Range(0, length).Select(_ => random.NextSigned() / 8)];
    }
}
