using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Normal with a standard deviation of 1: Box and Muller's transform of two words into two samples. At most
/// sqrt(48 ln 2) = 5.77.</summary>
/// <remarks>G. Box and M. Muller, "A Note on the Generation of Random Normal Deviates" (1958): sqrt(-2 ln u) cos and sin of an
/// even angle. The angle is even in a quarter around 0; two more bits turn it to the other quarters.</remarks>
internal readonly struct GaussianSampler : INoiseSampler
{
    private const int Half = 16;

    public static int WordsInGroup => 32;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector512<float> Low, Vector512<float> High) Sample(Vector512<uint> first, Vector512<uint> second)
    {
        Vector512<float> minusLog = NoiseMath.MinusLog(first);
        Vector512<float> radius = Vector512.Sqrt(minusLog + minusLog);
        (Vector512<float> sine, Vector512<float> cosine) = NoiseMath.SineAndCosine(second);
        Vector512<uint> sign = (second << 30) & Vector512.Create(0x8000_0000u);
        Vector512<float> along = radius * (cosine.AsUInt32() ^ sign).AsSingle();
        Vector512<float> across = radius * sine;
        Vector512<float> turned = Vector512.Equals(second & Vector512<uint>.One, Vector512<uint>.One).AsSingle();
        return (Vector512.ConditionalSelect(turned, across, along), Vector512.ConditionalSelect(turned, along, across));
    }

    public static float Sample(ReadOnlySpan<uint> words, int index)
    {
        uint second = words[(index % Half) + Half];
        float minusLog = NoiseMath.MinusLog(words[index % Half]);
        float radius = MathF.Sqrt(minusLog + minusLog);
        (float sine, float cosine) = NoiseMath.SineAndCosine(second);
        bool isAlong = index < Half == ((second & 1) == 0);
        return isAlong
            ? radius * BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(cosine) ^ ((second << 30) & 0x8000_0000))
            : radius * sine;
    }
}
