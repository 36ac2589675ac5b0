namespace InferenceShield;

/// <summary>The answer to "may this caller ask this?": a value, made by <see cref="Shield.Admit(CallerKey, ReadOnlySpan{byte}, int)"/>.</summary>
/// <remarks>Carries the plan under which the query was admitted, so that a reload between admission and hardening
/// cannot mix two policies. Valid only with the shield that made it. Holds no input and no caller name.</remarks>
public readonly struct Admission
{
    internal Admission(ShieldPlan plan, int rows, AdmissionReason reason, TimeSpan retryAfter, bool isAdmitted)
    {
        Plan = plan;
        Rows = rows;
        Reason = reason;
        RetryAfter = retryAfter;
        IsAdmitted = isAdmitted;
    }

    /// <summary>Whether the query may go on. In observe-only mode always true.</summary>
    public bool IsAdmitted { get; }

    /// <summary>Why.</summary>
    public AdmissionReason Reason { get; }

    /// <summary>How long the caller has to wait until the same query is within the limits; zero if it is now.</summary>
    /// <remarks>Exact when nobody else uses the same bucket: refused at every earlier instant, admitted at it.
    /// In observe-only mode, what the wait would have been. A batch that is larger than the bucket shared by newcomers to a
    /// full caller table is told that bucket's period: it has to be split, or wait for room in the table.</remarks>
    public TimeSpan RetryAfter { get; }

    /// <summary>The rows that were asked for; each counts as one query.</summary>
    public int Rows { get; }

    /// <summary>True in observe-only mode when the query would have been refused.</summary>
    public bool WouldBeRefused => IsAdmitted && Reason is not AdmissionReason.WithinLimits;

    internal ShieldPlan? Plan { get; }

    /// <summary>The <c>Retry-After</c> value for HTTP: whole seconds, rounded up, at least 1 for a refusal.</summary>
    public long RetryAfterSeconds => (RetryAfter.Ticks + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond;
}
