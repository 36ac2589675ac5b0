using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Ertl's improved raw estimator.</summary>
/// <remarks>Ertl, arXiv 1702.01284 (2017), Algorithm 6, whose two corrections make it fit from 0 to about 2^64. It differs
/// in one factor, as hash4j's does: the reciprocal of a sum that varies is too great on average by about the
/// relative variance, here (3 ln 2 - 1) / m, which is 7 % at 16 registers; that is divided out.</remarks>
internal static class HyperLogLogEstimator
{
    /// <summary>3 ln 2 - 1: the variance of the estimate over count squared, times the number of registers.</summary>
    public static readonly double Variance = 3 * Math.Log(2) - 1;

    /// <summary>No 64-bit hash tells more items apart than this.</summary>
    public const double Greatest = 18446744073709551616.0;

    public static double Estimate(RegisterSums sums, int precision)
    {
        double registers = 1 << precision;
        double empty = sums.Zeros / registers;
        if (empty >= 1)
        {
            return 0;
        }

        // The sum is in units of 2^-q; full registers, of value q + 1, enter through the large-range correction.
        double unit = Math.ScaleB(1, precision - 64);
        double sum = sums.Sum * unit + registers * CorrectSmall(empty) + registers * CorrectLarge(1 - sums.Full / registers) * unit;
        double unbiased = registers * registers / (2 * Math.Log(2) * (1 + Variance / registers));
        return sum > 0 ? Math.Min(unbiased / sum, Greatest) : Greatest;
    }

    /// <summary>sigma(x) = x + the sum over k >= 1 of x^(2^k) 2^(k-1), for x in 0..1.</summary>
    internal static double CorrectSmall(double x)
    {
        double sum = x;
        double weight = 1;
        double previous;
        do
        {
            previous = sum;
            x *= x;
            sum += x * weight;
            weight *= 2;
        }
        while (sum > previous);
        return sum;
    }

    /// <summary>tau(x) = (1 - x - the sum over k >= 1 of (1 - x^(2^-k))^2 2^-k) / 3, for x in 0..1.</summary>
    internal static double CorrectLarge(double x)
    {
        if (x is <= 0 or >= 1)
        {
            return 0;
        }

        double sum = 1 - x;
        double weight = 1;
        double previous;
        do
        {
            previous = sum;
            x = Math.Sqrt(x);
            weight /= 2;
            sum -= (1 - x) * (1 - x) * weight;
        }
        while (sum < previous);
        return sum / 3;
    }
}
