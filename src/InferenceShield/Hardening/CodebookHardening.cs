using System.Numerics.Tensors;
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

        Span<float> query = HardeningScratch.ForThisThread.Query(distribution.Length);
        TensorPrimitives.ConvertTruncating(distribution, query);
        int nearest = NearestColumns.Find(query, label.Columns, label.Stride);

        // The search is in floats; the promise is kept in doubles.
        ReadOnlySpan<float> columns = label.Columns.AsSpan(nearest);
        double distance = 0;
        for (int i = 0, at = 0; i < distribution.Length; i++, at += label.Stride)
        {
            distance += Math.Abs(distribution[i] - columns[at]);
        }

        if (!(distance <= codebook.DistanceCap))
        {
            return false;
        }

        for (int i = 0, at = 0; i < released.Length; i++, at += label.Stride)
        {
            released[i] = columns[at];
        }

        return true;
    }
}
