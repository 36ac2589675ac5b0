using System.Numerics.Tensors;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>The leading class of a row and its probability, without a distribution of the others: what labels and bands need.</summary>
internal static class LeadingClass
{
    /// <summary>Longer rows are summed in single precision where the confidence is only counted.</summary>
    private const int LeastFloatLength = 64;

    /// <param name="kind">Logits or probabilities.</param>
    /// <param name="clean">The model's scores.</param>
    /// <param name="isReleased">Whether the confidence decides what is released: then it has the bits of
    /// <see cref="DistributionHardening.TryNormalize"/>; else it is within a hundred-thousandth of it.</param>
    /// <param name="top">The first of the largest.</param>
    /// <param name="confidence">Its probability.</param>
    /// <returns>False if the row is at fault or might be: the long way says how.</returns>
    public static bool TryFind(OutputKind kind, ReadOnlySpan<float> clean, bool isReleased, out int top, out double confidence)
    {
        bool areLogits = kind == OutputKind.Logits;
        if (clean.Length is > 1 and <= FewClasses.Most && FewClasses.IsSupported)
        {
            return FewClasses.TryLead(clean, areLogits, DistributionHardening.SumTolerance, out top, out confidence);
        }

        top = 0;
        confidence = 0;
        if (!RowScan.TryFindEnds(clean, out float least, out float largest))
        {
            return false;
        }

        top = RowScan.Find(clean, largest);
        if (areLogits && !isReleased && clean.Length >= LeastFloatLength)
        {
            confidence = 1 / TokenScan.SumExponentials(clean, largest);
            return true;
        }

        Span<double> scratch = HardeningScratch.ForThisThread.Distribution(clean.Length);
        if (areLogits)
        {
            confidence = 1 / RowExponentials.Fill(clean, largest, 1, scratch);
            return true;
        }

        TensorPrimitives.ConvertTruncating(clean, scratch);
        double sum = FixedOrderSum.Sum(scratch);
        confidence = largest * (1 / sum);
        return least >= 0 && Math.Abs(sum - 1) <= DistributionHardening.SumTolerance;
    }

    /// <summary>The largest but one class, the first of equals.</summary>
    /// <param name="clean">At least two finite scores.</param>
    /// <param name="top">The first of the largest.</param>
    public static int FindSecond(ReadOnlySpan<float> clean, int top)
    {
        ReadOnlySpan<float> before = clean[..top];
        ReadOnlySpan<float> after = clean[(top + 1)..];
        float largestBefore = before.IsEmpty ? float.NegativeInfinity : TensorPrimitives.Max(before);
        float largestAfter = after.IsEmpty ? float.NegativeInfinity : TensorPrimitives.Max(after);
        return largestBefore >= largestAfter
            ? RowScan.Find(before, largestBefore)
            : top + 1 + RowScan.Find(after, largestAfter);
    }
}
