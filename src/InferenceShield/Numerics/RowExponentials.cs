#pragma warning disable RS0030 // Vector loads over spans; every entry point checks lengths first.
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Exponentials of a row of scores, the same bits on every machine and at every vector width.</summary>
/// <remarks>
/// <para>e^x = 2^n e^r with n the nearest whole number to x / ln 2; e^r by a polynomial of degree 11 (Chebyshev
/// interpolation on |r| &lt;= ln 2 / 2, relative error 2^-55). Multiplications and additions in one fixed order,
/// never fused and no estimates: element by element, vectors and scalars do the same. Within 2 ulp of the exact value.</para>
/// <para>Below e^-708 the answer is 0: a denormal share of 1 is nothing that any grid shows.</para>
/// </remarks>
internal static class RowExponentials
{
    /// <summary>Below, a power of two has no normal double.</summary>
    public const double Least = -708;

    private const double InverseLn2 = 1.4426950408889634;

    /// <summary>ln 2 in two parts; the first has its last 21 bits clear, so that n times it is exact.</summary>
    private const double Ln2High = 0.6931471803691238;
    private const double Ln2Low = 1.9082149292705877E-10;

    /// <summary>1.5 * 2^52: added to a small number it leaves its nearest whole number in the last bits.</summary>
    private const double Round = 6755399441055744;

    private const int ExponentBits = 52;

    /// <summary>What is added to those last bits to make them a biased exponent; the upper bits are shifted out.</summary>
    private const long ExponentBias = 1023;

    private const double C0 = 0.5000000000000001;
    private const double C1 = 0.16666666666666669;
    private const double C2 = 0.04166666666662399;
    private const double C3 = 0.008333333333330051;
    private const double C4 = 0.0013888888917281794;
    private const double C5 = 0.00019841269863105968;
    private const double C6 = 2.480152119021773E-05;
    private const double C7 = 2.7557268378684192E-06;
    private const double C8 = 2.7620138719733994E-07;
    private const double C9 = 2.5100424157005067E-08;

    /// <summary>exponentials[i] = e^((scores[i] - largest) * inverseTemperature).</summary>
    /// <param name="scores">Finite, none above <paramref name="largest"/>.</param>
    /// <param name="largest">What is subtracted.</param>
    /// <param name="inverseTemperature">Above 0.</param>
    /// <param name="exponentials">As long.</param>
    /// <returns>Their <see cref="FixedOrderSum"/>.</returns>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static double Fill(ReadOnlySpan<float> scores, double largest, double inverseTemperature, Span<double> exponentials)
    {
        exponentials = exponentials[..scores.Length];
        if (!Vector.IsHardwareAccelerated || scores.Length < Vector<float>.Count)
        {
            FillScalar(scores, largest, inverseTemperature, exponentials);
            return FixedOrderSum.SumScalar(exponentials);
        }

        if (Vector512.IsHardwareAccelerated)
        {
            return Fill512(scores, largest, inverseTemperature, exponentials);
        }

        ref float source = ref MemoryMarshal.GetReference(scores);
        ref double destination = ref MemoryMarshal.GetReference(exponentials);
        Vector<double> subtracted = new(largest);
        Vector<double> factor = new(inverseTemperature);
        nuint last = (nuint)(uint)(scores.Length - Vector<float>.Count);
        nuint i = 0;
        while (true)
        {
            Vector.Widen(Vector.LoadUnsafe(ref source, i), out Vector<double> low, out Vector<double> high);
            Of((low - subtracted) * factor).StoreUnsafe(ref destination, i);
            Of((high - subtracted) * factor).StoreUnsafe(ref destination, i + (nuint)(uint)Vector<double>.Count);
            if (i == last)
            {
                return FixedOrderSum.Sum(exponentials);
            }

            i = Math.Min(i + (nuint)(uint)Vector<float>.Count, last); // the last ones twice, where they do not fill a vector
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static double Fill512(ReadOnlySpan<float> scores, double largest, double inverseTemperature, Span<double> exponentials)
    {
        ref float source = ref MemoryMarshal.GetReference(scores);
        ref double destination = ref MemoryMarshal.GetReference(exponentials);
        Vector512<double> subtracted = Vector512.Create(largest);
        Vector512<double> first = Vector512<double>.Zero;
        Vector512<double> second = Vector512<double>.Zero;
        int half = Vector512<double>.Count;
        int i = 0;
        for (; i + FixedOrderSum.Lanes <= scores.Length; i += FixedOrderSum.Lanes)
        {
            (Vector512<double> low, Vector512<double> high) = Vector512.Widen(Vector512.LoadUnsafe(ref source, (nuint)(uint)i));
            low = Of((low - subtracted) * inverseTemperature);
            high = Of((high - subtracted) * inverseTemperature);
            low.StoreUnsafe(ref destination, (nuint)(uint)i);
            high.StoreUnsafe(ref destination, (nuint)(uint)(i + half));
            first += low;
            second += high;
        }

        // What does not fill sixteen lanes: eight at once, the last ones twice.
        int summed = i;
        while (i < scores.Length)
        {
            i = Math.Min(i, scores.Length - half);
            (Vector256<double> low, Vector256<double> high) = Vector256.Widen(Vector256.LoadUnsafe(ref source, (nuint)(uint)i));
            Of((Vector512.Create(low, high) - subtracted) * inverseTemperature).StoreUnsafe(ref destination, (nuint)(uint)i);
            i += half;
        }

        Span<double> sums = stackalloc double[FixedOrderSum.Lanes];
        first.CopyTo(sums);
        second.CopyTo(sums[half..]);
        return FixedOrderSum.Finish(sums, exponentials[summed..]);
    }

    /// <summary>The portable twin of <see cref="Fill"/>.</summary>
    public static void FillScalar(ReadOnlySpan<float> scores, double largest, double inverseTemperature, Span<double> exponentials)
    {
        for (int i = 0; i < scores.Length; i++)
        {
            exponentials[i] = Of((scores[i] - largest) * inverseTemperature);
        }
    }

    /// <summary>e^x for x from -infinity to 0.</summary>
    public static double Of(double x)
    {
        double shifted = (x * InverseLn2) + Round;
        double n = shifted - Round;
        double r = (x - (n * Ln2High)) - (n * Ln2Low);
        double r2 = r * r;
        double r4 = r2 * r2;
        double q = (((C1 * r) + C0) + (((C3 * r) + C2) * r2)) + (((((C5 * r) + C4) + (((C7 * r) + C6) * r2)) + (((C9 * r) + C8) * r4)) * r4);
        double power = BitConverter.Int64BitsToDouble((BitConverter.DoubleToInt64Bits(shifted) + ExponentBias) << ExponentBits);
        return x >= Least ? (((q * r2) + r) + 1) * power : 0;
    }

    /// <summary>The same for a vector of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<double> Of(Vector<double> x)
    {
        Vector<double> shifted = (x * InverseLn2) + new Vector<double>(Round);
        Vector<double> n = shifted - new Vector<double>(Round);
        Vector<double> r = (x - (n * Ln2High)) - (n * Ln2Low);
        Vector<double> r2 = r * r;
        Vector<double> r4 = r2 * r2;
        Vector<double> low = ((r * C1) + new Vector<double>(C0)) + (((r * C3) + new Vector<double>(C2)) * r2);
        Vector<double> high = ((r * C5) + new Vector<double>(C4)) + (((r * C7) + new Vector<double>(C6)) * r2);
        Vector<double> q = low + ((high + (((r * C9) + new Vector<double>(C8)) * r4)) * r4);
        Vector<double> power = Vector.AsVectorDouble(Vector.ShiftLeft(Vector.AsVectorInt64(shifted) + new Vector<long>(ExponentBias), ExponentBits));
        Vector<double> result = (((q * r2) + r) + Vector<double>.One) * power;
        return Vector.AndNot(result, Vector.AsVectorDouble(Vector.LessThan(x, new Vector<double>(Least))));
    }

    /// <summary>The same for eight of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Of(Vector512<double> x)
    {
        Vector512<double> shifted = (x * InverseLn2) + Vector512.Create(Round);
        Vector512<double> n = shifted - Vector512.Create(Round);
        Vector512<double> r = (x - (n * Ln2High)) - (n * Ln2Low);
        Vector512<double> r2 = r * r;
        Vector512<double> r4 = r2 * r2;
        Vector512<double> low = ((r * C1) + Vector512.Create(C0)) + (((r * C3) + Vector512.Create(C2)) * r2);
        Vector512<double> high = ((r * C5) + Vector512.Create(C4)) + (((r * C7) + Vector512.Create(C6)) * r2);
        Vector512<double> q = low + ((high + (((r * C9) + Vector512.Create(C8)) * r4)) * r4);
        Vector512<double> power = Vector512.ShiftLeft(shifted.AsInt64() + Vector512.Create(ExponentBias), ExponentBits).AsDouble();
        Vector512<double> result = (((q * r2) + r) + Vector512<double>.One) * power;
        return result & Vector512.GreaterThanOrEqual(x, Vector512.Create(Least));
    }
}
