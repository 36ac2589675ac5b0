using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Ertl's improved raw estimator.</summary>
/// <remarks>Ertl, arXiv 1702.01284 (2017), Algorithm 6. Range: with the two corrections the estimate is nearly unbiased
/// from 0 to about 2^64.</remarks>
internal static class HyperLogLogEstimator
{
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
        return sum > 0 ? Math.Min(registers * registers / (2 * Math.Log(2) * sum), Greatest) : Greatest;
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
