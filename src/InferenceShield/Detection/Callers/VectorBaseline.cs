namespace InferenceShield;

/// <summary>Where honest callers' mean vectors lie after so many queries. Immutable, thread-safe.</summary>
internal sealed class VectorBaseline
{
    /// <summary>24, or 10 of answers only.</summary>
    public required int Dimension { get; init; }

    public required float[] Mean { get; init; }

    /// <summary>Dimension x dimension, lower triangular by rows: w = L' (v - mean) has covariance 1 over honest callers, and |w|^2 is the
    /// squared Mahalanobis distance. Stored as the matrix W with w = W (v - mean).</summary>
    public required float[] Whitening { get; init; }

    /// <summary>The 99 % quantile of |w| over honest callers.</summary>
    public required float Scale { get; init; }

    /// <summary>|W (v - mean)| / scale.</summary>
    public float Distance(ReadOnlySpan<float> vector) => throw new NotImplementedException();

    /// <summary>W (v - mean).</summary>
    public void Whiten(ReadOnlySpan<float> vector, Span<float> whitened) => throw new NotImplementedException();
}
