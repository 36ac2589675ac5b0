using System.Numerics;

namespace InferenceShield.Lab;

/// <summary>Dense matrix products on row-major spans.</summary>
/// <remarks>
/// Each element of the result is one chain of fused multiply-adds in ascending order of the inner index, whatever the
/// vector width and whichever tile it falls into, so the bits do not depend on the processor.
/// </remarks>
internal static class MatrixProduct
{
    private const int TileRows = 4;

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
