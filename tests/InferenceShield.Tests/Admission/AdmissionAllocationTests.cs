using System.Threading.RateLimiting;

namespace InferenceShield.Tests;

/// <summary>The promise of the hot path, for handles, limits of all levels and rate limiters: no allocation, exactly.</summary>
[Collection(ProcessWide.Name)]
public sealed class AdmissionAllocationTests
{
    private const int Calls = 500;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Admitting_and_refusing_through_a_handle_allocates_nothing_under_any_limits(bool refuses)
    {
        using Shield shield = Build();
        CallerHandle handle = shield.GetHandle(shield.IdentifyCaller("caller"), shield.IdentifyCaller("tenant"), shield.IdentifyCaller("network"));
        CallerKey pinned = shield.IdentifyCaller("pinned");
        shield.Overrides.Set(pinned, new CallerOverride { Limit = new LimitOptions { Queries = 1000, Period = TimeSpan.FromHours(1), Burst = 100_000, DailyCost = 1_000_000 } });
        if (refuses)
        {
            shield.Overrides.Revoke(handle.Caller);
            shield.Overrides.Revoke(pinned);
        }

        int admitted = 0;
        AssertNoAllocation(() =>
        {
            admitted += shield.Admit(handle, [], 1).IsAdmitted ? 1 : 0;
            admitted += shield.Admit(pinned, [], 1).IsAdmitted ? 1 : 0;
        });
        Assert.Equal(refuses, admitted == 0);
    }

    [Fact]
    public void An_admitted_lease_allocates_nothing()
    {
        using Shield shield = Build();
        CallerHandle handle = shield.GetHandle(shield.IdentifyCaller("caller"), shield.IdentifyCaller("tenant"), shield.IdentifyCaller("network"));
        using ShieldRateLimiter one = new(handle);
        using ShieldPartitionedRateLimiter<CallerHandle> partitioned = new(resource => resource);
        AssertNoAllocation(() => Take(one.AttemptAcquire()));
        AssertNoAllocation(() => Take(one.AttemptAcquire(0)));
        AssertNoAllocation(() => TakeNow(one.AcquireAsync()));
        AssertNoAllocation(() => Take(partitioned.AttemptAcquire(handle)));
        AssertNoAllocation(() => TakeNow(partitioned.AcquireAsync(handle)));
        AssertNoAllocation(() => Assert.Null(one.IdleDuration));

        static void TakeNow(ValueTask<RateLimitLease> lease)
        {
            Assert.True(lease.IsCompletedSuccessfully);
            Take(lease.Result);
        }

        static void Take(RateLimitLease lease)
        {
            Assert.True(lease.IsAcquired);
            lease.Dispose();
        }
    }

    /// <remarks>Of several rounds the least counts: the runtime may allocate once while it replaces code by faster code.</remarks>
    private static void AssertNoAllocation(Action action)
    {
        long least = long.MaxValue;
        for (int round = 0; round < 4; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < Calls; i++)
            {
                action();
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    private static Shield Build()
    {
        return TestShield.Build(
            configure: options =>
            {
                options.Admission.PerCaller = Wide();
                options.Admission.PerTenant = Wide();
                options.Admission.PerNetwork = Wide();
                options.Admission.PerModel = Wide();
                options.Admission.MaxRowsPerCall = 1;
            },
            clock: new ManualTimeProvider());

        static LimitOptions Wide() => new()
        {
            Queries = 1_000_000,
            Period = TimeSpan.FromSeconds(1),
            Burst = 1_000_000,
            DailyQueries = 1_000_000,
            MonthlyQueries = 1_000_000,
            DailyCost = 1_000_000,
            MonthlyCost = 1_000_000,
        };
    }
}
