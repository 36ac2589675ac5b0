using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Even in -1..1: odd numbers of 1/65,536, from the halves of a word.</summary>
internal readonly struct UniformSampler : INoiseSampler
{
    private const float Step = 1f / 32_768;
    private const float Largest = 65_535f / 65_536;

    public static int WordsInGroup => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector512<float> Low, Vector512<float> High) Sample(Vector512<uint> first, Vector512<uint> second)
    {
        Vector512<int> low = (first & Vector512.Create(0xffffu)).AsInt32();
        Vector512<int> high = (first >>> 16).AsInt32();
        Vector512<float> step = Vector512.Create(Step);
        Vector512<float> least = Vector512.Create(-Largest);
        return (Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(low), step, least), Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(high), step, least));
    }

    public static float Sample(ReadOnlySpan<uint> words, int index)
    {
        uint half = index < 16 ? words[index] & 0xffff : words[index - 16] >> 16;
        return (half * Step) - Largest; // exact, fused or not
    }
}
