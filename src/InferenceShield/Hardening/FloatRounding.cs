using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Softmax and rounding to a grid in floats, for rows whose answer is sure to be that of <see cref="GridRounding"/>.</summary>
/// <remarks>All but a few rows in a thousand on grids of up to three decimals. The others, and faulty ones, go the long way.</remarks>
internal static class FloatRounding
{
    /// <summary>On finer grids too many shares are nearer to a whole step than floats can tell.</summary>
    public const int MostUnits = 1000;

    /// <summary>Shorter rows are as fast in doubles.</summary>
    private const int LeastClasses = 32;

    /// <summary>2^-20: what is so far below a grid step is not told apart.</summary>
    private const int LeastBound = 0x35800000;

    /// <param name="clean">Logits.</param>
    /// <param name="units">Grid steps between 0 and 1.</param>
    /// <param name="gridStep">One of them.</param>
    /// <param name="released">As long; may be the same span. Not written if the answer is false.</param>
    /// <param name="top">The first of the largest.</param>
    /// <param name="confidence">Its probability, within a hundred-thousandth.</param>
    /// <param name="least">What that has to be above.</param>
    /// <returns>False if the row must go the long way, or is not so sure.</returns>
    public static bool TryRelease(ReadOnlySpan<float> clean, int units, double gridStep, Span<float> released, out int top, out float confidence, float least = 0)
    {
        top = 0;
        confidence = 0;
        if (!FloatSplit.IsSupported || clean.Length < LeastClasses || units > MostUnits)
        {
            return false;
        }

        top = FusedNoise.FindTop(clean);
        if (top < 0)
        {
            return false;
        }

        int padded = (clean.Length + FloatSplit.Lanes - 1) & -FloatSplit.Lanes;
        Span<float> weights = HardeningScratch.ForThisThread.Query(padded);
        Span<int> keys = HardeningScratch.ForThisThread.Keys(padded);
        double sum = FusedNoise.Exponentiate(clean, clean[top], 1, weights[..clean.Length]);
        confidence = (float)(1 / sum);
        if (!(confidence > least))
        {
            return false;
        }

        weights[clean.Length..].Clear();
        float scale = (float)(units / sum);
        int missing = units - FloatSplit.Split(weights, scale, keys);
        if (missing < 0 || missing > clean.Length)
        {
            return false;
        }

        (int bound, int above, _, _) = LargestRemainders.Search(keys, missing, FloatSplit.LargestKey, FloatSplit.Octave);
        if (above != missing || bound < LeastBound || !FloatSplit.TryFinish(weights, scale, bound, top, gridStep))
        {
            return false;
        }

        weights[..clean.Length].CopyTo(released);
        return true;
    }
}
