namespace InferenceShield;

/// <summary>The numbers that are measured of one query: the first five of its clean answer, the others of its input.</summary>
internal enum SignalScalar
{
    /// <summary>-log10(1 - p1 + 1e-7).</summary>
    LogConfidence = 0,

    /// <summary>ln(p1 / p2).</summary>
    LogMargin,

    /// <summary>Entropy of the answer, in nats.</summary>
    Entropy,

    /// <summary>-ln q(second label | label).</summary>
    SecondSurprise,

    /// <summary>ln of the squared Mahalanobis distance of the centred log-probabilities, given the label.</summary>
    OutputDistance,

    /// <summary>Mean of the input.</summary>
    Mean,

    /// <summary>Standard deviation of the input.</summary>
    Spread,

    /// <summary>Share of the input at the bottom of its range.</summary>
    Sparsity,

    /// <summary>Mean absolute difference of neighbours, in flat order.</summary>
    Variation,

    /// <summary>Root mean square distance to the centroid of the label.</summary>
    CentroidDistance,

    /// <summary>Cosine of (input - mean) and (centroid of the label - mean).</summary>
    CentroidCosine,

    /// <summary>ln of the squared Mahalanobis distance of 16 keyed projections, given the label.</summary>
    ProjectionDistance,
}
