using System.Runtime.CompilerServices;

namespace InferenceShield;

/// <summary>The answer to "may this caller ask this?": a value, made by <see cref="Shield.Admit(CallerKey, ReadOnlySpan{byte}, int)"/>.</summary>
/// <remarks>Carries the plan under which the query was admitted, so that a reload between admission and hardening
/// cannot mix two policies. Valid only with the shield that made it. Holds no input and no caller name.</remarks>
public readonly struct Admission
{
    /// <remarks>Inlined, so that the value is made where it is returned. Made elsewhere it is copied with wide reads right after narrow
    /// writes, and waits for them.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Admission(ShieldPlan plan, CallerKey caller, int rows, long now, in AdmissionDecision decision, CallerHandle? handle = null)
    {
        Plan = plan;
        Handle = handle;
        Caller = caller;
        Rows = rows;
        Start = now;
        Reason = decision.Reason;
        Level = decision.Level;
        Posture = decision.Posture;
        Dossier = decision.Dossier;
        RetryAfter = RoundUp(decision.Wait);
        WaitingHelps = decision.WaitingHelps;
        IsAdmitted = decision.IsWithinLimits || !plan.Enforces;
        IsUnmarked = decision.IsUnmarked;
        InTrial = plan.Trial is not null && plan.Owner.IsInTrial(plan, caller);
    }

    /// <summary>Whether the query may go on. In observe-only mode always true.</summary>
    public bool IsAdmitted { get; }

    /// <summary>Why.</summary>
    public AdmissionReason Reason { get; }

    /// <summary>Whose limit decided; <see cref="AdmissionLevel.Caller"/> if none did.</summary>
    public AdmissionLevel Level { get; }

    /// <summary>How the caller is being treated. For the host and its logs: to a caller it may show in nothing but its answers.</summary>
    public Posture Posture { get; }

    /// <summary>Whether the caller is in the trial of <see cref="ShieldOptions.Trial"/>. For the host and its reports, as the posture is.</summary>
    public bool InTrial { get; }

    /// <summary>How long the caller has to wait until the same query is within the limits; zero if it is now.</summary>
    /// <remarks>Exact when nobody else uses the same buckets: refused at every earlier instant, admitted at it.
    /// In observe-only mode, what the wait would have been. No promise in three cases: a batch larger than the bucket that
    /// newcomers to a full caller table share is told that bucket's period; one that is <see cref="AdmissionReason.BatchTooLarge"/>,
    /// how long its bucket takes to fill; a blocked caller, a day.</remarks>
    public TimeSpan RetryAfter { get; }

    /// <summary>Whether the same query is within the limits after <see cref="RetryAfter"/>. False for blocked callers (HTTP: 403) and for
    /// batches that no waiting makes small enough (413: split them).</summary>
    public bool WaitingHelps { get; }

    /// <summary>How long the host is to wait before it sends the answer, if it can wait; zero but for blocked callers that are answered:
    /// see <see cref="AdmissionOptions.Blocked"/>. In observe-only mode always zero.</summary>
    /// <remarks>Asynchronous calls of a shielded session have waited already when they return; synchronous ones never wait.</remarks>
    public TimeSpan Delay => Posture == Posture.Blocked && Reason == AdmissionReason.WithinLimits && Plan is { Enforces: true } plan ? plan.BlockedDelay : TimeSpan.Zero;

    /// <summary>The rows that were asked for; each counts as one query.</summary>
    public int Rows { get; }

    /// <summary>True in observe-only mode when the query would have been refused.</summary>
    public bool WouldBeRefused => IsAdmitted && Reason is not AdmissionReason.WithinLimits;

    /// <summary>The <c>Retry-After</c> value for HTTP: whole seconds, rounded up, at least 1 for a refusal.</summary>
    public long RetryAfterSeconds => (RetryAfter.Ticks + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond;

    /// <summary>Nanoseconds, rounded up to TimeSpan's 100, so that the wait they state is enough.</summary>
    internal static TimeSpan RoundUp(long nanoseconds) => TimeSpan.FromTicks((nanoseconds + 99) / 100);

    /// <summary>The same admission for an answer that carries no mark: of a route where a label must not be moved, say.</summary>
    /// <remarks>For the host: a caller who can choose it, and compare, finds the marks.</remarks>
    public Admission WithoutMarks() => this with { IsUnmarked = true };

    /// <summary>Whether the answer carries no mark: by <see cref="WithoutMarks"/>, or by <see cref="CallerOverride.Unmarked"/>.</summary>
    internal bool IsUnmarked { get; init; }

    internal ShieldPlan? Plan { get; }

    internal CallerKey Caller { get; }

    /// <summary>What the query was admitted by; null for a key.</summary>
    internal CallerHandle? Handle { get; }

    /// <summary>The caller's tenant; empty if none is known.</summary>
    internal CallerKey Tenant => Handle?.Tenant ?? default;

    /// <summary>When it was admitted, in nanoseconds of the shield's clock.</summary>
    internal long Start { get; }

    /// <summary>The number of the caller's dossier; -1 if it has none.</summary>
    internal int Dossier { get; }
}
