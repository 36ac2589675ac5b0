#pragma warning disable RS0030 // Vector loads over spans; lengths bound every load.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Looks through a long row of floats: for its largest, for what is not finite, for what is above a bar, and adds up
/// exponentials.</summary>
/// <remarks>Sums in one fixed order, nothing fused, so the bits are the same at every vector width and without vectors.</remarks>
internal static class TokenScan
{
    private const int Lanes = FixedOrderSum.Lanes;

    // exp(x) = 2^n exp(r), n whole, r = x - n ln 2 within half of ln 2; a polynomial for exp(r): Cephes, expf. Sums are within 1e-6.
    private const float Least = -87; // 2^-126 is the last that is not denormal
    private const float Log2E = 1.44269504f;
    private const float Whole = 12_582_912; // 1.5 * 2^23: adding it rounds to a whole number
    private const float Ln2High = 0.693359375f; // short: times n it is exact
    private const float Ln2Low = -2.12194440e-4f;
    private const float C6 = 1.9875691500e-4f;
    private const float C5 = 1.3981999507e-3f;
    private const float C4 = 8.3334519073e-3f;
    private const float C3 = 4.1665795894e-2f;
    private const float C2 = 1.6666665459e-1f;
    private const float C1 = 5.0000001201e-1f;

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

    /// <summary>How many values are greater than the bar.</summary>
    /// <param name="values">Any; NaN is not greater.</param>
    /// <param name="bar">Any.</param>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static int CountAbove(ReadOnlySpan<float> values, float bar)
    {
        int i = 0;
        int count = 0;
        if (Vector128.IsHardwareAccelerated)
        {
            ref float first = ref MemoryMarshal.GetReference(values);
            Vector512<float> bars = Vector512.Create(bar);
            Vector512<int> counts = Vector512<int>.Zero;
            for (; i <= values.Length - Lanes; i += Lanes)
            {
                counts -= Vector512.GreaterThan(Vector512.LoadUnsafe(ref first, (nuint)(uint)i), bars).AsInt32();
            }

            count = Vector512.Sum(counts);
        }

        return count + CountAboveScalar(values[i..], bar);
    }

    /// <summary>The portable twin of <see cref="CountAbove"/>.</summary>
    public static int CountAboveScalar(ReadOnlySpan<float> values, float bar)
    {
        int count = 0;
        foreach (float value in values)
        {
            count += value > bar ? 1 : 0;
        }

        return count;
    }

    /// <summary>Collects the indices, from <paramref name="start"/> on, whose values are greater than the bar.</summary>
    /// <param name="values">Any; NaN is not greater.</param>
    /// <param name="start">0 to the length.</param>
    /// <param name="bar">Any.</param>
    /// <param name="found">Where to.</param>
    /// <param name="count">How many there are; counted up.</param>
    /// <returns>The first index for which there was no place; the length if there was one for each.</returns>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static int CollectAbove(ReadOnlySpan<float> values, int start, float bar, Span<int> found, ref int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)start, (uint)values.Length, nameof(start));
        int i = start;
        if (Vector128.IsHardwareAccelerated)
        {
            ref float first = ref MemoryMarshal.GetReference(values);
            Vector512<float> bars = Vector512.Create(bar);
            for (; i <= values.Length - Lanes; i += Lanes)
            {
                ulong bits = Vector512.GreaterThan(Vector512.LoadUnsafe(ref first, (nuint)(uint)i), bars).ExtractMostSignificantBits();
                for (; bits != 0; bits &= bits - 1)
                {
                    int index = i + System.Numerics.BitOperations.TrailingZeroCount(bits);
                    if (count == found.Length)
                    {
                        return index;
                    }

                    found[count++] = index;
                }
            }
        }

        return CollectAboveScalar(values, i, bar, found, ref count);
    }

    /// <summary>The portable twin of <see cref="CollectAbove"/>.</summary>
    public static int CollectAboveScalar(ReadOnlySpan<float> values, int start, float bar, Span<int> found, ref int count)
    {
        for (int i = start; i < values.Length; i++)
        {
            if (values[i] > bar)
            {
                if (count == found.Length)
                {
                    return i;
                }

                found[count++] = i;
            }
        }

        return values.Length;
    }

    /// <summary>The sum of exp(value - largest); terms below exp(-87) count as that.</summary>
    /// <param name="values">None above <paramref name="largest"/>, none NaN.</param>
    /// <param name="largest">Finite.</param>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static float SumExponentials(ReadOnlySpan<float> values, float largest)
    {
        if (!Vector128.IsHardwareAccelerated)
        {
            return SumExponentialsScalar(values, largest);
        }

        ref float first = ref MemoryMarshal.GetReference(values);
        Vector512<float> shift = Vector512.Create(largest);
        Vector512<float> lanes = Vector512<float>.Zero;
        int i = 0;
        for (; i <= values.Length - Lanes; i += Lanes)
        {
            Vector512<float> x = Vector512.MaxNative(Vector512.LoadUnsafe(ref first, (nuint)(uint)i) - shift, Vector512.Create(Least));
            Vector512<float> n = (x * Vector512.Create(Log2E)) + Vector512.Create(Whole) - Vector512.Create(Whole);
            Vector512<float> r = x - (n * Vector512.Create(Ln2High)) - (n * Vector512.Create(Ln2Low));
            Vector512<float> y = (Vector512.Create(C6) * r) + Vector512.Create(C5);
            y = (y * r) + Vector512.Create(C4);
            y = (y * r) + Vector512.Create(C3);
            y = (y * r) + Vector512.Create(C2);
            y = (y * r) + Vector512.Create(C1);
            y = (y * (r * r)) + r + Vector512<float>.One;
            lanes += y * ((Vector512.ConvertToInt32Native(n) + Vector512.Create(127)) << 23).AsSingle();
        }

        Span<float> sums = stackalloc float[Lanes];
        lanes.CopyTo(sums);
        return Finish(sums, values[i..], largest);
    }

    /// <summary>The portable twin of <see cref="SumExponentials"/>.</summary>
    public static float SumExponentialsScalar(ReadOnlySpan<float> values, float largest)
    {
        Span<float> sums = stackalloc float[Lanes];
        sums.Clear();
        int i = 0;
        for (; i <= values.Length - Lanes; i += Lanes)
        {
            for (int lane = 0; lane < Lanes; lane++)
            {
                sums[lane] += Exponential(values[i + lane] - largest);
            }
        }

        return Finish(sums, values[i..], largest);
    }

    private static float Finish(Span<float> sums, ReadOnlySpan<float> rest, float largest)
    {
        Span<float> exponentials = stackalloc float[Lanes];
        for (int i = 0; i < rest.Length; i++)
        {
            exponentials[i] = Exponential(rest[i] - largest);
        }

        return FixedOrderSum.Finish<float>(sums, exponentials[..rest.Length]);
    }

    private static float Exponential(float x)
    {
        x = x > Least ? x : Least;
        float n = (x * Log2E) + Whole - Whole;
        float r = x - (n * Ln2High) - (n * Ln2Low);
        float y = (C6 * r) + C5;
        y = (y * r) + C4;
        y = (y * r) + C3;
        y = (y * r) + C2;
        y = (y * r) + C1;
        y = (y * (r * r)) + r + 1;
        return y * BitConverter.Int32BitsToSingle(((int)n + 127) << 23);
    }
}
