using InferenceShield.Numerics;

namespace InferenceShield.Tests;

/// <summary>Seeded rows of input, and keys by number.</summary>
internal static class InputRows
{
    /// <summary>Normal rows, in which number i has the standard deviation deviations[i] and the mean i.</summary>
    public static float[] Normal(int rows, double[] deviations, byte seed)
    {
        byte[] key = new byte[CounterRandom.KeySize];
        key[0] = seed;
        KeyedGaussians gaussians = new(key);
        double[] values = new double[deviations.Length];
        float[] all = new float[rows * deviations.Length];
        for (int row = 0; row < rows; row++)
        {
            gaussians.Fill((ulong)row, values);
            for (int i = 0; i < values.Length; i++)
            {
                all[(row * values.Length) + i] = (float)(i + (deviations[i] * values[i]));
            }
        }

        return all;
    }

    /// <summary>Falling, so that each principal direction is one number of the row.</summary>
    public static double[] Falling(int length) => [.. Enumerable.Range(0, length).Select(i => Math.Pow(0.8, i))];

    public static MarkKey Key(int number, string model = "model")
    {
        using ShieldSecret secret = new(TestShield.Secret(number));
        return MarkKey.Of(secret, model);
    }

    public static InputSpace Space(int length = 60, int rows = 2_000) => InputSpace.Learn(Normal(rows, Falling(length), 1), length);
}
