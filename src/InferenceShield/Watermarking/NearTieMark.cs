using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>The near-tie mark: where the two leading labels are near each other, a keyed bit picks one.</summary>
/// <remarks>Bits are a function of key and cell, or of key, pair and exact input: the same on every repeat, for every caller and posture.</remarks>
internal static class NearTieMark
{
    /// <summary>Finds out whether a clean row is a near tie.</summary>
    /// <param name="kind">Logits or probabilities.</param>
    /// <param name="clean">The model's scores.</param>
    /// <param name="margin">The greatest difference of the two leading probabilities, without temperature.</param>
    /// <param name="tie">The two.</param>
    /// <returns>False if it is none, or if the row is at fault.</returns>
    public static bool TryFind(OutputKind kind, ReadOnlySpan<float> clean, double margin, out NearTie tie)
    {
        tie = default;
        if (clean.Length < 2)
        {
            return false;
        }

        Span<double> distribution = HardeningScratch.ForThisThread.Distribution(clean.Length);
        if (!CleanAnswers.TryNormalize(kind, clean, distribution))
        {
            return false;
        }

        int first = System.Numerics.Tensors.TensorPrimitives.IndexOfMax<double>(distribution);
        int second = BandHardening.FindRunnerUp(distribution, first);
        if (distribution[first] - distribution[second] > margin)
        {
            return false;
        }

        tie = new NearTie(Math.Min(first, second), Math.Max(first, second), (int)Math.Round((distribution[first] + distribution[second]) * 10));
        return true;
    }

    /// <summary>The label that the key picks, by cell.</summary>
    public static int Pick(SipHashKey key, NearTie tie) =>
        Pick(tie, SipHash.Hash(key, Pair(tie), (ulong)tie.Mass, (ulong)MarkKeying.Cell));

    /// <summary>The label that the key picks, by exact input.</summary>
    public static int Pick(SipHashKey key, NearTie tie, Hash128 input) =>
        Pick(tie, SipHash.Hash(key, Pair(tie), input.Low, input.High)); // two words of 64 random bits: no cell's

    private static int Pick(NearTie tie, Hash128 bits) => (bits.Low & 1) == 0 ? tie.Lower : tie.Higher;

    private static ulong Pair(NearTie tie) => (uint)tie.Lower | ((ulong)(uint)tie.Higher << 32);
}
