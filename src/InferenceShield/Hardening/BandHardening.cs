using System.Numerics.Tensors;

namespace InferenceShield;

/// <summary>Releases label, band and runner-up of a distribution and nothing else of it.</summary>
internal static class BandHardening
{
    /// <param name="bands">For as many classes.</param>
    /// <param name="distribution">Non-negative, sums to 1.</param>
    /// <param name="top">The first of its largest.</param>
    /// <param name="released">As long. Sums to exactly 1 on the grid, with its strict maximum at <paramref name="top"/>.</param>
    public static void Apply(ConfidenceBands bands, ReadOnlySpan<double> distribution, int top, Span<float> released)
    {
        int second = bands.NamesRunnerUp && distribution.Length > 1 ? FindRunnerUp(distribution, top) : -1;
        Apply(bands.Answers[bands.FindBand((float)distribution[top])], top, second, released);
    }

    /// <param name="bands">For as many classes.</param>
    /// <param name="band">That of the leading class's probability.</param>
    /// <param name="clean">Finite scores, logits or probabilities. May be the same span as <paramref name="released"/>.</param>
    /// <param name="top">The first of the largest.</param>
    /// <param name="released">As long.</param>
    public static void Apply(ConfidenceBands bands, int band, ReadOnlySpan<float> clean, int top, Span<float> released)
    {
        int second = bands.NamesRunnerUp && clean.Length > 1 ? LeadingClass.FindSecond(clean, top) : -1;
        Apply(bands.Answers[band], top, second, released);
    }

    private static void Apply(in BandAnswer answer, int top, int second, Span<float> released)
    {
        // The first unnamed classes get the steps that do not divide: all before a bound that the named ones push on.
        int bound = answer.Extra;
        bound += Math.Min(top, second) is int first and >= 0 && first < bound ? 1 : 0;
        bound += Math.Max(top, second) < bound ? 1 : 0;
        released[..bound].Fill(answer.More);
        released[bound..].Fill(answer.Less);
        released[top] = answer.Leader;
        if (second >= 0)
        {
            released[second] = answer.RunnerUp;
        }
    }

    /// <summary>The largest but one class, the first of equals.</summary>
    /// <param name="distribution">At least two classes, none of them NaN or -0.</param>
    /// <param name="top">The first of its largest.</param>
    public static int FindRunnerUp(ReadOnlySpan<double> distribution, int top)
    {
        int before = TensorPrimitives.IndexOfMax(distribution[..top]);
        int after = TensorPrimitives.IndexOfMax(distribution[(top + 1)..]);
        if (after < 0)
        {
            return before;
        }

        after += top + 1;
        return before < 0 || distribution[after] > distribution[before] ? after : before;
    }
}
