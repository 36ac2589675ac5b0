namespace InferenceShield;

/// <summary>One alarm: this caller's queries differ from calibrated traffic. It does not say that the caller is a thief.</summary>
/// <remarks>Immutable. For operators: never for callers.</remarks>
public sealed record DetectionVerdict
{
    /// <summary>Which statistics it rests on.</summary>
    public required DetectionFamily Family { get; init; }

    /// <summary>Which promise it keeps.</summary>
    public required DetectionLevel Level { get; init; }

    /// <summary>The statistic that passed its threshold first.</summary>
    public required DetectionStatistic Statistic { get; init; }

    /// <summary>The caller's queries at that moment, in its epoch.</summary>
    public required long Queries { get; init; }

    /// <summary>The statistic then.</summary>
    public required double Value { get; init; }

    /// <summary>Its threshold.</summary>
    public required double Threshold { get; init; }

    /// <summary>Share of honest callers that are alarmed so in an epoch, as calibrated: .01 or .001; the nominal one for a cold start.</summary>
    public required double Promise { get; init; }

    /// <summary>Whether the threshold was extrapolated beyond what the calibration holds.</summary>
    public required bool IsExtrapolated { get; init; }

    /// <summary>Whether the calibration has too few callers to promise anything.</summary>
    public required bool IsAdvisory { get; init; }

    /// <summary>The caller's epoch, from 0.</summary>
    public required int Epoch { get; init; }

    /// <summary>In how many of the caller's epochs the thresholds of this family and level were passed; 1 or more.</summary>
    public int Epochs { get; init; } = 1;

    /// <summary>The latest of these epochs.</summary>
    public int LatestEpoch { get; init; }

    /// <summary>Up to three reasons, the weightiest first, in words.</summary>
    public required IReadOnlyList<string> Reasons { get; init; }
}
