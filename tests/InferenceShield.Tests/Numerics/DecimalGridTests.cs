using InferenceShield.Numerics;

namespace InferenceShield.Tests;

public sealed class DecimalGridTests
{
    private static readonly float[] s_special = [0f, -0f, 1e-45f, -1e-45f, 0.5f, -0.5f, 1.5f, 2.5f, -0.004f, float.MaxValue, float.MinValue];

    [Fact]
    public void Equals_its_portable_twin_at_every_length_and_rounding_on_paper()
    {
        Random random = new(1);
        foreach (double units in new[] { 1, 10, 1000, 1e5, 1e38, 0.1, 1e-3, 1e-38 })
        {
            for (int length = 0; length <= 257; length++)
            {
                float[] values = [.. Enumerable.Range(0, length).Select(_ => random.Next(3) == 0 ? s_special[random.Next(s_special.Length)] : random.NextSingle() - 0.5f)];
                float[] vector = [.. values];
                float[] scalar = [.. values];
                DecimalGrid.Round(vector, units);
                DecimalGrid.RoundScalar(scalar, units);
                Assertions.SameBits(scalar, vector);
                Assert.All(vector, value => Assert.True(float.IsFinite(value) && !(value == 0 && float.IsNegative(value))));
            }
        }

        float[] some = [0.125f, 0.375f, -0.125f, 1.005f, 2.4999f, 0.07f, 1e-9f, -3f];
        DecimalGrid.Round(some, 100);
        Assert.Equal([0.12f, 0.38f, -0.12f, 1f, 2.5f, 0.07f, 0f, -3f], some);
    }
}
