using System.Numerics.Tensors;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Releases the label of a row and nothing else, without making a distribution of it.</summary>
internal static class LabelHardening
{
    /// <summary>Nearer to 1 than what <see cref="DistributionHardening"/> allows: what floats cannot decide is left to it.</summary>
    private const float SumTolerance = 9e-3f;

    /// <param name="kind">Logits or probabilities.</param>
    /// <param name="clean">The model's scores.</param>
    /// <param name="released">As long; may be the same span.</param>
    /// <param name="top">The first of the largest.</param>
    /// <param name="confidence">Its probability, to a float's accuracy: it is counted, never released.</param>
    /// <returns>False, and nothing is written, if the row is at fault or might be.</returns>
    public static bool TryApply(OutputKind kind, ReadOnlySpan<float> clean, Span<float> released, out int top, out float confidence)
    {
        confidence = 0;
        top = TensorPrimitives.IndexOfMax(clean);
        float largest = clean[top];
        float least = TensorPrimitives.Min(clean);
        if (!float.IsFinite(largest) || !float.IsFinite(least))
        {
            return false;
        }

        if (largest == 0)
        {
            top = FirstZero(clean);
        }

        if (kind == OutputKind.Logits)
        {
            Span<float> weights = HardeningScratch.ForThisThread.Query(clean.Length);
            TensorPrimitives.Subtract(clean, largest, weights);
            TensorPrimitives.Exp(weights, weights);
            confidence = 1 / FixedOrderSum.Sum(weights);
        }
        else
        {
            float sum = FixedOrderSum.Sum(clean);
            if (least < 0 || !(Math.Abs(sum - 1) < SumTolerance))
            {
                return false;
            }

            confidence = largest / sum;
        }

        released.Clear();
        released[top] = 1;
        return true;
    }

    /// <summary>0 and -0 are equals here, not to IndexOfMax.</summary>
    private static int FirstZero(ReadOnlySpan<float> clean)
    {
        int first = 0;
        while (clean[first] != 0)
        {
            first++;
        }

        return first;
    }
}
