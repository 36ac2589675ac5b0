#pragma warning disable RS0030 // Vector loads over spans; lengths bound every load.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Looks through a long row of floats: for its largest, for what is not finite, for what is above a bar.</summary>
/// <remarks>No sums, so the results are the same at every vector width.</remarks>
internal static class TokenScan
{
    private const int Lanes = 16;

    /// <summary>The largest value; negative infinity of nothing.</summary>
    /// <param name="values">Any.</param>
    /// <param name="areFinite">False if one is NaN or infinite; the largest means nothing then.</param>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static float FindLargest(ReadOnlySpan<float> values, out bool areFinite)
    {
        if (!Vector128.IsHardwareAccelerated || values.Length < Lanes)
        {
            return FindLargestScalar(values, out areFinite);
        }

        // On narrower machines two or four registers.
        ref float first = ref MemoryMarshal.GetReference(values);
        Vector512<float> largest = Vector512.Create(float.NegativeInfinity);
        Vector512<float> zeros = Vector512<float>.Zero; // times 0, a finite number is 0 and any other NaN
        nuint last = (nuint)(uint)(values.Length - Lanes);
        for (nuint i = 0; i < last; i += Lanes)
        {
            Vector512<float> value = Vector512.LoadUnsafe(ref first, i);
            largest = Vector512.MaxNative(largest, value);
            zeros += value * Vector512<float>.Zero;
        }

        Vector512<float> end = Vector512.LoadUnsafe(ref first, last); // may overlap what was read before
        largest = Vector512.MaxNative(largest, end);
        zeros += end * Vector512<float>.Zero;
        areFinite = Vector512.EqualsAll(zeros, Vector512<float>.Zero);
        Vector256<float> eight = Vector256.MaxNative(largest.GetLower(), largest.GetUpper());
        Vector128<float> four = Vector128.MaxNative(eight.GetLower(), eight.GetUpper());
        return MathF.Max(MathF.Max(four[0], four[1]), MathF.Max(four[2], four[3]));
    }

    /// <summary>The portable twin of <see cref="FindLargest"/>.</summary>
    public static float FindLargestScalar(ReadOnlySpan<float> values, out bool areFinite)
    {
        float largest = float.NegativeInfinity;
        areFinite = true;
        foreach (float value in values)
        {
            areFinite &= float.IsFinite(value);
            largest = value > largest ? value : largest;
        }

        return largest;
    }

    /// <summary>The first index from <paramref name="start"/> on whose value is greater than the bar; -1 if there is none.</summary>
    /// <param name="values">Any; NaN is not greater.</param>
    /// <param name="start">0 to the length.</param>
    /// <param name="bar">Any.</param>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static int IndexAbove(ReadOnlySpan<float> values, int start, float bar)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)start, (uint)values.Length, nameof(start));
        int i = start;
        if (Vector128.IsHardwareAccelerated)
        {
            ref float first = ref MemoryMarshal.GetReference(values);
            Vector512<float> bars = Vector512.Create(bar);
            for (; i <= values.Length - Lanes; i += Lanes)
            {
                Vector512<float> above = Vector512.GreaterThan(Vector512.LoadUnsafe(ref first, (nuint)(uint)i), bars);
                ulong bits = above.ExtractMostSignificantBits();
                if (bits != 0)
                {
                    return i + System.Numerics.BitOperations.TrailingZeroCount(bits);
                }
            }
        }

        return IndexAboveScalar(values, i, bar);
    }

    /// <summary>The portable twin of <see cref="IndexAbove"/>.</summary>
    public static int IndexAboveScalar(ReadOnlySpan<float> values, int start, float bar)
    {
        for (int i = start; i < values.Length; i++)
        {
            if (values[i] > bar)
            {
                return i;
            }
        }

        return -1;
    }
}
