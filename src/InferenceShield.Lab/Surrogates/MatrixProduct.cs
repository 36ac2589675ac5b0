#pragma warning disable RS0030 // The wide tile reads and writes by reference: with a check on each of 24 accesses the loop takes twice as long. Its bounds are checked once.
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Lab;

/// <summary>Dense matrix products on row-major spans.</summary>
/// <remarks>
/// Each element of the result is one chain of fused multiply-adds in ascending order of the inner index, whatever the
/// vector width and whichever tile it falls into, so the bits do not depend on the processor.
/// </remarks>
internal static class MatrixProduct
{
    private const int TileRows = 4;
    private const int WideColumns = 64;
    private const int NarrowColumns = 16;

    // 128 lines of 64 columns are 32 KiB: they stay in the first cache while the rows of a pass by.
    private const int InnerBlock = 128;

    /// <summary>Adds a·b to <paramref name="c"/>: a is rows x inner, b inner x columns, c rows x columns.</summary>
    public static void AddProduct(
        int rows, int columns, int inner, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> c) =>
        AddProduct(rows, columns, inner, a, inner, 1, b, c);

    /// <summary>Adds aᵀ·b to <paramref name="c"/>: a is inner x rows, b inner x columns, c rows x columns.</summary>
    public static void AddTransposedProduct(
        int rows, int columns, int inner, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> c) =>
        AddProduct(rows, columns, inner, a, 1, rows, b, c);

    /// <summary>Writes the transpose of a rows x columns matrix.</summary>
    public static void Transpose(int rows, int columns, ReadOnlySpan<float> source, Span<float> destination)
    {
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<float> line = source.Slice(row * columns, columns);
            for (int column = 0; column < line.Length; column++)
            {
                destination[(column * rows) + row] = line[column];
            }
        }
    }

    private static void AddProduct(
        int rows, int columns, int inner, ReadOnlySpan<float> a, int rowStride, int innerStride, ReadOnlySpan<float> b, Span<float> c)
    {
        if (Vector512.IsHardwareAccelerated && rows >= TileRows && inner > 0)
        {
            int tiled = rows - (rows % TileRows);
            AddWide(tiled, columns, inner, a, rowStride, innerStride, b, c);
            for (int last = tiled; last < rows; last++)
            {
                AddRow(columns, inner, a[(last * rowStride)..], innerStride, b, c.Slice(last * columns, columns), 0);
            }

            return;
        }

        AddPortable(rows, columns, inner, a, rowStride, innerStride, b, c);
    }

    /// <summary>The same bits on any processor: what <see cref="AddWide"/> is measured against.</summary>
    internal static void AddPortable(
        int rows, int columns, int inner, ReadOnlySpan<float> a, int rowStride, int innerStride, ReadOnlySpan<float> b, Span<float> c)
    {
        int width = Vector<float>.Count;
        int row = 0;
        for (; row + TileRows <= rows; row += TileRows)
        {
            ReadOnlySpan<float> block = a[(row * rowStride)..];
            int column = 0;
            for (; column + (2 * width) <= columns; column += 2 * width)
            {
                AddTile(columns, inner, block, rowStride, innerStride, b[column..], c[((row * columns) + column)..]);
            }

            for (int i = 0; i < TileRows; i++)
            {
                AddRow(columns, inner, block[(i * rowStride)..], innerStride, b, c.Slice((row + i) * columns, columns), column);
            }
        }

        for (; row < rows; row++)
        {
            AddRow(columns, inner, a[(row * rowStride)..], innerStride, b, c.Slice(row * columns, columns), 0);
        }
    }

    /// <summary>Whole tiles of rows with vectors of 512 bits: first 64 columns at a time, then what is left, 16 at a time and padded.</summary>
    private static void AddWide(
        int rows, int columns, int inner, ReadOnlySpan<float> a, int rowStride, int innerStride, ReadOnlySpan<float> b, Span<float> c)
    {
        // The farthest elements that a tile touches; what follows is unchecked.
        _ = a[((rows - 1) * rowStride) + ((inner - 1) * innerStride)];
        b = b[..(inner * columns)];
        c = c[..(rows * columns)];
        ref float left = ref MemoryMarshal.GetReference(a);
        int wide = columns - (columns % WideColumns);
        for (int from = 0; wide > 0 && from < inner; from += InnerBlock)
        {
            int count = Math.Min(InnerBlock, inner - from);
            for (int column = 0; column < wide; column += WideColumns)
            {
                ref float right = ref Unsafe.Add(ref MemoryMarshal.GetReference(b), (from * columns) + column);
                for (int row = 0; row < rows; row += TileRows)
                {
                    AddWideTile(
                        count, ref Unsafe.Add(ref left, (row * rowStride) + (from * innerStride)), rowStride, innerStride, ref right, columns,
                        ref Unsafe.Add(ref MemoryMarshal.GetReference(c), (row * columns) + column));
                }
            }
        }

        if (wide < columns)
        {
            AddNarrow(rows, columns, inner, ref left, rowStride, innerStride, b, c, wide);
        }
    }

    /// <summary>Columns from <paramref name="column"/> on, copied into 16 columns that end in zeros, block after block of the inner index.</summary>
    private static void AddNarrow(
        int rows, int columns, int inner, ref float left, int rowStride, int innerStride, ReadOnlySpan<float> b, Span<float> c, int column)
    {
        Span<float> right = stackalloc float[InnerBlock * NarrowColumns];
        Span<float> tile = stackalloc float[TileRows * NarrowColumns];
        for (; column < columns; column += NarrowColumns)
        {
            int width = Math.Min(NarrowColumns, columns - column);
            right.Clear();
            for (int from = 0; from < inner; from += InnerBlock)
            {
                int count = Math.Min(InnerBlock, inner - from);
                for (int p = 0; p < count; p++)
                {
                    b.Slice(((from + p) * columns) + column, width).CopyTo(right[(p * NarrowColumns)..]);
                }

                for (int row = 0; row < rows; row += TileRows)
                {
                    for (int i = 0; i < TileRows; i++)
                    {
                        c.Slice(((row + i) * columns) + column, width).CopyTo(tile[(i * NarrowColumns)..]);
                    }

                    AddNarrowTile(
                        count, ref Unsafe.Add(ref left, (row * rowStride) + (from * innerStride)), rowStride, innerStride,
                        ref MemoryMarshal.GetReference(right), ref MemoryMarshal.GetReference(tile));
                    for (int i = 0; i < TileRows; i++)
                    {
                        tile.Slice(i * NarrowColumns, width).CopyTo(c[(((row + i) * columns) + column)..]);
                    }
                }
            }
        }
    }

    /// <summary>Four rows by four vectors of 512 bits, kept in registers.</summary>
    private static void AddWideTile(
        int inner, ref float a, nint rowStride, nint innerStride, ref float b, nint columns, ref float c)
    {
        const int Width = 16;
        ref float c1 = ref Unsafe.Add(ref c, columns);
        ref float c2 = ref Unsafe.Add(ref c1, columns);
        ref float c3 = ref Unsafe.Add(ref c2, columns);
        var s00 = Vector512.LoadUnsafe(ref c);
        var s01 = Vector512.LoadUnsafe(ref c, Width);
        var s02 = Vector512.LoadUnsafe(ref c, 2 * Width);
        var s03 = Vector512.LoadUnsafe(ref c, 3 * Width);
        var s10 = Vector512.LoadUnsafe(ref c1);
        var s11 = Vector512.LoadUnsafe(ref c1, Width);
        var s12 = Vector512.LoadUnsafe(ref c1, 2 * Width);
        var s13 = Vector512.LoadUnsafe(ref c1, 3 * Width);
        var s20 = Vector512.LoadUnsafe(ref c2);
        var s21 = Vector512.LoadUnsafe(ref c2, Width);
        var s22 = Vector512.LoadUnsafe(ref c2, 2 * Width);
        var s23 = Vector512.LoadUnsafe(ref c2, 3 * Width);
        var s30 = Vector512.LoadUnsafe(ref c3);
        var s31 = Vector512.LoadUnsafe(ref c3, Width);
        var s32 = Vector512.LoadUnsafe(ref c3, 2 * Width);
        var s33 = Vector512.LoadUnsafe(ref c3, 3 * Width);
        nint row2 = 2 * rowStride;
        nint row3 = 3 * rowStride;
        for (int p = 0; p < inner; p++)
        {
            var b0 = Vector512.LoadUnsafe(ref b);
            var b1 = Vector512.LoadUnsafe(ref b, Width);
            var b2 = Vector512.LoadUnsafe(ref b, 2 * Width);
            var b3 = Vector512.LoadUnsafe(ref b, 3 * Width);
            var a0 = Vector512.Create(a);
            s00 = Vector512.FusedMultiplyAdd(a0, b0, s00);
            s01 = Vector512.FusedMultiplyAdd(a0, b1, s01);
            s02 = Vector512.FusedMultiplyAdd(a0, b2, s02);
            s03 = Vector512.FusedMultiplyAdd(a0, b3, s03);
            var a1 = Vector512.Create(Unsafe.Add(ref a, rowStride));
            s10 = Vector512.FusedMultiplyAdd(a1, b0, s10);
            s11 = Vector512.FusedMultiplyAdd(a1, b1, s11);
            s12 = Vector512.FusedMultiplyAdd(a1, b2, s12);
            s13 = Vector512.FusedMultiplyAdd(a1, b3, s13);
            var a2 = Vector512.Create(Unsafe.Add(ref a, row2));
            s20 = Vector512.FusedMultiplyAdd(a2, b0, s20);
            s21 = Vector512.FusedMultiplyAdd(a2, b1, s21);
            s22 = Vector512.FusedMultiplyAdd(a2, b2, s22);
            s23 = Vector512.FusedMultiplyAdd(a2, b3, s23);
            var a3 = Vector512.Create(Unsafe.Add(ref a, row3));
            s30 = Vector512.FusedMultiplyAdd(a3, b0, s30);
            s31 = Vector512.FusedMultiplyAdd(a3, b1, s31);
            s32 = Vector512.FusedMultiplyAdd(a3, b2, s32);
            s33 = Vector512.FusedMultiplyAdd(a3, b3, s33);
            a = ref Unsafe.Add(ref a, innerStride);
            b = ref Unsafe.Add(ref b, columns);
        }

        s00.StoreUnsafe(ref c);
        s01.StoreUnsafe(ref c, Width);
        s02.StoreUnsafe(ref c, 2 * Width);
        s03.StoreUnsafe(ref c, 3 * Width);
        s10.StoreUnsafe(ref c1);
        s11.StoreUnsafe(ref c1, Width);
        s12.StoreUnsafe(ref c1, 2 * Width);
        s13.StoreUnsafe(ref c1, 3 * Width);
        s20.StoreUnsafe(ref c2);
        s21.StoreUnsafe(ref c2, Width);
        s22.StoreUnsafe(ref c2, 2 * Width);
        s23.StoreUnsafe(ref c2, 3 * Width);
        s30.StoreUnsafe(ref c3);
        s31.StoreUnsafe(ref c3, Width);
        s32.StoreUnsafe(ref c3, 2 * Width);
        s33.StoreUnsafe(ref c3, 3 * Width);
    }

    /// <summary>Four rows by one vector of 512 bits; lines of b and c are 16 long.</summary>
    private static void AddNarrowTile(int inner, ref float a, nint rowStride, nint innerStride, ref float b, ref float c)
    {
        var s0 = Vector512.LoadUnsafe(ref c);
        var s1 = Vector512.LoadUnsafe(ref c, NarrowColumns);
        var s2 = Vector512.LoadUnsafe(ref c, 2 * NarrowColumns);
        var s3 = Vector512.LoadUnsafe(ref c, 3 * NarrowColumns);
        nint row2 = 2 * rowStride;
        nint row3 = 3 * rowStride;
        for (int p = 0; p < inner; p++)
        {
            var line = Vector512.LoadUnsafe(ref b);
            s0 = Vector512.FusedMultiplyAdd(Vector512.Create(a), line, s0);
            s1 = Vector512.FusedMultiplyAdd(Vector512.Create(Unsafe.Add(ref a, rowStride)), line, s1);
            s2 = Vector512.FusedMultiplyAdd(Vector512.Create(Unsafe.Add(ref a, row2)), line, s2);
            s3 = Vector512.FusedMultiplyAdd(Vector512.Create(Unsafe.Add(ref a, row3)), line, s3);
            a = ref Unsafe.Add(ref a, innerStride);
            b = ref Unsafe.Add(ref b, NarrowColumns);
        }

        s0.StoreUnsafe(ref c);
        s1.StoreUnsafe(ref c, NarrowColumns);
        s2.StoreUnsafe(ref c, 2 * NarrowColumns);
        s3.StoreUnsafe(ref c, 3 * NarrowColumns);
    }

    /// <summary>Four rows by two vectors, kept in registers over the whole inner loop.</summary>
    private static void AddTile(
        int columns, int inner, ReadOnlySpan<float> a, int rowStride, int innerStride, ReadOnlySpan<float> b, Span<float> c)
    {
        int width = Vector<float>.Count;
        Span<float> c0 = c[..(2 * width)];
        Span<float> c1 = c.Slice(columns, 2 * width);
        Span<float> c2 = c.Slice(2 * columns, 2 * width);
        Span<float> c3 = c.Slice(3 * columns, 2 * width);
        var s00 = new Vector<float>(c0);
        var s01 = new Vector<float>(c0[width..]);
        var s10 = new Vector<float>(c1);
        var s11 = new Vector<float>(c1[width..]);
        var s20 = new Vector<float>(c2);
        var s21 = new Vector<float>(c2[width..]);
        var s30 = new Vector<float>(c3);
        var s31 = new Vector<float>(c3[width..]);
        int at = 0;
        int line = 0;
        for (int p = 0; p < inner; p++)
        {
            ReadOnlySpan<float> values = b.Slice(line, 2 * width);
            var b0 = new Vector<float>(values);
            var b1 = new Vector<float>(values[width..]);
            var a0 = new Vector<float>(a[at]);
            s00 = Vector.FusedMultiplyAdd(a0, b0, s00);
            s01 = Vector.FusedMultiplyAdd(a0, b1, s01);
            var a1 = new Vector<float>(a[at + rowStride]);
            s10 = Vector.FusedMultiplyAdd(a1, b0, s10);
            s11 = Vector.FusedMultiplyAdd(a1, b1, s11);
            var a2 = new Vector<float>(a[at + (2 * rowStride)]);
            s20 = Vector.FusedMultiplyAdd(a2, b0, s20);
            s21 = Vector.FusedMultiplyAdd(a2, b1, s21);
            var a3 = new Vector<float>(a[at + (3 * rowStride)]);
            s30 = Vector.FusedMultiplyAdd(a3, b0, s30);
            s31 = Vector.FusedMultiplyAdd(a3, b1, s31);
            at += innerStride;
            line += columns;
        }

        s00.CopyTo(c0);
        s01.CopyTo(c0[width..]);
        s10.CopyTo(c1);
        s11.CopyTo(c1[width..]);
        s20.CopyTo(c2);
        s21.CopyTo(c2[width..]);
        s30.CopyTo(c3);
        s31.CopyTo(c3[width..]);
    }

    private static void AddRow(
        int columns, int inner, ReadOnlySpan<float> a, int innerStride, ReadOnlySpan<float> b, Span<float> c, int column)
    {
        int width = Vector<float>.Count;
        for (; column + width <= columns; column += width)
        {
            var sum = new Vector<float>(c[column..]);
            for (int p = 0; p < inner; p++)
            {
                sum = Vector.FusedMultiplyAdd(new Vector<float>(a[p * innerStride]), new Vector<float>(b[((p * columns) + column)..]), sum);
            }

            sum.CopyTo(c[column..]);
        }

        for (; column < columns; column++)
        {
            float sum = c[column];
            for (int p = 0; p < inner; p++)
            {
                sum = MathF.FusedMultiplyAdd(a[p * innerStride], b[(p * columns) + column], sum);
            }

            c[column] = sum;
        }
    }
}
