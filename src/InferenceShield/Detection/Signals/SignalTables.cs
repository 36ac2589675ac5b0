namespace InferenceShield;

/// <summary>Where benign queries' scalars lie, by label: the label-conditional probability integral transform of detection.md 2.1.</summary>
/// <remarks>u = (rank among 127 quantiles + .5) / 128, z = its normal score; beyond the outermost quantile min(distance / IQR, 4) is
/// added; clipped to +-6. Immutable, thread-safe.</remarks>
internal sealed class SignalTables
{
    public const int Quantiles = 127;

    /// <summary>Whether a scalar says anything; one without spread gives z = 0.</summary>
    public required bool[] Active { get; init; }

    /// <summary>The table of a label: 0 for all labels pooled (those with fewer than 200 rows), else 1 and up.</summary>
    public required int[] TableOf { get; init; }

    /// <summary>Tables x 12 scalars x 127 quantiles, ascending.</summary>
    public required float[] Values { get; init; }

    /// <summary>Tables x 12: interquartile ranges, positive.</summary>
    public required float[] Ranges { get; init; }

    /// <summary>Normal scores of the scalars, 12 of them.</summary>
    public void Transform(in QuerySignals signals, Span<float> z) => throw new NotImplementedException();
}
