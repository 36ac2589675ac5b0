namespace InferenceShield;

/// <summary>What a shield has counted since it was built. Calls, admitted and refused queries and cost hold no half-counted call (unless a thread that counts is suspended half-way for a second);
/// the other numbers are each exact, and together not one instant.</summary>
/// <remarks>All count from the shield's start, but those that say "now". A snapshot, for operators: callers must not see it.</remarks>
public readonly record struct ShieldStatistics
{
    /// <summary>Calls within the limits.</summary>
    public long Calls { get; init; }

    /// <summary>Queries (rows) admitted within the limits.</summary>
    public long Admitted { get; init; }

    /// <summary>Calls refused.</summary>
    public long RefusedCalls { get; init; }

    /// <summary>Queries refused.</summary>
    public long Refused { get; init; }

    /// <summary>Queries admitted in observe-only mode that would have been refused.</summary>
    public long WouldBeRefused { get; init; }

    /// <summary>Cost charged, in the operator's units.</summary>
    public long Cost { get; init; }

    /// <summary>Queries for whose caller, tenant or network the table had no room.</summary>
    public long TableFull { get; init; }

    /// <summary>Rows released hardened, over all outputs but State.</summary>
    public long Hardened { get; init; }

    /// <summary>Rows released clean in observe-only mode.</summary>
    public long WouldBeHardened { get; init; }

    /// <summary>Rows whose leading class the release does not show in front. Always 0; counted, not assumed.</summary>
    public long TopChanged { get; init; }

    /// <summary>Callers that have a record of their own now.</summary>
    public int Callers { get; init; }

    /// <summary>Callers that have a dossier now.</summary>
    public int Dossiers { get; init; }

    /// <summary>Records, as good as fresh, that were given to another caller.</summary>
    public long Evictions { get; init; }

    /// <summary>1 at start, one more for each reload that took effect.</summary>
    public int PlanVersion { get; init; }

    /// <summary>Share of calls that were refused (the rate of 429 answers), 0 to 1.</summary>
    public double RefusedShare => Calls + RefusedCalls == 0 ? 0 : (double)RefusedCalls / (Calls + RefusedCalls);
}
