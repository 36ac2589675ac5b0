#pragma warning disable CA2000 // The lease is the caller's to dispose.
using System.Threading.RateLimiting;

namespace InferenceShield;

/// <summary>A shield's limits as a <see cref="PartitionedRateLimiter{TResource}"/>: one table, no lock, no timer, no allocation when admitted.</summary>
/// <remarks>For ASP.NET Core set it as <c>RateLimiterOptions.GlobalLimiter</c>, or chain it. Rules as for <see cref="ShieldRateLimiter"/>:
/// a lease charges, and so does <c>Shield.Admit</c> or a session's <c>Run</c>. Put one of them in front of an endpoint, not both.</remarks>
/// <typeparam name="TResource">What a caller is found in, for example HttpContext.</typeparam>
/// <param name="findCaller">Who asks; quick and thread-safe. Returns null for what is not the shield's to limit, a health check for
/// example: that is let through.</param>
public sealed class ShieldPartitionedRateLimiter<TResource>(Func<TResource, CallerHandle?> findCaller) : PartitionedRateLimiter<TResource>
{
    private readonly Func<TResource, CallerHandle?> _findCaller = findCaller ?? throw new ArgumentNullException(nameof(findCaller));

    /// <inheritdoc/>
    public override RateLimiterStatistics? GetStatistics(TResource resource) =>
        _findCaller(resource) is { } handle ? ShieldLease.GetStatistics(handle) : null;

    /// <inheritdoc/>
    protected override RateLimitLease AttemptAcquireCore(TResource resource, int permitCount) =>
        Lease(resource, permitCount, countsRefusal: false);

    /// <inheritdoc/>
    protected override ValueTask<RateLimitLease> AcquireAsyncCore(TResource resource, int permitCount, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled<RateLimitLease>(cancellationToken)
            : new ValueTask<RateLimitLease>(Lease(resource, permitCount, countsRefusal: true));

    private RateLimitLease Lease(TResource resource, int permitCount, bool countsRefusal) =>
        _findCaller(resource) is { } handle ? ShieldLease.Acquire(handle, permitCount, countsRefusal) : ShieldLease.Admitted;
}
