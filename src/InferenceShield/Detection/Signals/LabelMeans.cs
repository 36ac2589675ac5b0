namespace InferenceShield;

/// <summary>Means of rows, label by label.</summary>
internal static class LabelMeans
{
    /// <summary>Learns the mean of all rows, first, and that of each label that has at least <see cref="LabelGaussians.RowsForMean"/>.</summary>
    /// <param name="rows">One after another.</param>
    /// <param name="length">Numbers in a row.</param>
    /// <param name="labels">One for each row.</param>
    /// <param name="classes">Labels are below.</param>
    /// <param name="meanOf">Which mean a label has: 0 for that of all rows.</param>
    /// <param name="counts">Rows of each label.</param>
    public static float[] Learn(ReadOnlySpan<float> rows, int length, ReadOnlySpan<int> labels, int classes, out int[] meanOf, out int[] counts)
    {
        counts = new int[classes];
        foreach (int label in labels)
        {
            counts[label]++;
        }

        meanOf = new int[classes];
        int own = 0;
        for (int label = 0; label < classes; label++)
        {
            meanOf[label] = counts[label] >= LabelGaussians.RowsForMean ? ++own : 0;
        }

        double[] sums = new double[(own + 1) * length];
        int[] totals = new int[own + 1];
        for (int row = 0; row < labels.Length; row++)
        {
            int mean = meanOf[labels[row]];
            totals[0]++;
            totals[mean] += mean > 0 ? 1 : 0;
            ReadOnlySpan<float> values = rows.Slice(row * length, length);
            Span<double> all = sums.AsSpan(0, length);
            Span<double> label = sums.AsSpan(mean * length, length);
            for (int i = 0; i < length; i++)
            {
                all[i] += values[i];
                label[i] += mean > 0 ? values[i] : 0;
            }
        }

        float[] means = new float[sums.Length];
        for (int i = 0; i < means.Length; i++)
        {
            means[i] = (float)(sums[i] / totals[i / length]);
        }

        return means;
    }
}
