using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Two-sided exponential of scale 1: the logarithm of 23 bits, and a sign. At most 24 ln 2 = 16.64.</summary>
internal readonly struct LaplaceSampler : INoiseSampler
{
    private const uint Sign = 0x8000_0000;

    public static int WordsInGroup => 32;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector512<float> Low, Vector512<float> High) Sample(Vector512<uint> first, Vector512<uint> second) =>
        (Sample(first), Sample(second));

    public static float Sample(ReadOnlySpan<uint> words, int index)
    {
        float size = NoiseMath.MinusLog(words[index]);
        return BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(size) ^ (words[index] << 31));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Sample(Vector512<uint> words) =>
        (NoiseMath.MinusLog(words).AsUInt32() ^ ((words << 31) & Vector512.Create(Sign))).AsSingle();
}
