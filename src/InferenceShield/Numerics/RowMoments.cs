#pragma warning disable RS0030 // Vector loads over spans; lengths bound every load.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Sums over a row of finite numbers: what mean, spread, sparsity and variation are made of.</summary>
/// <param name="Sum">Of x - centre.</param>
/// <param name="Squares">Of (x - centre)^2.</param>
/// <param name="Low">Numbers below the cut.</param>
/// <param name="Variation">Sum of |x[i] - x[i - 1]|.</param>
/// <remarks>Sixteen lanes and one tree (see <see cref="FixedOrderSum"/>): the bits are the same at every vector width.</remarks>
internal readonly record struct RowMoments(float Sum, float Squares, int Low, float Variation)
{
    private const int Lanes = FixedOrderSum.Lanes;

    /// <summary>Sums up one row, or one block of a longer one.</summary>
    /// <param name="row">Finite numbers, at most a few thousand.</param>
    /// <param name="centre">About where they lie.</param>
    /// <param name="cut">What counts as low lies below.</param>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static RowMoments Of(ReadOnlySpan<float> row, float centre, float cut)
    {
        if (!Vector128.IsHardwareAccelerated || row.Length <= Lanes)
        {
            return OfScalar(row, centre, cut);
        }

        ref float first = ref MemoryMarshal.GetReference(row);
        Vector512<float> centres = Vector512.Create(centre);
        Vector512<float> cuts = Vector512.Create(cut);
        Vector512<float> sums = Vector512<float>.Zero;
        Vector512<float> squares = Vector512<float>.Zero;
        Vector512<float> steps = Vector512<float>.Zero;
        Vector512<int> lows = Vector512<int>.Zero;
        int i = 0;
        for (; i + Lanes < row.Length; i += Lanes)
        {
            nuint at = (nuint)(uint)i;
            Vector512<float> values = Vector512.LoadUnsafe(ref first, at);
            Vector512<float> x = values - centres;
            sums += x;
            squares += x * x;
            lows -= Vector512.LessThan(values, cuts).AsInt32();
            steps += Vector512.Abs(Vector512.LoadUnsafe(ref first, at + 1) - values);
        }

        if (i + Lanes == row.Length)
        {
            // The last number's neighbour is itself, so that its step is 0.
            Vector512<float> values = Vector512.LoadUnsafe(ref first, (nuint)(uint)i);
            Vector512<float> next = Vector512.Shuffle(values, Vector512.Create(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15));
            Vector512<float> x = values - centres;
            sums += x;
            squares += x * x;
            lows -= Vector512.LessThan(values, cuts).AsInt32();
            steps += Vector512.Abs(next - values);
            return new RowMoments(FixedOrderSum.Finish(sums), FixedOrderSum.Finish(squares), Vector512.Sum(lows), FixedOrderSum.Finish(steps));
        }

        Span<float> lanes = stackalloc float[3 * Lanes];
        sums.CopyTo(lanes);
        squares.CopyTo(lanes[Lanes..]);
        steps.CopyTo(lanes[(2 * Lanes)..]);
        return Finish(row[i..], centre, cut, lanes, Vector512.Sum(lows));
    }

    /// <summary>The portable twin.</summary>
    public static RowMoments OfScalar(ReadOnlySpan<float> row, float centre, float cut)
    {
        Span<float> lanes = stackalloc float[3 * Lanes];
        lanes.Clear();
        return Finish(row, centre, cut, lanes, 0);
    }

    private static RowMoments Finish(ReadOnlySpan<float> row, float centre, float cut, Span<float> lanes, int low)
    {
        Span<float> sums = lanes[..Lanes];
        Span<float> squares = lanes.Slice(Lanes, Lanes);
        Span<float> steps = lanes.Slice(2 * Lanes, Lanes);
        for (int i = 0; i < row.Length; i++)
        {
            int lane = i % Lanes;
            float x = row[i] - centre;
            float square = x * x; // never fused: vectors do not fuse either
            sums[lane] += x;
            squares[lane] += square;
            low += row[i] < cut ? 1 : 0;
            if (i + 1 < row.Length)
            {
                steps[lane] += MathF.Abs(row[i + 1] - row[i]);
            }
        }

        return new RowMoments(FixedOrderSum.Finish(sums, []), FixedOrderSum.Finish(squares, []), low, FixedOrderSum.Finish(steps, []));
    }
}
