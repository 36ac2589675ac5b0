using System.Diagnostics.CodeAnalysis;
using System.Threading.RateLimiting;

namespace InferenceShield;

/// <summary>An admission as a lease. There is nothing to give back when it is disposed.</summary>
internal sealed class ShieldLease : RateLimitLease
{
    private static readonly string[] s_metadata = [MetadataName.RetryAfter.Name, ShieldMetadata.Reason.Name, ShieldMetadata.Level.Name];

    private readonly AdmissionReason _reason;
    private readonly AdmissionLevel _level;
    private readonly TimeSpan _retryAfter;

    private ShieldLease(bool isAcquired, AdmissionReason reason, AdmissionLevel level, TimeSpan retryAfter)
    {
        IsAcquired = isAcquired;
        _reason = reason;
        _level = level;
        _retryAfter = retryAfter;
    }

    public static ShieldLease Admitted { get; } = new(isAcquired: true, AdmissionReason.WithinLimits, AdmissionLevel.Caller, TimeSpan.Zero);

    public override bool IsAcquired { get; }

    public override IEnumerable<string> MetadataNames => IsAcquired ? [] : s_metadata;

    public static RateLimitLease Acquire(CallerHandle handle, int permitCount, bool countsRefusal)
    {
        Shield shield = handle.Owner;
        if (permitCount > shield.MaxRowsPerCall)
        {
            throw new ArgumentOutOfRangeException(
                nameof(permitCount), permitCount, $"One call may hold {shield.MaxRowsPerCall} queries; more can never be admitted at once.");
        }

        if (permitCount == 0)
        {
            long wait = shield.WaitOf(handle, out AdmissionReason reason, out AdmissionLevel level);
            return wait == 0 ? Admitted : new ShieldLease(isAcquired: false, reason, level, Admission.RoundUp(wait));
        }

        Admission admission = shield.AdmitRows(handle, permitCount, countsRefusal);
        return admission.IsAdmitted ? Admitted : new ShieldLease(isAcquired: false, admission.Reason, admission.Level, admission.RetryAfter);
    }

    public static RateLimiterStatistics GetStatistics(CallerHandle handle)
    {
        (long available, _, CallerStatistics statistics) = handle.Owner.Describe(handle);
        return new RateLimiterStatistics
        {
            CurrentAvailablePermits = available,
            CurrentQueuedCount = 0,
            TotalSuccessfulLeases = statistics.Calls,
            TotalFailedLeases = statistics.RefusedCalls,
        };
    }

    public override bool TryGetMetadata(string metadataName, [MaybeNullWhen(false)] out object? metadata)
    {
        metadata = IsAcquired ? null
            : metadataName == MetadataName.RetryAfter.Name ? _retryAfter
            : metadataName == ShieldMetadata.Reason.Name ? _reason
            : metadataName == ShieldMetadata.Level.Name ? _level
            : null;
        return metadata is not null;
    }
}
