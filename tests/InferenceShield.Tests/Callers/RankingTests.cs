namespace InferenceShield.Tests;

/// <summary>Who is remembered: those that were answered most. Refusals are free, so they must not buy a place in memory.</summary>
public sealed class RankingTests
{
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public void Refused_queries_push_nobody_out_of_its_dossier_and_open_none()
    {
        using Shield shield = TestShield.Build(configure: options =>
        {
            TestShield.SetLimits(options, 256, TimeSpan.FromHours(1), burst: 256);
            options.Callers.Capacity = 64;
            options.Callers.Dossiers = 1;
        }, clock: _clock);
        Assert.True(shield.AdmitRows(200, "thief").IsAdmitted);
        Assert.NotNull(shield.TryGetDossier(shield.IdentifyCaller("thief")));
        Assert.True(shield.AdmitRows(1, "sybil").IsAdmitted);
        for (int i = 0; i < 10_000; i++)
        {
            Assert.False(shield.AdmitRows(256, "sybil").IsAdmitted);
        }

        Assert.NotNull(shield.TryGetDossier(shield.IdentifyCaller("thief")));
        Assert.Null(shield.TryGetDossier(shield.IdentifyCaller("sybil")));
        Assert.True(shield.AdmitRows(255, "sybil").IsAdmitted); // 256 are a quarter more than 200
        Assert.NotNull(shield.TryGetDossier(shield.IdentifyCaller("sybil")));
    }

    [Fact]
    public void What_was_asked_before_is_only_what_was_admitted()
    {
        using Shield shield = TestShield.Build(configure: options =>
        {
            TestShield.SetLimits(options, 256, TimeSpan.FromHours(1), burst: 256);
            options.Callers.Capacity = 1;
            options.Callers.Dossiers = 1;
        }, clock: _clock);
        shield.AdmitRows(7, "caller");
        shield.AdmitRows(256, "caller");
        _clock.Advance(TimeSpan.FromHours(1));
        shield.AdmitRows(1, "other");
        _clock.Advance(TimeSpan.FromHours(1));
        shield.AdmitRows(1, "caller");
        shield.Overrides.Watch(shield.IdentifyCaller("caller"));
        Assert.Equal(7, shield.TryGetDossier(shield.IdentifyCaller("caller"))!.AskedBefore);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_tenant_or_network_without_room_is_counted_and_logged(bool tenant)
    {
        using RecordingLoggerFactory logger = new();
        using Shield shield = TestShield.Build(configure: options =>
        {
            options.Callers.TenantCapacity = options.Callers.NetworkCapacity = 1;
            options.Admission.PerTenant = options.Admission.PerNetwork = new LimitOptions
            {
                Queries = 1_000_000, Period = TimeSpan.FromSeconds(1), Burst = 1_000_000, DailyQueries = 1_000_000,
            };
        }, clock: _clock, logger: logger);
        CallerKey caller = shield.IdentifyCaller("caller");
        for (int i = 0; i < 3; i++)
        {
            CallerKey group = shield.IdentifyCaller($"group {i}");
            CallerHandle handle = tenant ? shield.GetHandle(caller, group) : shield.GetHandle(caller, network: group);
            Assert.True(shield.Admit(handle, new byte[4]).IsAdmitted);
        }

        Assert.Equal(2, shield.GetStatistics().TableFull);
        Assert.Single(logger.Messages("CallerTableFull"));
        Assert.NotNull(shield.SinceTableFull);
    }

    [Fact]
    public void A_limiter_of_a_newcomer_to_a_full_table_tells_what_the_shared_bucket_holds()
    {
        using Shield shield = TestShield.Build(configure: options =>
        {
            options.Callers.Capacity = 1;
            options.Admission.PerCaller = new LimitOptions { Queries = 100, Period = TimeSpan.FromHours(1), Burst = 100 };
            options.Admission.Overflow = new RateOptions { Queries = 1, Period = TimeSpan.FromHours(1), Burst = 2 };
        }, clock: _clock);
        shield.AdmitRows(100, "known");
        using ShieldRateLimiter limiter = new(shield.GetHandle(shield.IdentifyCaller("newcomer")));
        Assert.Equal(2, limiter.GetStatistics()!.CurrentAvailablePermits);
        limiter.AttemptAcquire(2).Dispose();
        Assert.Equal(0, limiter.GetStatistics()!.CurrentAvailablePermits);
        Assert.False(limiter.AttemptAcquire(0).IsAcquired);
    }
}
