#pragma warning disable CA2000 // The lease is the caller's to dispose.
using System.Threading.RateLimiting;

namespace InferenceShield;

/// <summary>A shield's limits as a <see cref="PartitionedRateLimiter{TResource}"/>: one table, no lock, no timer, no allocation when admitted.</summary>
/// <remarks>For ASP.NET Core set it as <c>RateLimiterOptions.GlobalLimiter</c>, or chain it. Rules as for <see cref="ShieldRateLimiter"/>.</remarks>
/// <typeparam name="TResource">What a caller is found in, for example HttpContext.</typeparam>
/// <param name="findCaller">Who asks; quick and thread-safe. Resolve handles once per principal and return the same one.</param>
public sealed class ShieldPartitionedRateLimiter<TResource>(Func<TResource, CallerHandle> findCaller) : PartitionedRateLimiter<TResource>
{
    private readonly Func<TResource, CallerHandle> _findCaller = findCaller ?? throw new ArgumentNullException(nameof(findCaller));

    /// <inheritdoc/>
    public override RateLimiterStatistics? GetStatistics(TResource resource) =>
        ShieldLease.GetStatistics(_findCaller(resource));

    /// <inheritdoc/>
    protected override RateLimitLease AttemptAcquireCore(TResource resource, int permitCount) =>
        ShieldLease.Acquire(_findCaller(resource), permitCount, countsRefusal: false);

    /// <inheritdoc/>
    protected override ValueTask<RateLimitLease> AcquireAsyncCore(TResource resource, int permitCount, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled<RateLimitLease>(cancellationToken)
            : new ValueTask<RateLimitLease>(ShieldLease.Acquire(_findCaller(resource), permitCount, countsRefusal: true));
}
