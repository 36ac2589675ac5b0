using InferenceShield.Numerics;

namespace InferenceShield.Tests;

/// <summary>The passes over a row against their scalar twins and plain loops, bit for bit, at every length.</summary>
[Trait("Widths", "all")]
public sealed class RowKernelTests
{
    private const int Longest = 257;

    [Fact]
    public void Exponentials_are_within_two_units_in_the_last_place_and_never_above_1()
    {
        Random random = new(3);
        for (int i = 0; i < 1_000_000; i++)
        {
            double x = -Math.Pow(10, (random.NextDouble() * 22) - 19); // from -1e-19 to -1000
            double expected = x >= RowExponentials.Least ? Math.Exp(x) : 0;
            double found = RowExponentials.Of(x);
            Assert.True(found <= 1 && Math.Abs(found - expected) <= 2 * Math.BitDecrement(expected + double.Epsilon) * Math.Pow(2, -52), $"e^{x:R} is {expected:R}, not {found:R}");
        }

        // Where the nearest power of two changes, the polynomial is at its ends.
        for (int n = 0; n <= 1020; n++)
        {
            double middle = -(n + 0.5) * Math.Log(2);
            for (int i = -200; i <= 200; i++)
            {
                double x = middle + (i * 1e-15 * (n + 1));
                Assert.InRange(RowExponentials.Of(x) / Math.Exp(x), 1 - 4.5e-16, 1 + 4.5e-16);
            }
        }
    }

    [Fact]
    public void Exponentials_of_what_ends_a_row()
    {
        Assert.Equal(1, RowExponentials.Of(0));
        Assert.Equal(1, RowExponentials.Of(-0.0));
        Assert.Equal(1, RowExponentials.Of(-double.Epsilon));
        Assert.Equal(0, RowExponentials.Of(double.NegativeInfinity));
        Assert.Equal(0, RowExponentials.Of(double.MinValue));
        Assert.Equal(0, RowExponentials.Of(-708.0000001));
        Assert.InRange(RowExponentials.Of(RowExponentials.Least) / Math.Exp(RowExponentials.Least), 1 - 1e-15, 1 + 1e-15);
    }

    [Fact]
    public void Exponentials_are_the_scalar_ones()
    {
        Random random = new(4);
        for (int length = 0; length <= Longest; length++)
        {
            foreach (double factor in (double[])[1, 0.37, 20])
            {
                float[] scores = MakeRow(random, length, special: true);
                double largest = length == 0 ? 0 : scores.Max();
                double[] expected = new double[length];
                double[] found = new double[length + 1];
                found[length] = 7;
                RowExponentials.FillScalar(scores, largest, factor, expected);
                double sum = RowExponentials.Fill(scores, largest, factor, found);
                SameBits([FixedOrderSum.SumScalar(expected)], [sum]);
                SameBits(expected, found.AsSpan(0, length));
                Assert.Equal(7, found[length]);
            }
        }
    }

    [Fact]
    public void Ends_are_the_scalar_ones_and_what_is_not_finite_is_seen_at_every_place()
    {
        Random random = new(5);
        for (int length = 1; length <= Longest; length++)
        {
            float[] scores = MakeRow(random, length, special: true);
            Assert.True(RowScan.TryFindEnds(scores, out float least, out float largest));
            Assert.True(RowScan.TryFindEndsScalar(scores, out float expectedLeast, out float expectedLargest));
            Assert.Equal((expectedLeast, expectedLargest), (least, largest));
            Assert.Equal((largest, largest), (RowScan.FindLargest(scores), RowScan.FindLargestScalar(scores)));
            for (int i = 0; i < length; i++)
            {
                Assert.Equal(Array.FindIndex(scores, score => score == scores[i]), RowScan.Find(scores, scores[i]));
                float kept = scores[i];
                foreach (float bad in (float[])[float.NaN, -float.NaN, float.PositiveInfinity, float.NegativeInfinity])
                {
                    scores[i] = bad;
                    Assert.False(RowScan.TryFindEnds(scores, out _, out _));
                    Assert.False(RowScan.TryFindEndsScalar(scores, out _, out _));
                }

                scores[i] = kept;
            }
        }
    }

    [Fact]
    public void Sums_of_doubles_are_the_scalar_ones()
    {
        Random random = new(6);
        for (int length = 0; length <= Longest; length++)
        {
            double[] values = [.. MakeRow(random, length, special: false).Select(value => (double)value * value)];
            double sum = FixedOrderSum.Sum(values);
            SameBits([FixedOrderSum.SumScalar(values)], [sum]);
            double ordered = values.Sum();
            Assert.InRange(sum, ordered * (1 - 1e-12), ordered * (1 + 1e-12));
        }
    }

    [Fact]
    public void Grid_passes_are_plain_loops()
    {
        Random random = new(7);
        for (int length = 0; length <= Longest; length++)
        {
            double[] shares = MakeShares(random, length);
            int units = (int)Math.Pow(10, random.Next(1, 6));
            int[] keys = new int[length];
            int[] expectedKeys = new int[length];
            double given = GridSplit.Split(shares, units, keys);
            Assert.Equal(GridSplit.SplitScalar(shares, units, expectedKeys), given);
            Assert.Equal(expectedKeys, keys);
            Assert.Equal(shares.Sum(share => Math.Floor(share * units)), given);
            foreach (int bound in (int[])[-1, 0, 0x3FE00000, length == 0 ? 1 : keys[random.Next(length)]])
            {
                Assert.Equal(keys.Count(key => key > bound), GridSplit.CountAbove(keys, bound));
                double[] steps = [.. shares];
                GridSplit.Finish(steps, units, keys, bound);
                Assert.Equal(shares.Select((share, i) => Math.Floor(share * units) + (keys[i] > bound ? 1 : 0)), steps);
                double level = length == 0 ? 1 : steps[random.Next(length)];
                Assert.Equal(steps.Count(step => step >= level) > 1, GridSplit.SeveralFrom(steps, level));
                float[] released = new float[length];
                GridSplit.Release(steps, 1.0 / units, released);
                Assertions.SameBits([.. steps.Select(step => (float)(step * (1.0 / units)))], released);
            }
        }
    }

    [Fact]
    public void What_is_above_a_bound_is_found_from_any_start()
    {
        Random random = new(9);
        for (int length = 0; length <= Longest; length++)
        {
            double[] values = [.. Enumerable.Range(0, length).Select(_ => random.Next(40) switch { 0 => double.NaN, 1 => 0.5, _ => random.NextDouble() / 2 })];
            foreach (double bound in (double[])[0, 0.25, 0.49, 0.5, 1])
            {
                int start = random.Next(length + 1);
                int expected = start;
                while (expected < length && !(values[expected] > bound))
                {
                    expected++;
                }

                Assert.Equal(expected, RowScan.FindAbove(values, start, bound));
            }
        }
    }

    [Fact]
    public void Part_of_a_row_is_loaded_in_order_and_stored_without_a_write_behind_it()
    {
        for (int length = 1; length <= PartialRow.Most; length++)
        {
            float[] row = [.. Enumerable.Range(1, length).Select(value => (float)value)];
            float[] found = [.. new float[length], 7];
            System.Runtime.Intrinsics.Vector512<float> loaded = PartialRow.Load(row);
            PartialRow.Store(loaded, found.AsSpan(0, length));
            Assert.Equal([.. row, 7], found);
            Assert.Equal(row, Enumerable.Range(0, length).Select(lane => loaded[lane]));
        }
    }

    [Fact]
    public void Remainders_order_as_their_keys_do()
    {
        Random random = new(8);
        double[] shares = MakeShares(random, 5000);
        int[] keys = new int[shares.Length];
        GridSplit.Split(shares, 100, keys);
        double[] remainders = [.. shares.Select(share => GridSplit.Remainder(share, 100))];
        Assert.All(remainders, remainder => Assert.InRange(remainder, 0, 1 - 1e-17));
        Assert.All(shares.Zip(remainders), pair => Assert.Equal(pair.First * 100 > 0, pair.Second > 0));
        int[] order = [.. Enumerable.Range(0, shares.Length).OrderBy(i => remainders[i])];
        Assert.All(order.Zip(order.Skip(1)), pair => Assert.True(keys[pair.First] <= keys[pair.Second]));
    }

    /// <summary>Shares that are 0, denormal, whole steps, nearly so, and anything.</summary>
    private static double[] MakeShares(Random random, int length) =>
    [
        .. Enumerable.Range(0, length).Select(_ => random.Next(8) switch
        {
            0 => 0,
            1 => double.Epsilon * random.Next(1, 3),
            2 => random.Next(10) / 10.0,
            3 => Math.BitDecrement(random.Next(1, 11) / 10.0),
            4 => 1e-7 * random.NextDouble(),
            _ => random.NextDouble(),
        }),
    ];

    private static float[] MakeRow(Random random, int length, bool special) =>
    [
        .. Enumerable.Range(0, length).Select(_ => random.Next(special ? 8 : 1) switch
        {
            1 => -0f,
            2 => float.Epsilon * random.Next(-2, 3),
            3 => random.Next(-3, 4),
            4 => (float)((random.NextDouble() - 0.5) * 6e38),
            _ => (random.NextSingle() - 0.5f) * 100,
        }),
    ];

    private static void SameBits(ReadOnlySpan<double> expected, ReadOnlySpan<double> found)
    {
        Assert.Equal(expected.Length, found.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(BitConverter.DoubleToInt64Bits(expected[i]), BitConverter.DoubleToInt64Bits(found[i]));
        }
    }
}
