using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>exp of numbers no greater than 0, to about 1e-7, with the same bits on every machine.</summary>
/// <remarks>The polynomial of S. Moshier's Cephes library (expf), every step fused, as IEEE 754 defines it. Below -87 it stays at exp(-87), so nothing is
/// denormal; 0 gives exactly 1, and nothing gives more.</remarks>
internal static class Exponential
{
    private const float Least = -87;
    private const float LogarithmOfE = 1.44269504f;

    /// <summary>Added, it leaves a whole number in the lowest bits.</summary>
    private const float Rounder = 12_582_912;
    private const float LogOfTwoHigh = 0.693359375f;
    private const float LogOfTwoLow = -2.12194440e-4f;
    private const float Term0 = 1.9875691500e-4f;
    private const float Term1 = 1.3981999507e-3f;
    private const float Term2 = 8.3334519073e-3f;
    private const float Term3 = 4.1665795894e-2f;
    private const float Term4 = 1.6666665459e-1f;
    private const float Term5 = 5.0000001201e-1f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        Vector512<float> least = Vector512.Create(Least);
        x = Vector512.ConditionalSelect(Vector512.GreaterThan(x, least), x, least);
        Vector512<float> shifted = Vector512.FusedMultiplyAdd(x, Vector512.Create(LogarithmOfE), Vector512.Create(Rounder));
        Vector512<float> whole = shifted - Vector512.Create(Rounder);
        Vector512<float> rest = Vector512.FusedMultiplyAdd(whole, Vector512.Create(-LogOfTwoHigh), x);
        rest = Vector512.FusedMultiplyAdd(whole, Vector512.Create(-LogOfTwoLow), rest);
        Vector512<float> sum = Vector512.FusedMultiplyAdd(Vector512.Create(Term0), rest, Vector512.Create(Term1));
        sum = Vector512.FusedMultiplyAdd(sum, rest, Vector512.Create(Term2));
        sum = Vector512.FusedMultiplyAdd(sum, rest, Vector512.Create(Term3));
        sum = Vector512.FusedMultiplyAdd(sum, rest, Vector512.Create(Term4));
        sum = Vector512.FusedMultiplyAdd(sum, rest, Vector512.Create(Term5));
        sum = Vector512.FusedMultiplyAdd(sum, rest * rest, rest) + Vector512<float>.One;
        return (sum.AsInt32() + (shifted.AsInt32() << 23)).AsSingle();
    }

    /// <summary>The portable twin.</summary>
    public static float Exp(float x)
    {
        x = x > Least ? x : Least;
        float shifted = MathF.FusedMultiplyAdd(x, LogarithmOfE, Rounder);
        float whole = shifted - Rounder;
        float rest = MathF.FusedMultiplyAdd(whole, -LogOfTwoHigh, x);
        rest = MathF.FusedMultiplyAdd(whole, -LogOfTwoLow, rest);
        float sum = MathF.FusedMultiplyAdd(Term0, rest, Term1);
        sum = MathF.FusedMultiplyAdd(sum, rest, Term2);
        sum = MathF.FusedMultiplyAdd(sum, rest, Term3);
        sum = MathF.FusedMultiplyAdd(sum, rest, Term4);
        sum = MathF.FusedMultiplyAdd(sum, rest, Term5);
        sum = MathF.FusedMultiplyAdd(sum, rest * rest, rest) + 1;
        return BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(sum) + (BitConverter.SingleToInt32Bits(shifted) << 23));
    }
}
