using System.Threading.RateLimiting;

namespace InferenceShield.Benchmarks.Callers;

/// <summary>What .NET has: a token bucket for each key. Limits too wide to refuse anything.</summary>
internal static class TokenBuckets
{
    private static readonly TokenBucketRateLimiterOptions s_replenishedByHand = MakeOptions(autoReplenishment: false);
    private static readonly TokenBucketRateLimiterOptions s_replenishedByTimer = MakeOptions(autoReplenishment: true);

    public static TokenBucketRateLimiter MakeOne() => new(s_replenishedByHand);

    /// <summary>As the documentation shows it.</summary>
    public static PartitionedRateLimiter<string> Make(bool autoReplenishment) => autoReplenishment
        ? PartitionedRateLimiter.Create<string, string>(static key => RateLimitPartition.GetTokenBucketLimiter(key, static _ => s_replenishedByTimer))
        : PartitionedRateLimiter.Create<string, string>(static key => RateLimitPartition.GetTokenBucketLimiter(key, static _ => s_replenishedByHand));

    /// <summary>The leanest that can be written: GetTokenBucketLimiter makes a closure at every call, this does not.</summary>
    public static PartitionedRateLimiter<string> MakeLean() => PartitionedRateLimiter.Create<string, string>(
        static key => RateLimitPartition.Get(key, static RateLimiter (_) => new TokenBucketRateLimiter(s_replenishedByHand)));

    public static PartitionedRateLimiter<Request> MakeFor(Func<Request, string> part) => PartitionedRateLimiter.Create<Request, string>(
        request => RateLimitPartition.GetTokenBucketLimiter(part(request), static _ => s_replenishedByHand));

    private static TokenBucketRateLimiterOptions MakeOptions(bool autoReplenishment) => new()
    {
        TokenLimit = 2_000_000_000,
        TokensPerPeriod = 1_000_000,

        // Never within a run: a bucket that is full again and unused for ten seconds is thrown away, and would be made anew while timed.
        ReplenishmentPeriod = TimeSpan.FromDays(1),
        QueueLimit = 0,
        AutoReplenishment = autoReplenishment,
    };
}
