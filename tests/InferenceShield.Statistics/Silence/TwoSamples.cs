namespace InferenceShield.Statistics.Silence;

/// <summary>Whether two samples of times differ: by ranks (Mann and Whitney) and by 10 % trimmed means (Yuen 1974), with normal tails, which
/// for tens of thousands of calls are exact enough.</summary>
internal readonly record struct TwoSamples(double RankP, double Superiority, double TrimmedP, double Effect)
{
    private const double Trim = .1;

    /// <summary>Compares.</summary>
    /// <param name="one">Sorted in place.</param>
    /// <param name="other">Sorted in place.</param>
    public static TwoSamples Compare(double[] one, double[] other)
    {
        Array.Sort(one);
        Array.Sort(other);
        (double superiority, double rankZ) = Rank(one, other);
        (double mean, double error) = Trimmed(one);
        (double otherMean, double otherError) = Trimmed(other);
        double trimmedZ = (otherMean - mean) / Math.Sqrt((error * error) + (otherError * otherError));
        return new TwoSamples(Tails(rankZ), superiority, Tails(trimmedZ), (otherMean - mean) / mean);
    }

    /// <summary>The probability that a normal variable is as far from 0, to 1e-7 absolutely (Abramowitz and Stegun 7.1.26).</summary>
    public static double Tails(double z)
    {
        double x = Math.Abs(z) / Math.Sqrt(2);
        double t = 1 / (1 + (.3275911 * x));
        return t * (.254829592 + (t * (-.284496736 + (t * (1.421413741 + (t * (-1.453152027 + (t * 1.061405429)))))))) * Math.Exp(-x * x);
    }

    /// <summary>The share of pairs in which the other is greater, ties half; and its distance from a half in standard errors.</summary>
    private static (double Superiority, double Z) Rank(double[] one, double[] other)
    {
        double greater = 0;
        double ties = 0;
        (int i, int j) = (0, 0);
        while (i < one.Length || j < other.Length)
        {
            double value = i >= one.Length ? other[j] : j >= other.Length ? one[i] : Math.Min(one[i], other[j]);
            (int first, int second) = (i, j);
            while (i < one.Length && one[i] == value)
            {
                i++;
            }

            while (j < other.Length && other[j] == value)
            {
                j++;
            }

            (double here, double there) = (i - first, j - second);
            greater += there * (first + (here / 2));
            ties += Math.Pow(here + there, 3) - (here + there);
        }

        (double n, double m) = (one.Length, other.Length);
        double variance = n * m / 12 * (n + m + 1 - (ties / ((n + m) * (n + m - 1))));
        return (greater / (n * m), (greater - (n * m / 2)) / Math.Sqrt(variance));
    }

    private static (double Mean, double Error) Trimmed(double[] sorted)
    {
        int cut = (int)(sorted.Length * Trim);
        ReadOnlySpan<double> kept = sorted.AsSpan(cut, sorted.Length - (2 * cut));
        double mean = System.Numerics.Tensors.TensorPrimitives.Sum(kept) / kept.Length;
        double winsorized = (mean * kept.Length + (cut * (kept[0] + kept[^1]))) / sorted.Length;
        double squares = cut * (Math.Pow(kept[0] - winsorized, 2) + Math.Pow(kept[^1] - winsorized, 2));
        foreach (double value in kept)
        {
            squares += (value - winsorized) * (value - winsorized);
        }

        double deviation = Math.Sqrt(squares / (sorted.Length - 1));
        return (mean, deviation / ((1 - (2 * Trim)) * Math.Sqrt(sorted.Length)));
    }
}
