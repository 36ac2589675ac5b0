namespace InferenceShield.Numerics;

/// <summary>Sums over a row of numbers that have been made finite: what mean, spread, sparsity and variation are made of.</summary>
/// <param name="Sum">Of x - centre.</param>
/// <param name="Squares">Of (x - centre)^2.</param>
/// <param name="Low">Numbers below the cut.</param>
/// <param name="Variation">Sum of |x[i] - x[i - 1]|.</param>
/// <remarks>Sixteen lanes and one tree (see <see cref="FixedOrderSum"/>): the bits are the same at every vector width.</remarks>
internal readonly record struct RowMoments(float Sum, float Squares, int Low, float Variation)
{
    /// <summary>Sums up one row, or one block of a longer one.</summary>
    /// <param name="row">Finite numbers, at most a few thousand.</param>
    /// <param name="centre">About where they lie.</param>
    /// <param name="cut">What counts as low lies below.</param>
    public static RowMoments Of(ReadOnlySpan<float> row, float centre, float cut) => OfScalar(row, centre, cut);

    /// <summary>The portable twin.</summary>
    public static RowMoments OfScalar(ReadOnlySpan<float> row, float centre, float cut)
    {
        Span<float> sums = stackalloc float[FixedOrderSum.Lanes];
        Span<float> squares = stackalloc float[FixedOrderSum.Lanes];
        Span<float> steps = stackalloc float[FixedOrderSum.Lanes];
        sums.Clear();
        squares.Clear();
        steps.Clear();
        int low = 0;
        for (int i = 0; i < row.Length; i++)
        {
            int lane = i % FixedOrderSum.Lanes;
            float x = row[i] - centre;
            float square = x * x; // never fused: vectors do not fuse either
            sums[lane] += x;
            squares[lane] += square;
            low += row[i] < cut ? 1 : 0;
        }

        for (int i = 0; i + 1 < row.Length; i++)
        {
            steps[i % FixedOrderSum.Lanes] += MathF.Abs(row[i + 1] - row[i]);
        }

        return new RowMoments(FixedOrderSum.Finish(sums, []), FixedOrderSum.Finish(squares, []), low, FixedOrderSum.Finish(steps, []));
    }
}
