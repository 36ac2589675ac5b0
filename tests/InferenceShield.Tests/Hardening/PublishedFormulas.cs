namespace InferenceShield.Tests;

/// <summary>The postprocessors of the Adversarial Robustness Toolbox as its documentation and papers define them, defects and all:
/// what users of other libraries get.</summary>
internal static class PublishedFormulas
{
    /// <summary>Lee et al. 2018: p - beta (s(gamma logit p) - 1/2), clipped to 0..1, sum 1.</summary>
    public static double[] ReverseSigmoid(float[] row, double beta, double gamma)
    {
        double[] moved = [.. row.Select(value =>
        {
            double p = Math.Clamp((double)value, 1e-9, 1 - 1e-9);
            double logit = Math.Log(p / (1 - p));
            return Math.Clamp(p - (beta * ((1 / (1 + Math.Exp(-gamma * logit))) - 0.5)), 0, 1);
        })];
        double sum = moved.Sum();
        return [.. moved.Select(value => value / sum)];
    }

    /// <summary>A port of it that clamps the odds to less than 1.</summary>
    public static double[] ReverseSigmoidOfClampedOdds(float[] row, double beta, double gamma)
    {
        double[] moved = [.. row.Select(value =>
        {
            double odds = Math.Clamp(value / (1 - (double)value), 1e-12, 1 - 1e-12);
            return Math.Max(0, value - (beta * ((1 / (1 + Math.Exp(-gamma * Math.Log(odds)))) - 0.5)));
        })];
        double sum = moved.Sum();
        return [.. moved.Select(value => value / sum)];
    }

    /// <summary>Everything below the cutoff is 0.</summary>
    public static double[] HighConfidence(float[] row, double cutoff) => [.. row.Select(value => value < cutoff ? 0 : (double)value)];

    /// <summary>Every number by itself.</summary>
    public static double[] Rounded(float[] row, int decimals) => [.. row.Select(value => Math.Round((double)value, decimals))];

    /// <summary>New noise on every call, negative values clipped, divided by the sum.</summary>
    public static double[] GaussianNoise(float[] row, double scale, Random random)
    {
        double[] moved = [.. row.Select(value =>
            Math.Max(0, value + (scale * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()))))];
        double sum = moved.Sum();
        return [.. moved.Select(value => value / sum)];
    }

    /// <summary>Sets the columns of all rows' labels in every row.</summary>
    public static double[][] ClassLabels(float[][] batch)
    {
        int[] labels = [.. batch.Select(row => Assertions.FirstOfLargest(row))];
        return [.. batch.Select(row =>
        {
            double[] released = new double[row.Length];
            foreach (int label in labels)
            {
                released[label] = 1;
            }

            return released;
        })];
    }

    /// <summary>Kariyappa and Qureshi 2020: (1 - a) y + a d with a = 1 / (1 + exp(nu (max y - tau))).</summary>
    public static double[] AdaptiveMisinformation(float[] row, float[] decoy, double tau, double nu)
    {
        double share = 1 / (1 + Math.Exp(nu * (row.Max() - tau)));
        return [.. row.Zip(decoy, (clean, lie) => ((1 - share) * clean) + (share * lie))];
    }
}
