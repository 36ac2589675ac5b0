using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Turns random words into centred samples, 32 at a time, with vectors and without: the same bits.</summary>
/// <remarks>Only what IEEE 754 rounds in one way: sums, products, fused products, square roots.</remarks>
internal interface INoiseSampler
{
    /// <summary>Words that 32 samples take: 16 or 32.</summary>
    static abstract int WordsInGroup { get; }

    /// <summary>The samples 0 to 15 and 16 to 31 of a group.</summary>
    /// <param name="first">The words 0 to 15.</param>
    /// <param name="second">The words 16 to 31, or the first ones again.</param>
    static abstract (Vector512<float> Low, Vector512<float> High) Sample(Vector512<uint> first, Vector512<uint> second);

    /// <summary>The portable twin: one sample of a group.</summary>
    /// <param name="words">The words of the group.</param>
    /// <param name="index">0 to 31.</param>
    static abstract float Sample(ReadOnlySpan<uint> words, int index);
}
