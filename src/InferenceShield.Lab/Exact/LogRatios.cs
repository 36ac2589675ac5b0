namespace InferenceShield.Lab;

/// <summary>Distributions as centred logarithms: the logits less their mean, whatever the softmax took away.</summary>
internal static class LogRatios
{
    /// <summary>Replaces each distribution by the logarithms of its values less their mean.</summary>
    /// <param name="answers">Distributions, row after row.</param>
    /// <param name="classCount">Classes.</param>
    /// <param name="least">Stands for a zero.</param>
    public static void Take(Span<double> answers, int classCount, double least)
    {
        for (int row = 0; row < answers.Length; row += classCount)
        {
            Span<double> values = answers.Slice(row, classCount);
            double mean = 0;
            for (int i = 0; i < classCount; i++)
            {
                values[i] = Math.Log(Math.Max(values[i], least));
                mean += values[i] / classCount;
            }

            for (int i = 0; i < classCount; i++)
            {
                values[i] -= mean;
            }
        }
    }

    /// <summary>Half the smallest value above zero: the best guess at what was rounded to zero.</summary>
    public static double HalfLeast(ReadOnlySpan<double> answers)
    {
        double least = 1;
        foreach (double value in answers)
        {
            least = value > 0 ? Math.Min(least, value) : least;
        }

        return least / 2;
    }

    /// <summary>What answers look like, for a verdict: labels, or rounded to up to 6 decimals; null for full precision.</summary>
    public static string? DescribeGrain(ReadOnlySpan<double> answers) => FindDecimals(answers) switch
    {
        0 => "labels",
        1 => "rounded to 1 decimal",
        int decimals => $"rounded to {decimals} decimals",
        null => null,
    };

    /// <summary>To how many decimals answers look rounded, up to 6; null for full precision.</summary>
    public static int? FindDecimals(ReadOnlySpan<double> answers)
    {
        double step = 1;
        for (int decimals = 0; decimals <= 6; decimals++, step /= 10)
        {
            bool fits = true;
            foreach (double value in answers)
            {
                // A float next to a decimal is within 2^-25 of it.
                fits &= Math.Abs(value - (Math.Round(value / step) * step)) < 3.1e-8;
            }

            if (fits)
            {
                return decimals;
            }
        }

        return null;
    }
}
