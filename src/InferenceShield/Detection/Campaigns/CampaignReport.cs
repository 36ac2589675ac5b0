namespace InferenceShield;

/// <summary>Callers that resemble each other more than honest ones do. Immutable. For operators: never for callers.</summary>
public sealed record CampaignReport
{
    /// <summary>Stays the same while the campaign goes on.</summary>
    public required long Id { get; init; }

    /// <summary>The callers; at most 1,024 of them are named.</summary>
    public required IReadOnlyList<CallerKey> Callers { get; init; }

    /// <summary>All callers, for those who act on them; null where the named ones are all that is handed over.</summary>
    internal IReadOnlyList<CallerKey>? Everybody { get; init; }

    /// <summary>How many there are.</summary>
    public required int Size { get; init; }

    /// <summary>From which size on honest cohorts like this one have no such group in 99 %.</summary>
    public required int Threshold { get; init; }

    /// <summary>At how many queries they were compared: 11, 45 or 181; 0 if linked by near-duplicates of each other's queries.</summary>
    public required int Queries { get; init; }

    /// <summary>Benign mass of all cells that they visited together, 0 to 1.</summary>
    public required double Odometer { get; init; }

    /// <summary>Queries that they asked together.</summary>
    public required long TotalQueries { get; init; }

    /// <summary>Why, in words.</summary>
    public required string Reason { get; init; }
}
