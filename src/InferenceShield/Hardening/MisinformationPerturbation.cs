using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Adaptive misinformation (Kariyappa and Qureshi, "Defending Against Model Stealing Attacks With Adaptive
/// Misinformation", CVPR 2020), capped so that the leading class stays in front.</summary>
/// <remarks>The answer is (1 - a) y + a d with a = 1 / (1 + exp(nu (max y - tau))) and a decoy d: the less confident, the more
/// of the decoy. All of the work is done for every row, so that its time does not tell a.</remarks>
internal static class MisinformationPerturbation
{
    /// <summary>Sets these bits apart from others under the same key: "decoy".</summary>
    private const ulong Purpose = 0x64_65_63_6F_79;

    /// <param name="distribution">Non-negative, sum 1, none above <paramref name="top"/>. So is the result.</param>
    /// <param name="top">The leading class.</param>
    /// <param name="tau">0 to 1.</param>
    /// <param name="nu">0 to 1,000,000.</param>
    /// <param name="decoy">Non-negative, sum 1, as long.</param>
    public static void Apply(Span<double> distribution, int top, double tau, double nu, ReadOnlySpan<double> decoy) =>
        LabelKeepingBlend.Apply(distribution, top, decoy, 1 / (1 + Math.Exp(nu * (distribution[top] - tau))));

    /// <summary>The row's own scores, dealt out anew: a permutation of key and label in which no class keeps its own.</summary>
    /// <remarks>Sattolo's algorithm: one cycle through all classes. A hash for every two of them.</remarks>
    public static void FillDecoy(Span<double> decoy, ReadOnlySpan<double> distribution, int top, SipHashKey key)
    {
        distribution.CopyTo(decoy);
        Hash128 bits = default;
        for (int i = decoy.Length - 1; i > 0; i--)
        {
            bool isSecond = (i & 1) == 0 && i < decoy.Length - 1;
            bits = isSecond ? bits : SipHash.Hash(key, Purpose, (ulong)top, (ulong)i);
            int other = (int)Math.BigMul(isSecond ? bits.High : bits.Low, (ulong)i, out _);
            (decoy[i], decoy[other]) = (decoy[other], decoy[i]);
        }
    }
}
