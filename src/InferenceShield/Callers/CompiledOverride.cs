namespace InferenceShield;

/// <summary>A <see cref="CallerOverride"/>, compiled.</summary>
internal sealed class CompiledOverride
{
    private readonly bool _watched;
    private readonly LimitOptions? _limit;

    public CompiledOverride(CallerOverride source)
    {
        _limit = source.Limit is null ? null : Copy(source.Limit);
        _watched = source.Watched;
        Unlimited = source.Unlimited;
        Limit = _limit is null ? null : new Limit(_limit);
        Posture = source.Posture;
        Exempt = source.Exempt;
        Unmarked = source.Unmarked;
        IsRevoked = source.Revoked && source.Posture == InferenceShield.Posture.Blocked;
        Watched = source.Watched || source.Posture is > InferenceShield.Posture.Normal;
    }

    public bool Unlimited { get; }

    public Limit? Limit { get; }

    public Posture? Posture { get; }

    /// <summary>Whether the caller gets no automatic posture.</summary>
    public bool Exempt { get; }

    /// <summary>Whether the caller's answers carry no mark.</summary>
    public bool Unmarked { get; }

    /// <summary>Whether the caller is refused whatever the options say.</summary>
    public bool IsRevoked { get; }

    /// <summary>What it was compiled from, for those who want to read or change it.</summary>
    public CallerOverride ToOverride() => new()
    {
        Unlimited = Unlimited,
        Limit = _limit is null ? null : Copy(_limit),
        Posture = Posture,
        Exempt = Exempt,
        Unmarked = Unmarked,
        Watched = _watched,
        Revoked = IsRevoked,
    };

    public bool Watched { get; }

    private static LimitOptions Copy(LimitOptions limit) => new()
    {
        Queries = limit.Queries,
        Period = limit.Period,
        Burst = limit.Burst,
        DailyQueries = limit.DailyQueries,
        MonthlyQueries = limit.MonthlyQueries,
        DailyCost = limit.DailyCost,
        MonthlyCost = limit.MonthlyCost,
    };
}
