#pragma warning disable RS0030 // Vector loads over spans; the entry points check lengths first.
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Which of many unit vectors point the same way: products of all pairs, held against a cosine.</summary>
/// <remarks>Vectors lie in columns: the first number of all of them, then the second, and so on, in places that are a multiple of
/// <see cref="Lanes"/>; places without a vector hold zeros. A product is summed in the order of the dimensions and nothing is fused: the same
/// bits at every vector width.</remarks>
internal static class CosineNeighbours
{
    /// <summary>Places come in multiples of this.</summary>
    public const int Lanes = 16;

    private const int Rows = 4;

    /// <summary>The places for a number of vectors.</summary>
    public static int PaddedCount(int vectors) => (vectors + Lanes - 1) & -Lanes;

    /// <summary>Counts for each vector those whose cosine with it is at least so much, itself included.</summary>
    /// <param name="columns">dimension x stride numbers.</param>
    /// <param name="stride">Places.</param>
    /// <param name="cosine">Above 0, so that places without a vector are nobody's neighbours.</param>
    /// <param name="degrees">Gets a count for each place.</param>
    /// <remarks>Quadratic. Each pair is multiplied once: blocks of places later than the row's own are counted on both sides.</remarks>
    public static void Count(ReadOnlySpan<float> columns, int stride, float cosine, Span<int> degrees)
    {
        int dimension = Check(columns, stride, cosine);
        degrees[..stride].Clear();
        if (!Vector256.IsHardwareAccelerated)
        {
            CountScalar(columns, stride, cosine, degrees);
            return;
        }

        Span<float> rows = stackalloc float[Rows * dimension];
        for (int row = 0; row < stride; row += Rows)
        {
            for (int i = 0; i < dimension; i++)
            {
                columns.Slice((i * stride) + row, Rows).CopyTo(rows[(i * Rows)..]);
            }

            CountRows(columns, stride, rows, row, cosine, degrees);
        }
    }

    /// <summary>The portable twin of <see cref="Count"/>.</summary>
    public static void CountScalar(ReadOnlySpan<float> columns, int stride, float cosine, Span<int> degrees)
    {
        int dimension = Check(columns, stride, cosine);
        degrees[..stride].Clear();
        for (int row = 0; row < stride; row++)
        {
            for (int other = 0; other < stride; other++)
            {
                degrees[row] += Product(columns, stride, dimension, row, other) >= cosine ? 1 : 0;
            }
        }
    }

    /// <summary>Finds the neighbours of one vector, itself included, in ascending order.</summary>
    /// <param name="columns">dimension x stride numbers.</param>
    /// <param name="stride">Places.</param>
    /// <param name="row">The vector.</param>
    /// <param name="cosine">Above 0.</param>
    /// <param name="found">Gets their places; as long as there are places.</param>
    /// <returns>How many there are.</returns>
    public static int Find(ReadOnlySpan<float> columns, int stride, int row, float cosine, Span<int> found)
    {
        int dimension = Check(columns, stride, cosine);
        int count = 0;
        ref float first = ref MemoryMarshal.GetReference(columns);
        for (int place = 0; place < stride; place += Vector256<float>.Count)
        {
            Vector256<float> product = Vector256<float>.Zero;
            for (int i = 0; i < dimension; i++)
            {
                product += Vector256.Create(columns[(i * stride) + row]) * Vector256.LoadUnsafe(ref first, (nuint)(uint)((i * stride) + place));
            }

            uint near = Vector256.GreaterThanOrEqual(product, Vector256.Create(cosine)).ExtractMostSignificantBits();
            for (; near != 0; near &= near - 1)
            {
                found[count++] = place + BitOperations.TrailingZeroCount(near);
            }
        }

        return count;
    }

    /// <summary>Four rows against all places from their own block on, sixteen at a time: eight sums, so that none waits for another.</summary>
    private static void CountRows(ReadOnlySpan<float> columns, int stride, ReadOnlySpan<float> rows, int row, float cosine, Span<int> degrees)
    {
        ref float column = ref MemoryMarshal.GetReference(columns);
        ref float values = ref MemoryMarshal.GetReference(rows);
        ref int degree = ref MemoryMarshal.GetReference(degrees);
        Vector256<float> least = Vector256.Create(cosine);
        Vector256<int> count0 = default, count1 = default, count2 = default, count3 = default;
        int own = row & -Lanes;
        for (int place = own; place < stride; place += Lanes)
        {
            Vector256<float> a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default;
            nuint at = (nuint)(uint)place;
            for (nuint i = 0; i < (nuint)(uint)rows.Length; i += Rows)
            {
                Vector256<float> a = Vector256.LoadUnsafe(ref column, at);
                Vector256<float> b = Vector256.LoadUnsafe(ref column, at + 8);
                Vector256<float> value = Vector256.Create(System.Runtime.CompilerServices.Unsafe.Add(ref values, i));
                a0 += value * a;
                b0 += value * b;
                value = Vector256.Create(System.Runtime.CompilerServices.Unsafe.Add(ref values, i + 1));
                a1 += value * a;
                b1 += value * b;
                value = Vector256.Create(System.Runtime.CompilerServices.Unsafe.Add(ref values, i + 2));
                a2 += value * a;
                b2 += value * b;
                value = Vector256.Create(System.Runtime.CompilerServices.Unsafe.Add(ref values, i + 3));
                a3 += value * a;
                b3 += value * b;
                at += (nuint)(uint)stride;
            }

            // A mask is -1 where the cosine is reached.
            Vector256<int> near0 = Vector256.GreaterThanOrEqual(a0, least).AsInt32();
            Vector256<int> near1 = Vector256.GreaterThanOrEqual(a1, least).AsInt32();
            Vector256<int> near2 = Vector256.GreaterThanOrEqual(a2, least).AsInt32();
            Vector256<int> near3 = Vector256.GreaterThanOrEqual(a3, least).AsInt32();
            Vector256<int> far0 = Vector256.GreaterThanOrEqual(b0, least).AsInt32();
            Vector256<int> far1 = Vector256.GreaterThanOrEqual(b1, least).AsInt32();
            Vector256<int> far2 = Vector256.GreaterThanOrEqual(b2, least).AsInt32();
            Vector256<int> far3 = Vector256.GreaterThanOrEqual(b3, least).AsInt32();
            count0 -= near0 + far0;
            count1 -= near1 + far1;
            count2 -= near2 + far2;
            count3 -= near3 + far3;
            if (place != own)
            {
                Vector256<int> near = near0 + near1 + near2 + near3;
                Vector256<int> far = far0 + far1 + far2 + far3;
                if ((near | far) != default)
                {
                    (Vector256.LoadUnsafe(ref degree, (nuint)(uint)place) - near).StoreUnsafe(ref degree, (nuint)(uint)place);
                    (Vector256.LoadUnsafe(ref degree, (nuint)(uint)place + 8) - far).StoreUnsafe(ref degree, (nuint)(uint)place + 8);
                }
            }
        }

        degrees[row] += Vector256.Sum(count0);
        degrees[row + 1] += Vector256.Sum(count1);
        degrees[row + 2] += Vector256.Sum(count2);
        degrees[row + 3] += Vector256.Sum(count3);
    }

    private static float Product(ReadOnlySpan<float> columns, int stride, int dimension, int row, int other)
    {
        float product = 0;
        for (int i = 0; i < dimension; i++)
        {
            product += columns[(i * stride) + row] * columns[(i * stride) + other];
        }

        return product;
    }

    private static int Check(ReadOnlySpan<float> columns, int stride, float cosine)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(cosine);
        ArgumentOutOfRangeException.ThrowIfNotEqual(stride % Lanes, 0);
        if (stride == 0)
        {
            return 0;
        }

        (int dimension, int rest) = Math.DivRem(columns.Length, stride);
        ArgumentOutOfRangeException.ThrowIfNotEqual(rest, 0, nameof(columns));
        return dimension;
    }
}
