using System.Diagnostics.CodeAnalysis;
using System.Threading.RateLimiting;

namespace InferenceShield;

/// <summary>An admission as a lease. There is nothing to give back when it is disposed.</summary>
internal sealed class ShieldLease : RateLimitLease
{
    private static readonly ShieldLease s_admitted = new(isAcquired: true, TimeSpan.Zero);
    private static readonly string[] s_metadata = [MetadataName.RetryAfter.Name];

    private readonly TimeSpan _retryAfter;

    private ShieldLease(bool isAcquired, TimeSpan retryAfter)
    {
        IsAcquired = isAcquired;
        _retryAfter = retryAfter;
    }

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
            long wait = shield.WaitOf(handle);
            return wait == 0 ? s_admitted : new ShieldLease(isAcquired: false, Admission.RoundUp(wait));
        }

        Admission admission = shield.AdmitRows(handle, permitCount, countsRefusal);
        return admission.IsAdmitted ? s_admitted : new ShieldLease(isAcquired: false, admission.RetryAfter);
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
        bool found = !IsAcquired && metadataName == MetadataName.RetryAfter.Name;
        metadata = found ? _retryAfter : null;
        return found;
    }
}
