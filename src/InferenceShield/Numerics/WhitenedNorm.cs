namespace InferenceShield.Numerics;

/// <summary>Squared Mahalanobis distances by a whitening matrix: |W (x - mean)|^2, never negative.</summary>
/// <remarks>Columns are added up one after another, then lanes in one tree: the bits are the same at every vector width.</remarks>
internal static class WhitenedNorm
{
    /// <summary>Places that a column of n numbers takes: n up to a multiple of 16, the rest zeros.</summary>
    public static int Stride(int count) => (count + FixedOrderSum.Lanes - 1) & -FixedOrderSum.Lanes;

    /// <summary>|W (x - mean)|^2.</summary>
    /// <param name="values">n of them.</param>
    /// <param name="means">n.</param>
    /// <param name="columns">n columns of W, <see cref="Stride"/> places each.</param>
    /// <param name="scratch"><see cref="Stride"/> places.</param>
    public static float Square(ReadOnlySpan<float> values, ReadOnlySpan<float> means, ReadOnlySpan<float> columns, Span<float> scratch)
    {
        int stride = Stride(values.Length);
        scratch = scratch[..stride];
        scratch.Clear();
        for (int i = 0; i < values.Length; i++)
        {
            float x = values[i] - means[i];
            ReadOnlySpan<float> column = columns.Slice(i * stride, stride);
            for (int j = 0; j < stride; j++)
            {
                float term = x * column[j];
                scratch[j] += term;
            }
        }

        for (int j = 0; j < stride; j++)
        {
            scratch[j] *= scratch[j];
        }

        return FixedOrderSum.SumScalar<float>(scratch);
    }

    /// <summary>The same for a diagonal W.</summary>
    /// <param name="values">n of them.</param>
    /// <param name="means">n.</param>
    /// <param name="factors">n: the diagonal.</param>
    /// <param name="scratch">n places.</param>
    public static float SquareDiagonal(ReadOnlySpan<float> values, ReadOnlySpan<float> means, ReadOnlySpan<float> factors, Span<float> scratch)
    {
        scratch = scratch[..values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            float x = (values[i] - means[i]) * factors[i];
            scratch[i] = x * x;
        }

        return FixedOrderSum.SumScalar<float>(scratch);
    }
}
