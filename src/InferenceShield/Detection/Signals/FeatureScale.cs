namespace InferenceShield;

/// <summary>Mean and spread of each place of benign rows.</summary>
internal static class FeatureScale
{
    /// <summary>Learns; what is not finite is left out.</summary>
    /// <param name="rows">One after another.</param>
    /// <param name="length">Numbers in a row.</param>
    /// <param name="means">Of each place.</param>
    /// <param name="factors">1 over each standard deviation; 0 where there is none.</param>
    public static void Learn(ReadOnlySpan<float> rows, int length, out float[] means, out float[] factors)
    {
        means = new float[length];
        factors = new float[length];
        double[] sums = new double[length];
        int[] counts = new int[length];
        for (int start = 0; start < rows.Length; start += length)
        {
            for (int i = 0; i < length; i++)
            {
                float x = rows[start + i];
                bool finite = float.IsFinite(x);
                sums[i] += finite ? x : 0;
                counts[i] += finite ? 1 : 0;
            }
        }

        for (int i = 0; i < length; i++)
        {
            means[i] = (float)(sums[i] / Math.Max(1, counts[i]));
        }

        Array.Clear(sums);
        for (int start = 0; start < rows.Length; start += length)
        {
            for (int i = 0; i < length; i++)
            {
                double x = float.IsFinite(rows[start + i]) ? rows[start + i] - (double)means[i] : 0;
                sums[i] += x * x;
            }
        }

        for (int i = 0; i < length; i++)
        {
            // A spread that only rounding made is none.
            double spread = Math.Sqrt(sums[i] / Math.Max(1, counts[i]));
            float factor = (float)(1 / spread);
            factors[i] = spread > 1e-6 * Math.Abs(means[i]) && float.IsFinite(factor) ? factor : 0;
        }
    }
}
