namespace InferenceShield.OnnxRuntime.Tests;

internal static class Assertions
{
    /// <summary>Equal as bits: tells -0 from 0 and knows no tolerance.</summary>
    public static void SameBits(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            if (BitConverter.SingleToUInt32Bits(expected[i]) != BitConverter.SingleToUInt32Bits(actual[i]))
            {
                Assert.Fail($"At {i}: {expected[i]:R} expected, {actual[i]:R} found.");
            }
        }
    }

    public static bool AreSameBits(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        Assert.Equal(left.Length, right.Length);
        for (int i = 0; i < left.Length; i++)
        {
            if (BitConverter.SingleToUInt32Bits(left[i]) != BitConverter.SingleToUInt32Bits(right[i]))
            {
                return false;
            }
        }

        return true;
    }

    public static int FirstOfLargest(ReadOnlySpan<float> values)
    {
        int top = 0;
        for (int i = 1; i < values.Length; i++)
        {
            top = values[i] > values[top] ? i : top;
        }

        return top;
    }

    /// <summary>A released distribution: whole steps of the grid, at least 0, together exactly 1, one strict leader, the given one.</summary>
    public static void IsReleased(ReadOnlySpan<float> row, int top, int units = 100)
    {
        long sum = 0;
        for (int i = 0; i < row.Length; i++)
        {
            double steps = Math.Round((double)row[i] * units);
            if (!(steps >= 0) || row[i] != (float)(steps / units))
            {
                Assert.Fail($"Class {i} is {row[i]:R}, which is no step of 1/{units}.");
            }

            if (i != top && row[i] >= row[top])
            {
                Assert.Fail($"Class {i} ({row[i]:R}) is not behind the leading class {top} ({row[top]:R}).");
            }

            sum += (long)steps;
        }

        Assert.Equal(units, sum);
    }

    public static void AllZero(ReadOnlySpan<float> values) => Assert.False(values.ContainsAnyExcept(0f), "Not all zero.");

    /// <summary>Holds if every one of the words is in the text.</summary>
    public static void Says(string text, params ReadOnlySpan<string> words)
    {
        foreach (string word in words)
        {
            Assert.Contains(word, text, StringComparison.Ordinal);
        }
    }
}
