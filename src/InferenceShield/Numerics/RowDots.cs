#pragma warning disable RS0030 // Vector loads over spans; the entry points check lengths first.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Inner products of one row with several others, in sixteen lanes and a tree, nothing fused: the same bits on every machine.</summary>
internal static class RowDots
{
    private const int Lanes = FixedOrderSum.Lanes;

    /// <summary>Rows that are gone through at once, so that one addition need not wait for the other.</summary>
    private const int Group = 4;

    /// <param name="row">One row.</param>
    /// <param name="others">Row after row, each as long.</param>
    /// <param name="dots">One for each of them.</param>
    public static void Fill(ReadOnlySpan<float> row, ReadOnlySpan<float> others, Span<float> dots)
    {
        if (others.Length != (long)row.Length * dots.Length)
        {
            throw new ArgumentException($"{others.Length} numbers are not {dots.Length} rows of {row.Length}.", nameof(others));
        }

        if (!Vector128.IsHardwareAccelerated)
        {
            FillScalar(row, others, dots);
            return;
        }

        int done = 0;
        for (; done + Group <= dots.Length; done += Group)
        {
            FillFour(row, others.Slice(done * row.Length, Group * row.Length), dots.Slice(done, Group));
        }

        for (; done < dots.Length; done++)
        {
            dots[done] = One(row, others.Slice(done * row.Length, row.Length));
        }
    }

    /// <summary>The portable twin of <see cref="Fill"/>.</summary>
    public static void FillScalar(ReadOnlySpan<float> row, ReadOnlySpan<float> others, Span<float> dots)
    {
        Span<float> sums = stackalloc float[Lanes];
        for (int other = 0; other < dots.Length; other++)
        {
            sums.Clear();
            Finish(row, others.Slice(other * row.Length, row.Length), sums, 0);
            dots[other] = FixedOrderSum.Finish(sums, default);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void FillFour(ReadOnlySpan<float> row, ReadOnlySpan<float> others, Span<float> dots)
    {
        int length = row.Length;
        ref float rows = ref MemoryMarshal.GetReference(row);
        ref float first = ref MemoryMarshal.GetReference(others);
        ref float second = ref Unsafe.Add(ref first, length);
        ref float third = ref Unsafe.Add(ref second, length);
        ref float fourth = ref Unsafe.Add(ref third, length);
        Vector512<float> a = Vector512<float>.Zero;
        Vector512<float> b = Vector512<float>.Zero;
        Vector512<float> c = Vector512<float>.Zero;
        Vector512<float> d = Vector512<float>.Zero;
        int i = 0;
        for (; i + Lanes <= length; i += Lanes)
        {
            nuint at = (nuint)(uint)i;
            Vector512<float> value = Vector512.LoadUnsafe(ref rows, at);
            a += value * Vector512.LoadUnsafe(ref first, at);
            b += value * Vector512.LoadUnsafe(ref second, at);
            c += value * Vector512.LoadUnsafe(ref third, at);
            d += value * Vector512.LoadUnsafe(ref fourth, at);
        }

        if (i == length)
        {
            dots[0] = FixedOrderSum.Finish(a);
            dots[1] = FixedOrderSum.Finish(b);
            dots[2] = FixedOrderSum.Finish(c);
            dots[3] = FixedOrderSum.Finish(d);
            return;
        }

        Span<float> sums = stackalloc float[Lanes];
        for (int other = 0; other < Group; other++)
        {
            (other switch { 0 => a, 1 => b, 2 => c, _ => d }).CopyTo(sums);
            Finish(row, others.Slice(other * length, length), sums, i);
            dots[other] = FixedOrderSum.Finish(sums, default);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static float One(ReadOnlySpan<float> row, ReadOnlySpan<float> other)
    {
        ref float rows = ref MemoryMarshal.GetReference(row);
        ref float others = ref MemoryMarshal.GetReference(other);
        Vector512<float> lanes = Vector512<float>.Zero;
        int i = 0;
        for (; i + Lanes <= row.Length; i += Lanes)
        {
            nuint at = (nuint)(uint)i;
            lanes += Vector512.LoadUnsafe(ref rows, at) * Vector512.LoadUnsafe(ref others, at);
        }

        if (i == row.Length)
        {
            return FixedOrderSum.Finish(lanes);
        }

        Span<float> sums = stackalloc float[Lanes];
        lanes.CopyTo(sums);
        Finish(row, other, sums, i);
        return FixedOrderSum.Finish(sums, default);
    }

    /// <summary>Adds the products from one on to the lanes.</summary>
    private static void Finish(ReadOnlySpan<float> row, ReadOnlySpan<float> other, Span<float> sums, int from)
    {
        for (int i = from; i < row.Length; i++)
        {
            sums[i % Lanes] += row[i] * other[i];
        }
    }
}
