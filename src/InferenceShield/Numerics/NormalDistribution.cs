namespace InferenceShield.Numerics;

/// <summary>The standard normal distribution, for tables that are made once: no speed, 1e-15 in the middle and 1e-16 absolute in the tails.</summary>
internal static class NormalDistribution
{
    /// <summary>The share below <paramref name="x"/>, by Marsaglia's series (Evaluating the normal distribution, 2004).</summary>
    public static double Cumulative(double x)
    {
        if (!(Math.Abs(x) < 8))
        {
            return x > 0 ? 1 : x < 0 ? 0 : double.NaN;
        }

        double sum = x;
        double before = 0;
        double term = x;
        for (int i = 3; sum != before; i += 2)
        {
            before = sum;
            term *= x * x / i;
            sum += term;
        }

        return 0.5 + (sum * Density(x));
    }

    /// <summary>The number below which a share lies.</summary>
    /// <param name="share">Between 1e-9 and 1 - 1e-9.</param>
    public static double Quantile(double share)
    {
        if (!(share is >= 1e-9 and <= 1 - 1e-9))
        {
            throw new ArgumentOutOfRangeException(nameof(share), share, "The share is between 1e-9 and 1 - 1e-9.");
        }

        if (share > 0.5)
        {
            return -Quantile(1 - share);
        }

        // Newton's steps from the middle. The function is convex on this side, so that they fall and never pass the root.
        double x = 0;
        while (true)
        {
            double next = x - ((Cumulative(x) - share) / Density(x));
            if (next >= x)
            {
                return x;
            }

            x = next;
        }
    }

    private static double Density(double x) => Math.Exp(-0.5 * x * x) * 0.39894228040143267794;
}
