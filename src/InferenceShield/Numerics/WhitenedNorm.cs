#pragma warning disable RS0030 // Vector loads over spans; every entry point checks lengths first.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Squared Mahalanobis distances by a whitening matrix: |W (x - mean)|^2, never negative.</summary>
/// <remarks>Columns are added up one after another, then squares as in <see cref="FixedOrderSum"/>: the bits are the same at every vector width.</remarks>
internal static class WhitenedNorm
{
    private const int Lanes = FixedOrderSum.Lanes;

    /// <summary>Places that a column of n numbers takes: n up to a multiple of 16, the rest zeros.</summary>
    public static int Stride(int count) => (count + Lanes - 1) & -Lanes;

    /// <summary>|W (x - mean)|^2.</summary>
    /// <param name="values">n of them.</param>
    /// <param name="means">n.</param>
    /// <param name="columns">n columns of W, <see cref="Stride"/> places each.</param>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static float Square(ReadOnlySpan<float> values, ReadOnlySpan<float> means, ReadOnlySpan<float> columns)
    {
        int stride = Stride(values.Length);
        means = means[..values.Length];
        columns = columns[..(values.Length * stride)];
        if (!Vector128.IsHardwareAccelerated)
        {
            return SquareScalar(values, means, columns);
        }

        ref float first = ref MemoryMarshal.GetReference(columns);
        Vector512<float> squares = Vector512<float>.Zero;
        for (int block = 0; block < stride; block += Lanes)
        {
            Vector512<float> sums = Vector512<float>.Zero;
            nuint at = (nuint)(uint)block;
            for (int i = 0; i < values.Length; i++)
            {
                sums += Vector512.Create(values[i] - means[i]) * Vector512.LoadUnsafe(ref first, at);
                at += (nuint)(uint)stride;
            }

            squares += sums * sums;
        }

        return FixedOrderSum.Finish(squares);
    }

    /// <summary>The portable twin.</summary>
    public static float SquareScalar(ReadOnlySpan<float> values, ReadOnlySpan<float> means, ReadOnlySpan<float> columns)
    {
        int stride = Stride(values.Length);
        Span<float> lanes = stackalloc float[Lanes];
        lanes.Clear();
        for (int place = 0; place < stride; place++)
        {
            float sum = 0;
            for (int i = 0; i < values.Length; i++)
            {
                float term = (values[i] - means[i]) * columns[(i * stride) + place]; // never fused: vectors do not fuse either
                sum += term;
            }

            float square = sum * sum;
            lanes[place % Lanes] += square;
        }

        return FixedOrderSum.Finish(lanes, []);
    }

    /// <summary>The same for a diagonal W.</summary>
    /// <param name="values">n of them.</param>
    /// <param name="means">n.</param>
    /// <param name="factors">n: the diagonal.</param>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static float SquareDiagonal(ReadOnlySpan<float> values, ReadOnlySpan<float> means, ReadOnlySpan<float> factors)
    {
        means = means[..values.Length];
        factors = factors[..values.Length];
        Span<float> lanes = stackalloc float[Lanes];
        lanes.Clear();
        int i = 0;
        if (Vector128.IsHardwareAccelerated)
        {
            ref float v = ref MemoryMarshal.GetReference(values);
            ref float m = ref MemoryMarshal.GetReference(means);
            ref float f = ref MemoryMarshal.GetReference(factors);
            Vector512<float> squares = Vector512<float>.Zero;
            for (; i + Lanes <= values.Length; i += Lanes)
            {
                nuint at = (nuint)(uint)i;
                Vector512<float> x = (Vector512.LoadUnsafe(ref v, at) - Vector512.LoadUnsafe(ref m, at)) * Vector512.LoadUnsafe(ref f, at);
                squares += x * x;
            }

            squares.CopyTo(lanes);
        }

        return FinishDiagonal(values[i..], means[i..], factors[i..], lanes);
    }

    /// <summary>The portable twin.</summary>
    public static float SquareDiagonalScalar(ReadOnlySpan<float> values, ReadOnlySpan<float> means, ReadOnlySpan<float> factors)
    {
        Span<float> lanes = stackalloc float[Lanes];
        lanes.Clear();
        return FinishDiagonal(values, means, factors, lanes);
    }

    private static float FinishDiagonal(ReadOnlySpan<float> values, ReadOnlySpan<float> means, ReadOnlySpan<float> factors, Span<float> lanes)
    {
        for (int i = 0; i < values.Length; i++)
        {
            float x = (values[i] - means[i]) * factors[i];
            float square = x * x;
            lanes[i % Lanes] += square;
        }

        return FixedOrderSum.Finish(lanes, []);
    }
}
