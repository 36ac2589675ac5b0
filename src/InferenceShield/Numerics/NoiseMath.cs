using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Logarithm, sine and cosine of random words, to about 1e-7, with the same bits on every machine.</summary>
/// <remarks>The polynomials of S. Moshier's Cephes library (logf, sinf, cosf), with fused products as IEEE 754 defines
/// them. The platform's functions differ in the last bit from one machine to another.</remarks>
internal static class NoiseMath
{
    private const float HalfRoot = 0.707106781f;
    private const float Log0 = 7.0376836292e-2f;
    private const float Log1 = -1.1514610310e-1f;
    private const float Log2 = 1.1676998740e-1f;
    private const float Log3 = -1.2420140846e-1f;
    private const float Log4 = 1.4249322787e-1f;
    private const float Log5 = -1.6668057665e-1f;
    private const float Log6 = 2.0000714765e-1f;
    private const float Log7 = -2.4999993993e-1f;
    private const float Log8 = 3.3333331174e-1f;
    private const float LogOfTwoLow = -2.12194440e-4f;
    private const float LogOfTwoHigh = 0.693359375f;
    private const float Sine0 = -1.9515295891e-4f;
    private const float Sine1 = 8.3321608736e-3f;
    private const float Sine2 = -1.6666654611e-1f;
    private const float Cosine0 = 2.443315711809948e-5f;
    private const float Cosine1 = -1.388731625493765e-3f;
    private const float Cosine2 = 4.166664568298827e-2f;

    /// <summary>2^-24 and 2^-23, the steps of the numbers made of 23 and 22 bits.</summary>
    private const float LogStep = 1f / (1 << 24);
    private const float AngleStep = 1f / (1 << 23);
    private const float QuarterTurn = 1.57079633f;

    /// <summary>-ln u for u = (2 k + 1) 2^-24, k the upper 23 bits: between 0 and 24 ln 2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MinusLog(Vector512<uint> words)
    {
        Vector512<int> odd = (((words >>> 9) << 1) | Vector512<uint>.One).AsInt32();
        Vector512<int> bits = (Vector512.ConvertToSingle(odd) * Vector512.Create(LogStep)).AsInt32();
        Vector512<int> exponent = (bits >> 23) - Vector512.Create(126);
        Vector512<float> mantissa = ((bits & Vector512.Create(0x007f_ffff)) | Vector512.Create(0x3f00_0000)).AsSingle();
        Vector512<float> small = Vector512.LessThan(mantissa, Vector512.Create(HalfRoot));
        Vector512<float> scale = Vector512.ConvertToSingle(exponent + small.AsInt32());
        Vector512<float> x = mantissa + (mantissa & small) - Vector512<float>.One;
        Vector512<float> square = x * x;
        Vector512<float> y = Vector512.FusedMultiplyAdd(Vector512.Create(Log0), x, Vector512.Create(Log1));
        y = Vector512.FusedMultiplyAdd(y, x, Vector512.Create(Log2));
        y = Vector512.FusedMultiplyAdd(y, x, Vector512.Create(Log3));
        y = Vector512.FusedMultiplyAdd(y, x, Vector512.Create(Log4));
        y = Vector512.FusedMultiplyAdd(y, x, Vector512.Create(Log5));
        y = Vector512.FusedMultiplyAdd(y, x, Vector512.Create(Log6));
        y = Vector512.FusedMultiplyAdd(y, x, Vector512.Create(Log7));
        y = Vector512.FusedMultiplyAdd(y, x, Vector512.Create(Log8));
        y = Vector512.FusedMultiplyAdd(y * x, square, scale * Vector512.Create(LogOfTwoLow));
        y = Vector512.FusedMultiplyAdd(square, Vector512.Create(-0.5f), y);
        return Vector512<float>.Zero - Vector512.FusedMultiplyAdd(scale, Vector512.Create(LogOfTwoHigh), x + y);
    }

    /// <summary>The portable twin.</summary>
    public static float MinusLog(uint word)
    {
        int odd = (int)(((word >> 9) << 1) | 1);
        int bits = BitConverter.SingleToInt32Bits(odd * LogStep);
        int exponent = (bits >> 23) - 126;
        float mantissa = BitConverter.Int32BitsToSingle((bits & 0x007f_ffff) | 0x3f00_0000);
        bool isSmall = mantissa < HalfRoot;
        float scale = exponent - (isSmall ? 1 : 0);
        float x = mantissa + (isSmall ? mantissa : 0) - 1;
        float square = x * x;
        float y = MathF.FusedMultiplyAdd(Log0, x, Log1);
        y = MathF.FusedMultiplyAdd(y, x, Log2);
        y = MathF.FusedMultiplyAdd(y, x, Log3);
        y = MathF.FusedMultiplyAdd(y, x, Log4);
        y = MathF.FusedMultiplyAdd(y, x, Log5);
        y = MathF.FusedMultiplyAdd(y, x, Log6);
        y = MathF.FusedMultiplyAdd(y, x, Log7);
        y = MathF.FusedMultiplyAdd(y, x, Log8);
        y = MathF.FusedMultiplyAdd(y * x, square, scale * LogOfTwoLow);
        y = MathF.FusedMultiplyAdd(square, -0.5f, y);
        return 0 - MathF.FusedMultiplyAdd(scale, LogOfTwoHigh, x + y);
    }

    /// <summary>Sine and cosine of an angle between -45 and 45 degrees, even in the upper 22 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector512<float> Sine, Vector512<float> Cosine) SineAndCosine(Vector512<uint> words)
    {
        Vector512<int> odd = (((words >>> 10) << 1) | Vector512<uint>.One).AsInt32();
        Vector512<float> share = (Vector512.ConvertToSingle(odd) * Vector512.Create(AngleStep)) - Vector512.Create(0.5f);
        Vector512<float> x = share * Vector512.Create(QuarterTurn);
        Vector512<float> square = x * x;
        Vector512<float> sine = Vector512.FusedMultiplyAdd(Vector512.Create(Sine0), square, Vector512.Create(Sine1));
        sine = Vector512.FusedMultiplyAdd(sine, square, Vector512.Create(Sine2));
        sine = Vector512.FusedMultiplyAdd(sine * square, x, x);
        Vector512<float> cosine = Vector512.FusedMultiplyAdd(Vector512.Create(Cosine0), square, Vector512.Create(Cosine1));
        cosine = Vector512.FusedMultiplyAdd(cosine, square, Vector512.Create(Cosine2));
        cosine = Vector512.FusedMultiplyAdd(cosine * square, square, Vector512.FusedMultiplyAdd(square, Vector512.Create(-0.5f), Vector512<float>.One));
        return (sine, cosine);
    }

    /// <summary>The portable twin.</summary>
    public static (float Sine, float Cosine) SineAndCosine(uint word)
    {
        int odd = (int)(((word >> 10) << 1) | 1);
        float share = (odd * AngleStep) - 0.5f;
        float x = share * QuarterTurn;
        float square = x * x;
        float sine = MathF.FusedMultiplyAdd(Sine0, square, Sine1);
        sine = MathF.FusedMultiplyAdd(sine, square, Sine2);
        sine = MathF.FusedMultiplyAdd(sine * square, x, x);
        float cosine = MathF.FusedMultiplyAdd(Cosine0, square, Cosine1);
        cosine = MathF.FusedMultiplyAdd(cosine, square, Cosine2);
        cosine = MathF.FusedMultiplyAdd(cosine * square, square, MathF.FusedMultiplyAdd(square, -0.5f, 1));
        return (sine, cosine);
    }
}
