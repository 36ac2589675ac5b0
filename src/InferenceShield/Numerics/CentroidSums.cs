#pragma warning disable RS0030 // Vector loads over spans; lengths bound every load.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Sums over a row, the mean of all rows and the centroid of some: what distance and cosine are made of.</summary>
/// <param name="Squares">Of (x - mean)^2.</param>
/// <param name="Products">Of (x - mean) (centroid - mean).</param>
/// <param name="Distances">Of (x - centroid)^2.</param>
/// <remarks>Sixteen lanes and one tree (see <see cref="FixedOrderSum"/>): the bits are the same at every vector width.</remarks>
internal readonly record struct CentroidSums(float Squares, float Products, float Distances)
{
    private const int Lanes = FixedOrderSum.Lanes;

    /// <summary>Sums up one row.</summary>
    /// <param name="row">Finite numbers.</param>
    /// <param name="means">As many.</param>
    /// <param name="offsets">As many: the centroid less the mean.</param>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static CentroidSums Of(ReadOnlySpan<float> row, ReadOnlySpan<float> means, ReadOnlySpan<float> offsets)
    {
        if (!Vector128.IsHardwareAccelerated)
        {
            return OfScalar(row, means, offsets);
        }

        means = means[..row.Length];
        offsets = offsets[..row.Length];
        ref float r = ref MemoryMarshal.GetReference(row);
        ref float m = ref MemoryMarshal.GetReference(means);
        ref float o = ref MemoryMarshal.GetReference(offsets);
        Vector512<float> squares = Vector512<float>.Zero;
        Vector512<float> products = Vector512<float>.Zero;
        Vector512<float> distances = Vector512<float>.Zero;
        int i = 0;
        for (; i + Lanes <= row.Length; i += Lanes)
        {
            nuint at = (nuint)(uint)i;
            Vector512<float> offset = Vector512.LoadUnsafe(ref o, at);
            Vector512<float> x = Vector512.LoadUnsafe(ref r, at) - Vector512.LoadUnsafe(ref m, at);
            Vector512<float> difference = x - offset;
            squares += x * x;
            products += x * offset;
            distances += difference * difference;
        }

        if (i == row.Length)
        {
            return new CentroidSums(FixedOrderSum.Finish(squares), FixedOrderSum.Finish(products), FixedOrderSum.Finish(distances));
        }

        Span<float> lanes = stackalloc float[3 * Lanes];
        squares.CopyTo(lanes);
        products.CopyTo(lanes[Lanes..]);
        distances.CopyTo(lanes[(2 * Lanes)..]);
        return Finish(row[i..], means[i..], offsets[i..], lanes);
    }

    /// <summary>The portable twin.</summary>
    public static CentroidSums OfScalar(ReadOnlySpan<float> row, ReadOnlySpan<float> means, ReadOnlySpan<float> offsets)
    {
        Span<float> lanes = stackalloc float[3 * Lanes];
        lanes.Clear();
        return Finish(row, means, offsets, lanes);
    }

    private static CentroidSums Finish(ReadOnlySpan<float> row, ReadOnlySpan<float> means, ReadOnlySpan<float> offsets, Span<float> lanes)
    {
        Span<float> squares = lanes[..Lanes];
        Span<float> products = lanes.Slice(Lanes, Lanes);
        Span<float> distances = lanes.Slice(2 * Lanes, Lanes);
        for (int i = 0; i < row.Length; i++)
        {
            int lane = i % Lanes;
            float x = row[i] - means[i];
            float difference = x - offsets[i];
            float square = x * x; // never fused: vectors do not fuse either
            float product = x * offsets[i];
            float distance = difference * difference;
            squares[lane] += square;
            products[lane] += product;
            distances[lane] += distance;
        }

        return new CentroidSums(FixedOrderSum.Finish(squares, []), FixedOrderSum.Finish(products, []), FixedOrderSum.Finish(distances, []));
    }
}
