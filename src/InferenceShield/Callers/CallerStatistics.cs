namespace InferenceShield;

/// <summary>What a shield has counted of one caller, tenant or network since it got its record. The numbers of calls, queries
/// and cost are of one instant, unless a thread that counts is suspended half-way for a second.</summary>
/// <remarks>A refusal that is counted at the very moment the caller's record is given to somebody else may count there.</remarks>
public readonly record struct CallerStatistics
{
    /// <summary>Calls admitted.</summary>
    public long Calls { get; init; }

    /// <summary>Queries (rows) admitted.</summary>
    public long Admitted { get; init; }

    /// <summary>Calls refused; in observe-only mode, that would have been.</summary>
    public long RefusedCalls { get; init; }

    /// <summary>Queries refused; in observe-only mode, that would have been.</summary>
    public long Refused { get; init; }

    /// <summary>Admitted queries whose input equals the caller's query just before: what averaging attacks send. In
    /// observe-only mode, of those that would have been refused too. Not counted of tenants and networks.</summary>
    public long Repeated { get; init; }

    /// <summary>Cost charged, in the operator's units.</summary>
    public long Cost { get; init; }

    /// <summary>How it is being treated.</summary>
    public Posture Posture { get; init; }

    /// <summary>Share of calls that were refused (the rate of 429 answers), 0 to 1.</summary>
    public double RefusedShare => Calls + RefusedCalls == 0 ? 0 : (double)RefusedCalls / (Calls + RefusedCalls);
}
