namespace InferenceShield.Numerics;

/// <summary>Sums over a row, the mean of all rows and the centroid of some: what distance and cosine are made of.</summary>
/// <param name="Squares">Of x - mean.</param>
/// <param name="Products">Of (x - mean) (centroid - mean).</param>
/// <param name="Distances">Of (x - centroid)^2.</param>
/// <remarks>Sixteen lanes and one tree (see <see cref="FixedOrderSum"/>): the bits are the same at every vector width.</remarks>
internal readonly record struct CentroidSums(float Squares, float Products, float Distances)
{
    /// <summary>Sums up one row.</summary>
    /// <param name="row">Finite numbers.</param>
    /// <param name="means">As many.</param>
    /// <param name="offsets">As many: the centroid less the mean.</param>
    public static CentroidSums Of(ReadOnlySpan<float> row, ReadOnlySpan<float> means, ReadOnlySpan<float> offsets) => OfScalar(row, means, offsets);

    /// <summary>The portable twin.</summary>
    public static CentroidSums OfScalar(ReadOnlySpan<float> row, ReadOnlySpan<float> means, ReadOnlySpan<float> offsets)
    {
        Span<float> squares = stackalloc float[FixedOrderSum.Lanes];
        Span<float> products = stackalloc float[FixedOrderSum.Lanes];
        Span<float> distances = stackalloc float[FixedOrderSum.Lanes];
        squares.Clear();
        products.Clear();
        distances.Clear();
        for (int i = 0; i < row.Length; i++)
        {
            int lane = i % FixedOrderSum.Lanes;
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
