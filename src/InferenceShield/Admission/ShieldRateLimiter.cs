#pragma warning disable CA2000 // The lease is the caller's to dispose.
using System.Threading.RateLimiting;

namespace InferenceShield;

/// <summary>One caller's limits in a shield as a <see cref="RateLimiter"/>, for code that speaks System.Threading.RateLimiting.</summary>
/// <remarks>
/// <para>A permit is a query. The state is the shield's: whatever the caller asks through the shield or another limiter
/// counts too. Nothing waits: AcquireAsync answers at once. A refusal charges nothing and carries
/// <see cref="MetadataName.RetryAfter"/>. 0 permits ask without charging.</para>
/// <para><see cref="IdleDuration"/> is null until the caller is as good as fresh, so that dropping an idle limiter never
/// refills a budget. A refusal is counted by AcquireAsync, not by AttemptAcquire: ASP.NET Core's middleware calls both
/// for one refused request.</para>
/// </remarks>
/// <param name="handle">Which caller: see <see cref="Shield.GetHandle"/>.</param>
public sealed class ShieldRateLimiter(CallerHandle handle) : RateLimiter
{
    private readonly CallerHandle _handle = handle ?? throw new ArgumentNullException(nameof(handle));

    /// <inheritdoc/>
    public override TimeSpan? IdleDuration => _handle.Owner.Describe(_handle).Idle;

    /// <inheritdoc/>
    public override RateLimiterStatistics? GetStatistics() => ShieldLease.GetStatistics(_handle);

    /// <inheritdoc/>
    protected override RateLimitLease AttemptAcquireCore(int permitCount) =>
        ShieldLease.Acquire(_handle, permitCount, countsRefusal: false);

    /// <inheritdoc/>
    protected override ValueTask<RateLimitLease> AcquireAsyncCore(int permitCount, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled<RateLimitLease>(cancellationToken)
            : new ValueTask<RateLimitLease>(ShieldLease.Acquire(_handle, permitCount, countsRefusal: true));
}
