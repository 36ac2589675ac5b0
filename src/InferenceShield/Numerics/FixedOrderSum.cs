#pragma warning disable RS0030 // Vector loads over spans; lengths bound every load.
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Sums numbers in one fixed order, sixteen lanes and a tree, so that the bits are the same on every machine.</summary>
internal static class FixedOrderSum
{
    public const int Lanes = 16;

    /// <summary>The sum; 0 of nothing.</summary>
    public static float Sum(ReadOnlySpan<float> values)
    {
        if (!Vector128.IsHardwareAccelerated)
        {
            return SumScalar(values);
        }

        ref float first = ref MemoryMarshal.GetReference(values);
        Vector512<float> lanes = Vector512<float>.Zero; // on narrower machines two or four registers, lane by lane the same
        int i = 0;
        for (; i + Lanes <= values.Length; i += Lanes)
        {
            lanes += Vector512.LoadUnsafe(ref first, (nuint)(uint)i);
        }

        Span<float> sums = stackalloc float[Lanes];
        lanes.CopyTo(sums);
        return Finish(sums, values[i..]);
    }

    /// <summary>The portable twin of both.</summary>
    public static T SumScalar<T>(ReadOnlySpan<T> values)
        where T : unmanaged, INumber<T>
    {
        Span<T> sums = stackalloc T[Lanes];
        sums.Clear();
        int i = 0;
        for (; i + Lanes <= values.Length; i += Lanes)
        {
            for (int lane = 0; lane < Lanes; lane++)
            {
                sums[lane] += values[i + lane];
            }
        }

        return Finish(sums, values[i..]);
    }

    /// <summary>The sum of doubles; 0 of nothing.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static double Sum(ReadOnlySpan<double> values)
    {
        if (!Vector256.IsHardwareAccelerated || values.Length < Lanes)
        {
            return SumScalar(values);
        }

        ref double first = ref MemoryMarshal.GetReference(values);
        Vector256<double> a = Vector256<double>.Zero;
        Vector256<double> b = Vector256<double>.Zero;
        Vector256<double> c = Vector256<double>.Zero;
        Vector256<double> d = Vector256<double>.Zero;
        int i = 0;
        for (; i + Lanes <= values.Length; i += Lanes)
        {
            nuint at = (nuint)(uint)i;
            a += Vector256.LoadUnsafe(ref first, at);
            b += Vector256.LoadUnsafe(ref first, at + 4);
            c += Vector256.LoadUnsafe(ref first, at + 8);
            d += Vector256.LoadUnsafe(ref first, at + 12);
        }

        Span<double> sums = stackalloc double[Lanes];
        a.CopyTo(sums);
        b.CopyTo(sums[4..]);
        c.CopyTo(sums[8..]);
        d.CopyTo(sums[12..]);
        return Finish(sums, values[i..]);
    }

    /// <summary>Adds the lanes, in the order of <see cref="Finish"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Finish(Vector512<float> sums)
    {
        Vector256<float> eight = sums.GetLower() + sums.GetUpper();
        Vector128<float> four = eight.GetLower() + eight.GetUpper();
        return (four[0] + four[2]) + (four[1] + four[3]);
    }

    /// <summary>Adds up to fifteen more numbers to the lanes, then the lanes.</summary>
    public static T Finish<T>(Span<T> sums, ReadOnlySpan<T> rest)
        where T : unmanaged, INumber<T>
    {
        for (int lane = 0; lane < rest.Length; lane++)
        {
            sums[lane] += rest[lane];
        }

        for (int half = Lanes / 2; half > 0; half /= 2)
        {
            for (int lane = 0; lane < half; lane++)
            {
                sums[lane] += sums[lane + half];
            }
        }

        return sums[0];
    }
}
