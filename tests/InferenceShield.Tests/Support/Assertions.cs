namespace InferenceShield.Tests;

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

    public static int FirstOfLargest(ReadOnlySpan<float> values)
    {
        int top = 0;
        for (int i = 1; i < values.Length; i++)
        {
            top = values[i] > values[top] ? i : top;
        }

        return top;
    }
}
