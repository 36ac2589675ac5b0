using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Releases the nearest centroid of the label.</summary>
internal static class CodebookHardening
{
    /// <param name="codebook">For as many classes.</param>
    /// <param name="distribution">Non-negative, sums to 1.</param>
    /// <param name="top">The first of its largest.</param>
    /// <param name="released">As long.</param>
    /// <returns>False, and nothing is written, if no centroid of the label is within the cap.</returns>
    public static bool TryApply(AnswerCodebook codebook, ReadOnlySpan<double> distribution, int top, Span<float> released)
    {
        CodebookLabel label = codebook.Labels[top];
        if (label.Count == 0)
        {
            return false;
        }

        int nearest = NearestColumns.Find(distribution, label.Columns, label.Stride);

        // The search is in floats; the promise is kept in doubles.
        double distance = 0;
        for (int i = 0; i < distribution.Length; i++)
        {
            distance += Math.Abs(distribution[i] - label.Value(nearest, i));
        }

        if (!(distance <= codebook.DistanceCap))
        {
            return false;
        }

        for (int i = 0; i < released.Length; i++)
        {
            released[i] = label.Value(nearest, i);
        }

        return true;
    }
}
