using System.Threading.RateLimiting;

namespace InferenceShield.Tests;

/// <summary>The shield's limits through System.Threading.RateLimiting: the contract of its limiters.</summary>
public sealed class ShieldRateLimiterTests
{
    private static readonly DateTimeOffset s_start = new(2028, 2, 29, 12, 0, 0, TimeSpan.Zero);

    public enum Kind
    {
        One,
        Partitioned,
        Chained,
    }

    public static TheoryData<Kind> Kinds { get; } = [.. Enum.GetValues<Kind>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_refusal_charges_nothing_and_states_the_exact_wait(Kind kind)
    {
        DatedTimeProvider clock = new(s_start);
        using Shield shield = Build(clock);
        using Limiter limiter = new(kind, shield.GetHandle(shield.IdentifyCaller("caller")));
        Assert.True(limiter.Attempt(6).IsAcquired);
        for (int i = 0; i < 20; i++)
        {
            TimeSpan wait = RetryAfter(limiter.Attempt(5));
            Assert.Equal(TimeSpan.FromSeconds(3), wait);
            Assert.Equal(wait, RetryAfter(limiter.Acquire(5)));
        }

        clock.Advance(TimeSpan.FromSeconds(3) - TimeSpan.FromTicks(1));
        Assert.Equal(TimeSpan.FromTicks(1), RetryAfter(limiter.Attempt(5)));
        Assert.Equal(TimeSpan.FromTicks(1), RetryAfter(limiter.Acquire(5)));
        clock.Advance(TimeSpan.FromTicks(1));
        Assert.True(limiter.Acquire(5).IsAcquired);
        Assert.False(limiter.Attempt(1).IsAcquired);
    }

    [Fact]
    public void An_admitted_lease_is_one_and_the_same_and_says_nothing_and_a_refused_one_says_when()
    {
        using Shield shield = Build(new DatedTimeProvider(s_start));
        using Limiter limiter = new(Kind.One, shield.GetHandle(shield.IdentifyCaller("caller")));
        RateLimitLease admitted = limiter.Attempt(1);
        Assert.Same(admitted, limiter.Acquire(7));
        Assert.Empty(admitted.MetadataNames);
        Assert.False(admitted.TryGetMetadata(MetadataName.RetryAfter, out _));
        admitted.Dispose();
        Assert.True(admitted.IsAcquired);
        RateLimitLease refused = limiter.Attempt(1);
        refused.Dispose();
        Assert.Equal([MetadataName.RetryAfter.Name, ShieldMetadata.Reason.Name, ShieldMetadata.Level.Name], refused.MetadataNames);
        Assert.False(refused.TryGetMetadata(MetadataName.ReasonPhrase, out _));
        Assert.Equal(TimeSpan.FromSeconds(1), RetryAfter(refused));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Zero_permits_ask_without_charging_counting_or_remembering(Kind kind)
    {
        DatedTimeProvider clock = new(s_start);
        using Shield shield = Build(clock);
        CallerKey caller = shield.IdentifyCaller("caller");
        using Limiter limiter = new(kind, shield.GetHandle(caller));
        Assert.True(limiter.Attempt(0).IsAcquired);
        Assert.True(limiter.Acquire(0).IsAcquired);
        Assert.False(shield.TryGetCaller(caller, out _));
        Assert.True(limiter.Attempt(7).IsAcquired);
        Assert.True(limiter.Attempt(0).IsAcquired);
        Assert.True(limiter.Attempt(1).IsAcquired);
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(TimeSpan.FromSeconds(1), RetryAfter(limiter.Attempt(0)));
            Assert.Equal(TimeSpan.FromSeconds(1), RetryAfter(limiter.Acquire(0)));
        }

        Assert.Equal(0, shield.GetStatistics().RefusedCalls);
        clock.Advance(TimeSpan.FromSeconds(1) - TimeSpan.FromTicks(1));
        Assert.False(limiter.Attempt(0).IsAcquired);
        clock.Advance(TimeSpan.FromTicks(1));
        Assert.True(limiter.Attempt(0).IsAcquired);
        Assert.True(limiter.Attempt(1).IsAcquired);
    }

    [Fact]
    public void Zero_permits_and_the_available_permits_know_every_limit_that_a_query_would_meet()
    {
        using Shield shield = Build(new DatedTimeProvider(s_start), admission =>
        {
            admission.PerTenant = new LimitOptions { Queries = 1, Period = TimeSpan.FromSeconds(1), Burst = 100, DailyQueries = 6 };
            admission.PerNetwork = new LimitOptions { Queries = 1, Period = TimeSpan.FromMinutes(1), Burst = 5 };
            admission.PerModel = new LimitOptions { Queries = 1, Period = TimeSpan.FromHours(1), Burst = 20, MonthlyCost = 11 };
            admission.MaxRowsPerCall = 4;
        });
        CallerKey caller = shield.IdentifyCaller("caller");
        using Limiter alone = new(Kind.One, shield.GetHandle(caller));
        using Limiter ofTenant = new(Kind.One, shield.GetHandle(caller, tenant: shield.IdentifyCaller("tenant")));
        using Limiter ofNetwork = new(Kind.One, shield.GetHandle(caller, network: shield.IdentifyCaller("network")));
        using Limiter other = new(Kind.One, shield.GetHandle(shield.IdentifyCaller("other"), shield.IdentifyCaller("tenant")));
        Assert.Equal([8, 6, 5, 6], Available(alone, ofTenant, ofNetwork, other));
        Assert.True(other.Attempt(4).IsAcquired);
        Assert.Equal([7, 2, 5, 2], Available(alone, ofTenant, ofNetwork, other)); // 7 of the month's 11 are left
        Assert.True(other.Attempt(2).IsAcquired);
        Assert.Equal([5, 0, 5, 0], Available(alone, ofTenant, ofNetwork, other));
        Assert.True(alone.Attempt(0).IsAcquired);
        Assert.Equal(TimeSpan.FromHours(12), RetryAfter(ofTenant.Attempt(0)));
        Assert.True(ofNetwork.Attempt(3).IsAcquired);
        Assert.True(ofNetwork.Attempt(2).IsAcquired);
        Assert.Equal([0, 0, 0, 0], Available(alone, ofTenant, ofNetwork, other));
        Assert.Equal(TimeSpan.FromHours(12), RetryAfter(alone.Attempt(0))); // the month ends with its 29th day
    }

    [Fact]
    public void Zero_permits_and_the_available_permits_know_what_an_operator_has_decided()
    {
        using Shield shield = Build(new DatedTimeProvider(s_start));
        CallerKey caller = shield.IdentifyCaller("caller");
        using Limiter limiter = new(Kind.One, shield.GetHandle(caller));
        shield.Overrides.Revoke(caller);
        Assert.Equal(TimeSpan.FromDays(1), RetryAfter(limiter.Attempt(0)));
        Assert.Equal([0], Available(limiter));
        shield.Overrides.Set(caller, new CallerOverride { Limit = new LimitOptions { Queries = 1, Period = TimeSpan.FromSeconds(1), Burst = 3 } });
        Assert.Equal([3], Available(limiter));
        Assert.True(limiter.Attempt(3).IsAcquired);
        Assert.Equal(TimeSpan.FromSeconds(1), RetryAfter(limiter.Attempt(0)));
        shield.Overrides.Set(caller, new CallerOverride { Unlimited = true });
        Assert.True(limiter.Attempt(0).IsAcquired);
        Assert.Equal([1_000_000], Available(limiter));
        shield.Overrides.Restore(caller);
        Assert.Equal([5], Available(limiter));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_is_available_is_what_single_permits_get(Kind kind)
    {
        DatedTimeProvider clock = new(s_start);
        using Shield shield = Build(clock, admission => admission.PerCaller.DailyCost = 30);
        using Limiter limiter = new(kind, shield.GetHandle(shield.IdentifyCaller("caller")));
        for (int round = 0; round < 20; round++)
        {
            long available = limiter.Statistics.CurrentAvailablePermits;
            for (long i = 0; i < available; i++)
            {
                Assert.True(limiter.Attempt(1).IsAcquired);
            }

            Assert.False(limiter.Attempt(1).IsAcquired);
            clock.Advance(TimeSpan.FromSeconds(round * 0.7));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void More_permits_than_one_call_may_hold_are_a_misuse_and_charge_nothing(Kind kind)
    {
        using Shield shield = Build(new DatedTimeProvider(s_start), admission => admission.MaxRowsPerCall = 4);
        using Limiter limiter = new(kind, shield.GetHandle(shield.IdentifyCaller("caller")));
        foreach (Func<int, RateLimitLease> ask in (Func<int, RateLimitLease>[])[limiter.Attempt, limiter.Acquire])
        {
            ArgumentOutOfRangeException exception = Assert.Throws<ArgumentOutOfRangeException>(() => ask(5));
            Assert.Equal("permitCount", exception.ParamName);
            Assert.Equal(5, exception.ActualValue);
            Assert.StartsWith("One call may hold 4 queries; more can never be admitted at once.", exception.Message, StringComparison.Ordinal);
            Assert.Throws<ArgumentOutOfRangeException>(() => ask(-1));
        }

        Assert.Equal(8, limiter.Statistics.CurrentAvailablePermits);
        Assert.True(limiter.Attempt(4).IsAcquired);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Acquiring_honours_its_cancellation_and_then_charges_nothing(Kind kind)
    {
        using Shield shield = Build(new DatedTimeProvider(s_start));
        using Limiter limiter = new(kind, shield.GetHandle(shield.IdentifyCaller("caller")));
        using CancellationTokenSource source = new();
        ValueTask<RateLimitLease> before = limiter.AcquireAsync(1, source.Token);
        Assert.True(before.IsCompletedSuccessfully);
        Assert.True((await before).IsAcquired);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await limiter.AcquireAsync(1, source.Token));
        Assert.Equal(7, limiter.Statistics.CurrentAvailablePermits);
        Assert.Equal(1, shield.GetStatistics().Calls);
    }

    [Fact]
    public void A_refusal_is_counted_by_acquiring_and_not_by_the_attempt_before()
    {
        using Shield shield = Build(new DatedTimeProvider(s_start));
        using Limiter limiter = new(Kind.One, shield.GetHandle(shield.IdentifyCaller("caller")));
        Assert.True(limiter.Attempt(8).IsAcquired);
        for (int i = 1; i <= 10; i++)
        {
            Assert.False(limiter.Attempt(2).IsAcquired);
            Assert.False(limiter.Acquire(2).IsAcquired);
            RateLimiterStatistics statistics = limiter.Statistics;
            Assert.Equal((0, 0, 1, i), (statistics.CurrentAvailablePermits, statistics.CurrentQueuedCount, statistics.TotalSuccessfulLeases, statistics.TotalFailedLeases));
            Assert.Equal((i, 2 * i), (shield.GetStatistics().RefusedCalls, shield.GetStatistics().Refused));
        }
    }

    [Fact]
    public void In_observe_only_mode_whoever_is_let_through_is_counted_at_once()
    {
        using Shield shield = Build(new DatedTimeProvider(s_start), configure: options => options.Mode = ShieldMode.ObserveOnly);
        using Limiter limiter = new(Kind.One, shield.GetHandle(shield.IdentifyCaller("caller")));
        Assert.True(limiter.Attempt(8).IsAcquired);
        for (int i = 1; i <= 3; i++)
        {
            Assert.True(limiter.Attempt(2).IsAcquired);
            Assert.True(limiter.Attempt(0).IsAcquired);
            Assert.Equal((2 * i, 0), (shield.GetStatistics().WouldBeRefused, shield.GetStatistics().Refused));
            Assert.Equal(i, limiter.Statistics.TotalFailedLeases);
        }

        Assert.True(limiter.Acquire(1).IsAcquired);
        Assert.Equal(7, shield.GetStatistics().WouldBeRefused);
    }

    [Fact]
    public void Idle_is_null_until_the_caller_is_as_good_as_fresh_and_grows_then()
    {
        DatedTimeProvider clock = new(s_start);
        using Shield shield = Build(clock);
        CallerKey caller = shield.IdentifyCaller("caller");
        using ShieldRateLimiter limiter = new(shield.GetHandle(caller));
        clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(TimeSpan.FromSeconds(5), limiter.IdleDuration);
        using (limiter.AttemptAcquire(3))
        {
        }

        Assert.Null(limiter.IdleDuration);
        clock.Advance(TimeSpan.FromSeconds(3) - TimeSpan.FromTicks(1));
        Assert.Null(limiter.IdleDuration);
        clock.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(TimeSpan.Zero, limiter.IdleDuration);
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(TimeSpan.FromHours(1), limiter.IdleDuration);
        shield.Overrides.Set(caller, new CallerOverride { Posture = Posture.Guarded });
        Assert.Null(limiter.IdleDuration);
        shield.Overrides.Restore(caller);
        Assert.Equal(TimeSpan.FromHours(1), limiter.IdleDuration);
    }

    [Fact]
    public void Idle_is_null_while_a_quota_of_the_day_or_month_is_used()
    {
        DatedTimeProvider clock = new(s_start);
        using Shield shield = Build(clock, admission => (admission.PerCaller.DailyQueries, admission.PerCaller.MonthlyCost) = (100, 1000));
        using ShieldRateLimiter limiter = new(shield.GetHandle(shield.IdentifyCaller("caller")));
        clock.MoveTo(new DateTimeOffset(2028, 3, 30, 1, 0, 0, TimeSpan.Zero));
        using (limiter.AttemptAcquire(1))
        {
        }

        clock.MoveTo(new DateTimeOffset(2028, 3, 31, 23, 59, 59, TimeSpan.Zero));
        Assert.Null(limiter.IdleDuration);
        clock.MoveTo(new DateTimeOffset(2028, 4, 1, 0, 10, 0, TimeSpan.Zero));
        Assert.Equal(TimeSpan.FromMinutes(10), limiter.IdleDuration);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_disposed_limiter_leaves_the_shield_as_it_is_and_refills_nothing(Kind kind)
    {
        using Shield shield = Build(new DatedTimeProvider(s_start));
        CallerHandle handle = shield.GetHandle(shield.IdentifyCaller("caller"));
        using (Limiter limiter = new(kind, handle))
        {
            Assert.True(limiter.Attempt(8).IsAcquired);
        }

        using Limiter next = new(kind, handle);
        Assert.False(next.Attempt(1).IsAcquired);
        Assert.False(shield.Admit(handle, [], 1).IsAdmitted);
        shield.Dispose();
        Assert.Throws<ObjectDisposedException>(() => next.Attempt(1));
        Assert.Throws<ObjectDisposedException>(() => next.Attempt(0));
        Assert.Throws<ObjectDisposedException>(() => next.Acquire(1));
    }

    [Fact]
    public void The_shield_and_every_limiter_of_a_caller_share_one_budget()
    {
        using Shield shield = Build(new DatedTimeProvider(s_start));
        CallerKey caller = shield.IdentifyCaller("caller");
        using Limiter one = new(Kind.One, shield.GetHandle(caller));
        using Limiter other = new(Kind.Partitioned, shield.GetHandle(caller));
        Assert.True(one.Attempt(3).IsAcquired);
        Assert.True(other.Acquire(2).IsAcquired);
        Assert.True(shield.Admit(caller, new byte[2], 2).IsAdmitted);
        Assert.Equal([1, 1], Available(one, other));
        Assert.False(other.Attempt(2).IsAcquired);
    }

    [Fact]
    public void A_chain_asks_the_others_too_and_tells_the_least_that_is_available()
    {
        using Shield shield = Build(new DatedTimeProvider(s_start));
        CallerHandle handle = shield.GetHandle(shield.IdentifyCaller("caller"));
        using ShieldPartitionedRateLimiter<CallerHandle> own = new(resource => resource);
        using PartitionedRateLimiter<CallerHandle> slots = PartitionedRateLimiter.Create<CallerHandle, int>(
            _ => RateLimitPartition.GetConcurrencyLimiter(0, _ => new ConcurrencyLimiterOptions { PermitLimit = 5 }));
        using PartitionedRateLimiter<CallerHandle> chain = PartitionedRateLimiter.CreateChained(slots, own);
        Assert.Equal(5, chain.GetStatistics(handle)!.CurrentAvailablePermits);
        using (RateLimitLease lease = chain.AttemptAcquire(handle, 5))
        {
            Assert.True(lease.IsAcquired);
            Assert.False(chain.AttemptAcquire(handle).IsAcquired); // no slot
            Assert.Equal(3, own.GetStatistics(handle)!.CurrentAvailablePermits);
        }

        // What the shield refuses gives its slots back.
        using RateLimitLease refused = chain.AttemptAcquire(handle, 4);
        Assert.Equal(TimeSpan.FromSeconds(1), RetryAfter(refused));
        Assert.Equal(5, slots.GetStatistics(handle)!.CurrentAvailablePermits);
        Assert.Equal(3, chain.GetStatistics(handle)!.CurrentAvailablePermits);
    }

    [Fact]
    public void Without_a_caller_it_is_a_misuse()
    {
        Assert.Throws<ArgumentNullException>(() => new ShieldRateLimiter(null!));
        Assert.Throws<ArgumentNullException>(() => new ShieldPartitionedRateLimiter<string>(null!));
    }

    private static Shield Build(TimeProvider clock, Action<AdmissionOptions>? admission = null, Action<ShieldOptions>? configure = null) => TestShield.Build(
        configure: options =>
        {
            TestShield.SetLimits(options, queries: 1, TimeSpan.FromSeconds(1), burst: 8);
            admission?.Invoke(options.Admission);
            configure?.Invoke(options);
        },
        clock: clock);

    private static IEnumerable<long> Available(params Limiter[] limiters) => limiters.Select(limiter => limiter.Statistics.CurrentAvailablePermits);

    private static TimeSpan RetryAfter(RateLimitLease lease)
    {
        Assert.False(lease.IsAcquired);
        Assert.True(lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan wait));
        return wait;
    }

    /// <summary>One caller through any of the limiters.</summary>
    private sealed class Limiter : IDisposable
    {
        private readonly CallerHandle _caller;
        private readonly RateLimiter? _one;
        private readonly PartitionedRateLimiter<CallerHandle>? _partitioned;

        public Limiter(Kind kind, CallerHandle caller)
        {
            _caller = caller;
            if (kind == Kind.One)
            {
                _one = new ShieldRateLimiter(caller);
                return;
            }

            _partitioned = new ShieldPartitionedRateLimiter<CallerHandle>(resource => resource);
            if (kind == Kind.Chained)
            {
                _partitioned = PartitionedRateLimiter.CreateChained(
                    PartitionedRateLimiter.Create<CallerHandle, int>(_ => RateLimitPartition.GetNoLimiter(0)), _partitioned);
            }
        }

        public RateLimiterStatistics Statistics => (_one?.GetStatistics() ?? _partitioned?.GetStatistics(_caller))!;

        public RateLimitLease Attempt(int permits) => _one?.AttemptAcquire(permits) ?? _partitioned!.AttemptAcquire(_caller, permits);

        public RateLimitLease Acquire(int permits)
        {
            ValueTask<RateLimitLease> lease = AcquireAsync(permits, CancellationToken.None);
            Assert.True(lease.IsCompleted); // nothing waits
            return lease.AsTask().GetAwaiter().GetResult();
        }

        public ValueTask<RateLimitLease> AcquireAsync(int permits, CancellationToken cancellation) =>
            _one?.AcquireAsync(permits, cancellation) ?? _partitioned!.AcquireAsync(_caller, permits, cancellation);

        public void Dispose()
        {
            _one?.Dispose();
            _partitioned?.Dispose();
        }
    }
}
