#pragma warning disable RS0030 // Vector loads and stores over spans; the entry point checks lengths first.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Weighted sums of rows, number by number, row after row and nothing fused: the same bits on every machine.</summary>
internal static class WeightedRows
{
    private const int Lanes = 16;

    /// <summary>Numbers that are gone through at once, so that one addition need not wait for the other.</summary>
    private const int Group = 4 * Lanes;

    /// <param name="weights">One for each row.</param>
    /// <param name="rows">Row after row.</param>
    /// <param name="sums">As long as a row; none of the rows.</param>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void Sum(ReadOnlySpan<float> weights, ReadOnlySpan<float> rows, Span<float> sums)
    {
        if (rows.Length != (long)weights.Length * sums.Length)
        {
            throw new ArgumentException($"{rows.Length} numbers are not {weights.Length} rows of {sums.Length}.", nameof(rows));
        }

        int i = 0;
        if (Vector128.IsHardwareAccelerated)
        {
            ref float first = ref MemoryMarshal.GetReference(rows);
            ref float target = ref MemoryMarshal.GetReference(sums);
            for (; i + Group <= sums.Length; i += Group)
            {
                Vector512<float> a = Vector512<float>.Zero;
                Vector512<float> b = Vector512<float>.Zero;
                Vector512<float> c = Vector512<float>.Zero;
                Vector512<float> d = Vector512<float>.Zero;
                nuint at = (nuint)(uint)i;
                foreach (float number in weights)
                {
                    Vector512<float> weight = Vector512.Create(number);
                    a += weight * Vector512.LoadUnsafe(ref first, at);
                    b += weight * Vector512.LoadUnsafe(ref first, at + Lanes);
                    c += weight * Vector512.LoadUnsafe(ref first, at + (2 * Lanes));
                    d += weight * Vector512.LoadUnsafe(ref first, at + (3 * Lanes));
                    at += (nuint)(uint)sums.Length;
                }

                at = (nuint)(uint)i;
                a.StoreUnsafe(ref target, at);
                b.StoreUnsafe(ref target, at + Lanes);
                c.StoreUnsafe(ref target, at + (2 * Lanes));
                d.StoreUnsafe(ref target, at + (3 * Lanes));
            }

            for (; i + Lanes <= sums.Length; i += Lanes)
            {
                Vector512<float> a = Vector512<float>.Zero;
                nuint at = (nuint)(uint)i;
                foreach (float number in weights)
                {
                    a += Vector512.Create(number) * Vector512.LoadUnsafe(ref first, at);
                    at += (nuint)(uint)sums.Length;
                }

                a.StoreUnsafe(ref target, (nuint)(uint)i);
            }
        }

        SumScalar(weights, rows, sums, i);
    }

    /// <summary>The portable twin of <see cref="Sum"/>.</summary>
    /// <param name="weights">One for each row.</param>
    /// <param name="rows">Row after row.</param>
    /// <param name="sums">As long as a row; none of the rows.</param>
    /// <param name="from">The first number that is summed.</param>
    public static void SumScalar(ReadOnlySpan<float> weights, ReadOnlySpan<float> rows, Span<float> sums, int from = 0)
    {
        for (int i = from; i < sums.Length; i++)
        {
            float sum = 0;
            for (int row = 0; row < weights.Length; row++)
            {
                float term = weights[row] * rows[(row * sums.Length) + i]; // never fused: vectors do not fuse either
                sum += term;
            }

            sums[i] = sum;
        }
    }
}
