#pragma warning disable RS0030 // Vector loads over spans; every entry point checks lengths first.
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace InferenceShield.Numerics;

/// <summary>What comes before a Walsh-Hadamard transform. Element by element, so the bits are the same everywhere.</summary>
internal static class SignedFold
{
    /// <summary>folded[j] = sum of (row[i] - centers[i]) * factors[i] over i = j, j + n, j + 2n, ... A row that fits more than
    /// once is laid down as often as there are factors for, end to end.</summary>
    /// <param name="row">d values, at least one.</param>
    /// <param name="centers">As many.</param>
    /// <param name="factors">d of them; or a multiple of d, up to n.</param>
    /// <param name="folded">n places.</param>
    public static void Fold(ReadOnlySpan<float> row, ReadOnlySpan<float> centers, ReadOnlySpan<float> factors, Span<float> folded)
    {
        folded.Clear();
        for (int start = row.Length; start < factors.Length; start += row.Length)
        {
            Add(row, centers, factors.Slice(start, row.Length), folded.Slice(start, row.Length));
        }

        for (int start = 0; start < row.Length; start += folded.Length)
        {
            int count = Math.Min(folded.Length, row.Length - start);
            Add(row.Slice(start, count), centers.Slice(start, count), factors.Slice(start, count), folded[..count]);
        }
    }

    /// <summary>sums[i] += (row[i] - centre) * factors[i].</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void Add(ReadOnlySpan<float> row, float centre, ReadOnlySpan<float> factors, Span<float> sums)
    {
        factors = factors[..row.Length];
        sums = sums[..row.Length];
        int i = 0;
        if (Vector.IsHardwareAccelerated)
        {
            ref float r = ref MemoryMarshal.GetReference(row);
            ref float f = ref MemoryMarshal.GetReference(factors);
            ref float s = ref MemoryMarshal.GetReference(sums);
            for (; i + Vector<float>.Count <= row.Length; i += Vector<float>.Count)
            {
                nuint at = (nuint)(uint)i;
                Vector<float> term = (Vector.LoadUnsafe(ref r, at) - new Vector<float>(centre)) * Vector.LoadUnsafe(ref f, at);
                (Vector.LoadUnsafe(ref s, at) + term).StoreUnsafe(ref s, at);
            }
        }

        for (; i < row.Length; i++)
        {
            float term = (row[i] - centre) * factors[i]; // never fused: vectors do not fuse either
            sums[i] += term;
        }
    }

    /// <summary>Subtracts one number from all.</summary>
    public static void Subtract(Span<float> values, float number)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] -= number;
        }
    }

    /// <summary>Averages a band of an image over squares: rows are added up, then runs of columns, each in order.</summary>
    /// <param name="band">Whole rows.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="pooling">Columns to a square.</param>
    /// <param name="line">One number for each square.</param>
    public static void PoolRows(ReadOnlySpan<float> band, int width, int pooling, Span<float> line)
    {
        int rows = band.Length / width;
        for (int i = 0; i < line.Length; i++)
        {
            int left = i * pooling;
            int columns = Math.Min(pooling, width - left);
            float sum = 0;
            for (int row = 0; row < rows; row++)
            {
                foreach (float pixel in band.Slice((row * width) + left, columns))
                {
                    sum += pixel;
                }
            }

            line[i] = sum / (rows * columns);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Add(ReadOnlySpan<float> row, ReadOnlySpan<float> centers, ReadOnlySpan<float> factors, Span<float> sums)
    {
        centers = centers[..row.Length];
        factors = factors[..row.Length];
        sums = sums[..row.Length];
        int i = 0;
        if (Vector.IsHardwareAccelerated)
        {
            ref float r = ref MemoryMarshal.GetReference(row);
            ref float c = ref MemoryMarshal.GetReference(centers);
            ref float f = ref MemoryMarshal.GetReference(factors);
            ref float s = ref MemoryMarshal.GetReference(sums);
            for (; i + Vector<float>.Count <= row.Length; i += Vector<float>.Count)
            {
                nuint at = (nuint)(uint)i;
                Vector<float> term = (Vector.LoadUnsafe(ref r, at) - Vector.LoadUnsafe(ref c, at)) * Vector.LoadUnsafe(ref f, at);
                (Vector.LoadUnsafe(ref s, at) + term).StoreUnsafe(ref s, at);
            }
        }

        for (; i < row.Length; i++)
        {
            float term = (row[i] - centers[i]) * factors[i]; // never fused: vectors do not fuse either
            sums[i] += term;
        }
    }
}
