namespace InferenceShield.Benchmarks.Ratios;

/// <summary>Order statistics of a few numbers.</summary>
internal static class Statistic
{
    public static double Median(IEnumerable<double> values) => Quantile(values, 0.5);

    /// <summary>The quantile, interpolated between neighbours.</summary>
    public static double Quantile(IEnumerable<double> values, double share)
    {
        double[] sorted = [.. values.Order()];
        double position = share * (sorted.Length - 1);
        int below = (int)position;
        return below + 1 < sorted.Length
            ? sorted[below] + ((position - below) * (sorted[below + 1] - sorted[below]))
            : sorted[below];
    }
}
