namespace InferenceShield;

/// <summary>What detection knows of one caller. A snapshot; immutable. For operators: never for callers.</summary>
public sealed record CallerDetection
{
    /// <summary>Whom.</summary>
    public required CallerKey Caller { get; init; }

    /// <summary>The tenant of its latest query; empty if none.</summary>
    public required CallerKey Tenant { get; init; }

    /// <summary>Its alarms: the first of each family and level, with the epochs in which they were raised again. One that is advisory gives way to
    /// the first that is not.</summary>
    public required IReadOnlyList<DetectionVerdict> Verdicts { get; init; }

    /// <summary>How it is treated: as an operator has decided, else by the rules.</summary>
    public required Posture Posture { get; init; }

    /// <summary>What the rules have led to, whether the shield acts on it or only reports it.</summary>
    public required Posture Found { get; init; }

    /// <summary>What the rules lead to after the delay; <see langword="null"/> for nothing new.</summary>
    public Posture? Pending { get; init; }

    /// <summary>When <see cref="Found"/> changed last; <see langword="null"/> for never.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Why it did, or is about to, in words; <see langword="null"/> for no reason.</summary>
    public string? Reason { get; init; }

    /// <summary>Benign mass of the cells visited, 0 to 1: the leak odometer.</summary>
    public required double Odometer { get; init; }

    /// <summary>Up to what agreement it could have copied the model by now, 0 to 1, as <see cref="DetectionOptions.OdometerCurveFile"/> says;
    /// <see langword="null"/> without a curve.</summary>
    public double? CopiedUpTo { get; init; }

    /// <summary>Queries in this epoch.</summary>
    public required long Queries { get; init; }

    /// <summary>From 0.</summary>
    public required int Epoch { get; init; }

    /// <summary>Plain facts about its queries; <see langword="null"/> if it is not watched any more.</summary>
    public CallerPlainSignals? PlainSignals { get; init; }
}
