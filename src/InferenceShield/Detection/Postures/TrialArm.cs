namespace InferenceShield;

/// <summary>One of the two policies of a trial: what it cost and what it leaked. A snapshot.</summary>
public sealed record TrialArm
{
    /// <summary>Callers in the caller table that have been answered.</summary>
    public required long Callers { get; init; }

    /// <summary>Rows of the output that were hardened in all postures since the shield was built. Answers given again from a cache are not in it.</summary>
    public required long Answers { get; init; }

    /// <summary>What the answers of the posture cost, since the shield was built.</summary>
    public required UtilityStatistics Utility { get; init; }

    /// <summary>Mean of its callers' leak odometers, 0 to 1; <see langword="null"/> with fewer than 2 callers, or where nothing is detected.</summary>
    public double? Odometer { get; init; }

    /// <summary>Lower end of the mean's interval of 95 %.</summary>
    public double? OdometerLow { get; init; }

    /// <summary>Upper end of it.</summary>
    public double? OdometerHigh { get; init; }
}
