namespace InferenceShield.Lab;

/// <summary>What is drawn from a <see cref="SeededRandom"/>.</summary>
internal static class RandomDraws
{
    /// <summary>A number above 0 and at most 1.</summary>
    public static double NextUnit(this ref SeededRandom random) => ((random.NextUInt64() >> 11) + 1) * (1.0 / (1L << 53));

    /// <summary>A number in 0 (included) to 1 (excluded).</summary>
    public static float NextShare(this ref SeededRandom random) => (random.NextUInt64() >> 40) * (1f / (1 << 24));

    /// <summary>A number between two others.</summary>
    public static float NextBetween(this ref SeededRandom random, float minimum, float maximum) =>
        minimum + ((maximum - minimum) * random.NextShare());

    /// <summary>Some of the numbers 0 to <paramref name="bound"/> - 1 in random order, none twice.</summary>
    public static int[] Choose(this ref SeededRandom random, int bound, int count)
    {
        int[] order = [.. Enumerable.Range(0, bound)];
        random.Shuffle(order);
        return order[..Math.Min(count, bound)];
    }

    /// <summary>A standard normal number (Box and Muller, 1958); the second of the pair is thrown away, so draws do not depend on their order.</summary>
    public static double NextGaussian(this ref SeededRandom random)
    {
        double radius = Math.Sqrt(-2 * Math.Log(random.NextUnit()));
        return radius * Math.Cos(2 * Math.PI * random.NextUnit());
    }

    /// <summary>The logarithm of a gamma variate of scale 1 (Marsaglia and Tsang, 2000), which does not underflow however small the shape.</summary>
    public static double NextLogGamma(this ref SeededRandom random, double shape)
    {
        // A shape below 1 is that of one more, times a power of a uniform number.
        double boost = shape < 1 ? Math.Log(random.NextUnit()) / shape : 0;
        double d = (shape < 1 ? shape + 1 : shape) - (1.0 / 3);
        double c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            double x = random.NextGaussian();
            double v = 1 + (c * x);
            if (v <= 0)
            {
                continue;
            }

            v = v * v * v;
            if (Math.Log(random.NextUnit()) < (0.5 * x * x) + (d * (1 - v + Math.Log(v))))
            {
                return Math.Log(d * v) + boost;
            }
        }
    }
}
