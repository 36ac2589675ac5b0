using InferenceShield.Numerics;

namespace InferenceShield.Tests;

public sealed class TokenScanTests
{
    private static readonly float[] s_special = [0f, -0f, 1e-45f, -1e-45f, float.MaxValue, float.MinValue, 1f, 1f, -3f];

    [Fact]
    public void Equals_its_portable_twin_at_every_length()
    {
        Random random = new(1);
        for (int length = 0; length <= 257; length++)
        {
            float[] values = [.. Enumerable.Range(0, length).Select(_ => random.Next(3) == 0 ? s_special[random.Next(s_special.Length)] : random.NextSingle() - 0.5f)];
            Check(values);
            if (length > 0)
            {
                foreach (float fault in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
                {
                    int place = random.Next(length);
                    float kept = values[place];
                    values[place] = fault;
                    Check(values);
                    TokenScan.FindLargest(values, out bool areFinite);
                    Assert.False(areFinite);
                    values[place] = kept;
                }
            }
        }
    }

    [Fact]
    public void Finds_the_largest_wherever_it_is()
    {
        for (int length = 1; length <= 257; length++)
        {
            for (int place = 0; place < length; place++)
            {
                float[] values = new float[length];
                Array.Fill(values, -5f);
                values[place] = -4f;
                Assert.Equal(-4f, TokenScan.FindLargest(values, out bool areFinite));
                Assert.True(areFinite);
                Assert.Equal(place, TokenScan.IndexAbove(values, 0, -5f));
                Assert.Equal(-1, TokenScan.IndexAbove(values, 0, -4f));
                Assert.Equal(-1, TokenScan.IndexAbove(values, place + 1, -5f));
            }
        }
    }

    [Fact]
    public void Sums_of_exponentials_are_the_twins_bit_by_bit_and_right()
    {
        Random random = new(1);
        for (int length = 0; length <= 257; length++)
        {
            foreach (float spread in new[] { 0f, 1e-30f, 1f, 30f, 200f, float.MaxValue })
            {
                float largest = spread == float.MaxValue ? 3e38f : random.NextSingle() * 10;
                float[] values = [.. Enumerable.Range(0, length).Select(_ => random.Next(9) == 0 ? largest : largest - (random.NextSingle() * spread))];
                float sum = TokenScan.SumExponentials(values, largest);
                Assertions.SameBits([TokenScan.SumExponentialsScalar(values, largest)], [sum]);
                double exact = values.Sum(value => Math.Exp((double)(value - largest)));
                Assert.InRange(Math.Abs(sum - exact), 0, (1e-6 * exact) + 1e-35);
            }
        }

        Assert.Equal(1, TokenScan.SumExponentials([5], 5));
        Assert.Equal(17, TokenScan.SumExponentials([.. Enumerable.Repeat(-3e38f, 17)], -3e38f));
    }

    [Fact]
    public void A_start_past_the_end_is_refused()
    {
        Assert.Equal(-1, TokenScan.IndexAbove([1, 2], 2, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => TokenScan.IndexAbove([1, 2], 3, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => TokenScan.IndexAbove([1, 2], -1, 0));
    }

    private static void Check(float[] values)
    {
        float largest = TokenScan.FindLargest(values, out bool areFinite);
        float expected = TokenScan.FindLargestScalar(values, out bool areExpectedFinite);
        Assert.Equal(areExpectedFinite, areFinite);
        if (areFinite)
        {
            Assert.Equal(expected, largest);
        }

        foreach (float bar in new[] { 0f, 0.4f, -1f, float.NegativeInfinity, float.NaN })
        {
            for (int start = 0; start <= values.Length; start += 7)
            {
                Assert.Equal(TokenScan.IndexAboveScalar(values, start, bar), TokenScan.IndexAbove(values, start, bar));
            }
        }
    }
}
