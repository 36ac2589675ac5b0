using System.Numerics.Tensors;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>The leading class of a row and its probability, without a distribution of the others: what labels and bands need.</summary>
internal static class LeadingClass
{
    /// <summary>The leading class, for an answer that says nothing else.</summary>
    /// <param name="kind">Logits or probabilities.</param>
    /// <param name="clean">The model's scores.</param>
    /// <param name="top">The first of the largest.</param>
    /// <param name="confidence">Its probability; NaN for logits, whose exponentials would be all that such an answer costs.</param>
    /// <returns>False if the row is at fault or might be: the long way says how.</returns>
    public static bool TryFindLabel(OutputKind kind, ReadOnlySpan<float> clean, out int top, out float confidence)
    {
        if (kind != OutputKind.Logits)
        {
            return TryFind(kind, clean, out top, out confidence);
        }

        confidence = float.NaN;
        top = clean.Length > 1 ? FindFirst(clean) : FusedNoise.FindTop(clean);
        return top >= 0;
    }

    /// <summary>The leading class and the band of its probability.</summary>
    /// <param name="kind">Logits or probabilities.</param>
    /// <param name="clean">The model's scores.</param>
    /// <param name="bands">For as many classes.</param>
    /// <param name="top">The first of the largest.</param>
    /// <param name="confidence">Its probability, within a hundred-thousandth.</param>
    /// <param name="band">The band of the very bits of <see cref="DistributionHardening.TryNormalize"/>.</param>
    /// <returns>False if the row is at fault or might be: the long way says how.</returns>
    public static bool TryFindBand(OutputKind kind, ReadOnlySpan<float> clean, ConfidenceBands bands, out int top, out float confidence, out int band)
    {
        band = 0;
        if (kind == OutputKind.Logits && FloatSplit.IsSupported && clean.Length > FewClasses.Most)
        {
            top = FusedNoise.FindTop(clean);
            if (top < 0)
            {
                confidence = 0;
                return false;
            }

            // In floats, where no edge is so near that doubles could be on its other side.
            double sum = FusedNoise.Exponentiate(clean, clean[top], 1, HardeningScratch.ForThisThread.Query(clean.Length));
            confidence = (float)(1 / sum);
            band = bands.FindBand((float)((1 - FloatSplit.SumError) / sum));
            if (band == bands.FindBand((float)((1 + FloatSplit.SumError) / sum)))
            {
                return true;
            }
        }

        bool isFound = TryFind(kind, clean, out top, out confidence);
        band = bands.FindBand(confidence);
        return isFound;
    }

    /// <summary>The leading class and its probability, with the bits of <see cref="DistributionHardening.TryNormalize"/>.</summary>
    private static bool TryFind(OutputKind kind, ReadOnlySpan<float> clean, out int top, out float confidence)
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
        Span<double> scratch = HardeningScratch.ForThisThread.Distribution(clean.Length);
        if (areLogits)
        {
            confidence = (float)(1 / RowExponentials.Fill(clean, largest, 1, scratch));
            return true;
        }

        TensorPrimitives.ConvertTruncating(clean, scratch);
        double sum = FixedOrderSum.Sum(scratch);
        confidence = (float)(largest * (1 / sum));
        return least >= 0 && Math.Abs(sum - 1) <= DistributionHardening.SumTolerance;
    }

    /// <summary>The first of the largest scores; -1 if any is not finite.</summary>
    /// <param name="clean">At least two scores.</param>
    public static int FindFirst(ReadOnlySpan<float> clean) =>
        clean.Length <= FewClasses.Most && FewClasses.IsSupported ? FewClasses.FindTop(clean) : FusedNoise.FindTop(clean);

    /// <summary>The largest but one class, the first of equals.</summary>
    /// <param name="clean">At least two finite scores.</param>
    /// <param name="top">The first of the largest.</param>
    public static int FindSecond(ReadOnlySpan<float> clean, int top)
    {
        if (clean.Length <= FewClasses.Most && FewClasses.IsSupported)
        {
            return FewClasses.FindSecond(clean, top);
        }

        ReadOnlySpan<float> before = clean[..top];
        ReadOnlySpan<float> after = clean[(top + 1)..];
        float largestBefore = RowScan.FindLargest(before);
        float largestAfter = RowScan.FindLargest(after);
        return largestBefore >= largestAfter
            ? RowScan.Find(before, largestBefore)
            : top + 1 + RowScan.Find(after, largestAfter);
    }
}
