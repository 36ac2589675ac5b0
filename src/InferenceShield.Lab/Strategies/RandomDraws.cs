namespace InferenceShield.Lab;

/// <summary>Numbers that strategies draw from a <see cref="SeededRandom"/>.</summary>
internal static class RandomDraws
{
    /// <summary>A number in 0 (included) to 1 (excluded).</summary>
    public static float Unit(ref SeededRandom random) => (random.NextUInt64() >> 40) * (1f / (1 << 24));

    /// <summary>A number between two others.</summary>
    public static float Between(ref SeededRandom random, float minimum, float maximum) =>
        minimum + ((maximum - minimum) * Unit(ref random));

    /// <summary>A standard normal number (Box and Muller, 1958).</summary>
    public static float Gaussian(ref SeededRandom random)
    {
        // 1 - unit is never 0, so the logarithm is finite.
        double radius = Math.Sqrt(-2 * Math.Log(1 - Unit(ref random)));
        return (float)(radius * Math.Cos(2 * Math.PI * Unit(ref random)));
    }

    /// <summary>Some of the numbers 0 to <paramref name="bound"/> - 1 in random order, none twice.</summary>
    public static int[] Choose(ref SeededRandom random, int bound, int count)
    {
        int[] order = [.. Enumerable.Range(0, bound)];
        random.Shuffle(order);
        return order[..Math.Min(count, bound)];
    }
}
