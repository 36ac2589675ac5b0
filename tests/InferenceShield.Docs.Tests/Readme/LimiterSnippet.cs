using System.Threading.RateLimiting;

namespace InferenceShield.Docs.Tests.Readme;

/// <summary>The README's example of rate limiters, as it stands there.</summary>
internal static class LimiterSnippet
{
    public static async Task<bool> RunAsync(Shield shield, Func<Request, CallerHandle> findHandle, Request request)
    {
        // begin: limiter
        // For code that speaks System.Threading.RateLimiting; in ASP.NET Core: options.GlobalLimiter = limiter.
        using PartitionedRateLimiter<Request> limiter = new ShieldPartitionedRateLimiter<Request>(request => findHandle(request));
        using RateLimitLease lease = await limiter.AcquireAsync(request, permitCount: 1);
        // end

        return lease.IsAcquired && shield.GetStatistics().Calls > 0;
    }

    internal sealed record Request(string User);
}
