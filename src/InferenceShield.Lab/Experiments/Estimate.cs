namespace InferenceShield.Lab;

/// <summary>A mean over seeds, and how sure it is.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="HalfWidth">Half of the 95 % interval of the mean (Student's t); null for fewer than two seeds.</param>
/// <param name="Seeds">Over how many.</param>
public readonly record struct Estimate(double Mean, double? HalfWidth, int Seeds)
{
    /// <summary>97.5 % quantiles of Student's t with 1, 2, ... degrees of freedom; beyond, the normal one is near enough.</summary>
    private static readonly double[] s_quantiles =
    [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
        2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
    ];

    /// <summary>The mean of some values and its interval.</summary>
    /// <param name="values">One for each seed, at least one.</param>
    public static Estimate Of(IReadOnlyCollection<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfZero(values.Count);
        double mean = values.Average();
        if (values.Count == 1)
        {
            return new Estimate(mean, null, 1);
        }

        double variance = values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1);
        double quantile = values.Count - 2 < s_quantiles.Length ? s_quantiles[values.Count - 2] : 1.96;
        return new Estimate(mean, quantile * Math.Sqrt(variance / values.Count), values.Count);
    }
}
