using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>The FGRA estimator: further generalized remaining area.</summary>
/// <remarks>
/// Ertl, arXiv 2308.16862, Algorithm 6 with the optimal constants of its caption. In between, every register adds
/// eta_j 2^(-tau level), with j its two flags; the registers whose level is too low or too high for that law to hold are
/// replaced by their expectation at a rough estimate of the count (sections 3.5 and 3.6).
/// Levels here are the paper's: 1 to 65 - p, that is register / 4 - p + 2.
/// </remarks>
internal static class UltraLogLogEstimator
{
    /// <summary>Variance of the estimate over count squared, times the number of registers.</summary>
    public const double Variance = 0.6118931496978437;

    private const double Tau = 0.8194911375910897;
    private const double Eta0 = 4.663135422063788;
    private const double Eta1 = 2.1378502137958524;
    private const double Eta2 = 2.781144650979996;
    private const double Eta3 = 0.9824082545153715;
    private const double EtaX = Eta0 - Eta1 - Eta2 + Eta3;

    private static readonly double s_halfToTau = Math.Pow(2, -Tau);
    private static readonly double[] s_contributions = MakeContributions();

    public static double Estimate(ReadOnlySpan<int> counts, int precision)
    {
        int registers = 1 << precision;
        int lowest = 4 * (precision - 1);
        double sum = 0;
        for (int value = lowest + 8; value < 252; value++)
        {
            sum += counts[value] * s_contributions[value - lowest + 4];
        }

        sum += SumLow(counts[0], counts[lowest], counts[lowest + 4], counts[lowest + 6], registers);
        sum += SumHigh(counts[252..], registers, 65 - precision);
        double estimate = registers * Math.Pow(registers, 1 / Tau) / (1 + (1 + Tau) / 2 * Variance / registers) * Math.Pow(sum, -1 / Tau);
        return Math.Min(estimate, HyperLogLogEstimator.Greatest);
    }

    /// <summary>The part of the registers that are empty (0), at level 1 (4), and at level 2 without (8) and with (10) level 1.</summary>
    private static double SumLow(int count0, int count4, int count8, int count10, int registers)
    {
        if (count0 + count4 + count8 + count10 == 0)
        {
            return 0;
        }

        // A maximum likelihood estimate from these registers alone of z = exp(-count / registers).
        double alpha = registers + 3.0 * (count0 + count4 + count8 + count10);
        double beta = registers - count0 - count4;
        double gamma = 4.0 * count0 + 2.0 * count4 + 3.0 * count8 + count10;
        double z = Math.Pow((Math.Sqrt(beta * beta + 4 * alpha * gamma) - beta) / (2 * alpha), 4);
        double quarter = s_halfToTau * s_halfToTau;
        return (count0 > 0 ? count0 * Sigma(z) : 0)
            + count4 * s_halfToTau * Psi(z)
            + count8 * quarter * (z * (Eta0 - Eta1) + Eta1)
            + count10 * quarter * (z * (Eta2 - Eta3) + Eta3);
    }

    /// <summary>The part of the registers at the greatest level, by their two flags.</summary>
    private static double SumHigh(ReadOnlySpan<int> counts, int registers, int level)
    {
        int full = counts[0] + counts[1] + counts[2] + counts[3];
        if (full == 0)
        {
            return 0;
        }

        double alpha = registers + 3.0 * full;
        double beta = counts[0] + counts[1] + 2.0 * (counts[2] + counts[3]);
        double gamma = registers + 2.0 * counts[0] + counts[2] - counts[3];
        double z = Math.Sqrt((Math.Sqrt(beta * beta + 4 * alpha * gamma) - beta) / (2 * alpha));
        double root = Math.Sqrt(z);
        double sum = full * Phi(root)
            + z * (1 + root) * (counts[0] * Eta0 + counts[1] * Eta1 + counts[2] * Eta2 + counts[3] * Eta3)
            + root * s_halfToTau * ((counts[0] + counts[1]) * (z * (Eta0 - Eta2) + Eta2) + (counts[2] + counts[3]) * (z * (Eta1 - Eta3) + Eta3));
        return sum * Math.Pow(s_halfToTau, level) / ((1 + root) * (1 + z));
    }

    /// <summary>The mean contribution of the flags of a register whose own level is the only sure one.</summary>
    private static double Psi(double z) =>
        EtaX * ((z + (Eta2 - Eta3) / EtaX) * (z * z + (Eta1 - Eta3) / EtaX) + (Eta3 * Eta0 - Eta1 * Eta2) / (EtaX * EtaX));

    /// <summary>The mean contribution of an empty register, for z in 0..1; infinite at 1, where all are empty.</summary>
    private static double Sigma(double z)
    {
        if (z <= 0)
        {
            return Eta3;
        }

        if (z >= 1)
        {
            return double.PositiveInfinity;
        }

        double sum = 0;
        double weight = 1;
        double power = z;
        double previous;
        do
        {
            previous = sum;
            double square = power * power;
            sum += weight * (power - square) * Psi(square);
            power = square;
            weight /= s_halfToTau;
        }
        while (sum > previous);
        return sum / z;
    }

    /// <summary>What levels beyond the greatest one would have contributed, for z in 0..1.</summary>
    private static double Phi(double z)
    {
        double toTau = 1 / s_halfToTau;
        if (z <= 0)
        {
            return 0;
        }

        if (z >= 1)
        {
            return Eta0 / (toTau * (2 * toTau - 1));
        }

        double root = Math.Sqrt(z);
        double weight = s_halfToTau * s_halfToTau / ((2 - s_halfToTau) * (1 + root));
        double psi = Psi(z);
        double sum = 2 * root * psi * weight;
        double previous;
        do
        {
            previous = sum;
            z = root;
            root = Math.Sqrt(z);
            double next = Psi(z);
            weight *= s_halfToTau / (1 + root);
            sum += root * (2 * next - (z + root) * psi) * weight;
            psi = next;
        }
        while (sum > previous);
        return sum;
    }

    /// <summary>eta_j 2^(-tau level), by 4 x level + j.</summary>
    private static double[] MakeContributions()
    {
        double[] etas = [Eta0, Eta1, Eta2, Eta3];
        double[] contributions = new double[ByteHistogram.Size];
        for (int i = 0; i < contributions.Length; i++)
        {
            contributions[i] = etas[i & 3] * Math.Pow(2, -Tau * (i >> 2));
        }

        return contributions;
    }
}
