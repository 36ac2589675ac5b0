namespace InferenceShield;

/// <summary>The maximum likelihood estimator of UltraLogLog registers.</summary>
/// <remarks>
/// Ertl, arXiv 2308.16862, section 3.1; the equation is solved as in Ertl, arXiv 1702.01284, Algorithm 8.
/// In the Poisson model a level l below the greatest one, w = 65 - p, is hit by 2^-l / m of the items, and w by as many as
/// w - 1. A level known to be hit gives the likelihood a factor 1 - exp(-n 2^-l / m), one known not to be hit
/// exp(-n 2^-l / m), and nothing is known of levels three or more below a register's greatest.
/// </remarks>
internal static class UltraLogLogLikelihood
{
    /// <summary>sqrt(ln 2 / zeta(2, 5/4)): one over the root of the Fisher information of a register.</summary>
    public const double StandardError = 0.7608621002725182;

    /// <summary>3/2 ln 2 zeta(3, 5/4) / zeta(2, 5/4)^2: the bias of the first order, times the number of registers.</summary>
    private const double Bias = 0.48147376527720065;

    public static double Estimate(ReadOnlySpan<int> counts, int precision)
    {
        double registers = 1 << precision;
        int greatest = 65 - precision;
        Span<int> hits = stackalloc int[64];
        hits.Clear();
        double missed = counts[0];
        for (int value = 4 * (precision - 1); value < counts.Length; value++)
        {
            int count = counts[value];
            if (count == 0)
            {
                continue;
            }

            int level = (value >> 2) - precision + 2;
            hits[level] += count;
            missed += level == greatest ? 0 : Math.ScaleB(count, -level);
            missed += Note(hits, count, level - 1, (value & 2) != 0);
            missed += Note(hits, count, level - 2, (value & 1) != 0);
        }

        hits[greatest - 1] += hits[greatest];

        // In x = n / (2 m) the factors become 1 - exp(-x / 2^k) with k = level - 1.
        double x = Solve(2 * missed, hits[1..greatest], 0.001 * StandardError / Math.Sqrt(registers));
        return Math.Min(2 * registers * x / (1 + Bias / registers), HyperLogLogEstimator.Greatest);
    }

    private static double Note(Span<int> hits, int count, int level, bool hit)
    {
        if (level < 1)
        {
            return 0;
        }

        if (hit)
        {
            hits[level] += count;
            return 0;
        }

        return Math.ScaleB(count, -level);
    }

    /// <summary>The x that maximizes exp(-x a) times the product over k of (1 - exp(-x / 2^k))^b[k].</summary>
    /// <remarks>
    /// It is the root of a x + sum b[k] h(x / 2^k) = sum b[k], with h(x) = 1 - x / (e^x - 1) concave and growing. The
    /// secant method starts at a lower bound that Jensen's inequality gives, and so approaches the root from below.
    /// h is computed for the smallest argument by its series and doubled up by h(4 y) = (y + h (1 - h)) / (y + 1 - h), h = h(2 y),
    /// which needs no exponential function and loses no digits.
    /// </remarks>
    internal static double Solve(double a, ReadOnlySpan<int> b, double tolerance)
    {
        int last = b.LastIndexOfAnyExcept(0);
        if (last < 0)
        {
            return 0;
        }

        if (a == 0)
        {
            return double.PositiveInfinity;
        }

        double hits = 0;
        double weighted = 0;
        int first = b.IndexOfAnyExcept(0);
        for (int k = first; k <= last; k++)
        {
            hits += b[k];
            weighted += Math.ScaleB(b[k], -k);
        }

        // ln(1 + y) >= 2 y / (2 + y) where the logarithm would be inaccurate or not worth its price.
        double x = weighted <= 1.5 * a ? hits / (0.5 * weighted + a) : Math.Log(1 + weighted / a) * (hits / weighted);
        double step = x;
        double previous = 0;
        while (step > x * tolerance)
        {
            double value = a * x + SumOfH(x, b[..(last + 1)], first);
            if (value <= previous || value > hits)
            {
                break; // at the root, as far as doubles tell
            }

            step *= (value - hits) / (previous - value);
            x += step;
            previous = value;
        }

        return x;
    }

    private static double SumOfH(double x, ReadOnlySpan<int> b, int first)
    {
        // y = x / 2^(halvings + 1) is at most 1/4, and h is h(2 y).
        int last = b.Length - 1;
        int halvings = Math.Max(last, Math.ILogB(x) + 2);
        double y = Math.ScaleB(x, -(halvings + 1));
        double square = y * y;
        double h = y - square * (1.0 / 3 - square * (1.0 / 45 - square / 472.5));
        double sum = 0;
        for (int k = halvings; k >= first; k--)
        {
            if (k <= last)
            {
                sum += b[k] * h;
            }

            double rest = 1 - h;
            h = (y + h * rest) / (y + rest);
            y += y;
        }

        return sum;
    }
}
