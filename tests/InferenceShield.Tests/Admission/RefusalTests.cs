using System.Threading.RateLimiting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace InferenceShield.Tests;

/// <summary>What is told to those who are refused, or who configure what could never be admitted.</summary>
public sealed class RefusalTests
{
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public void Waiting_helps_against_limits_and_not_against_a_block_or_a_batch_that_never_fits()
    {
        using Shield shield = TestShield.Build(configure: options => TestShield.SetLimits(options, 1, TimeSpan.FromHours(1), burst: 8), clock: _clock);
        Assert.True(shield.AdmitRows(8).IsAdmitted);
        Assert.True(shield.AdmitRows(1).WaitingHelps);
        CallerKey small = shield.IdentifyCaller("small");
        shield.Overrides.Set(small, new CallerOverride { Limit = new LimitOptions { Queries = 1, Period = TimeSpan.FromHours(1), Burst = 2 } });
        Admission large = shield.AdmitRows(3, "small");
        Assert.Equal((AdmissionReason.BatchTooLarge, false), (large.Reason, large.WaitingHelps));
        shield.Overrides.Revoke(small);
        Admission blocked = shield.AdmitRows(1, "small");
        Assert.Equal((AdmissionReason.Blocked, false), (blocked.Reason, blocked.WaitingHelps));
    }

    [Fact]
    public void A_lease_says_why_it_was_refused_and_whose_limit_it_was()
    {
        using Shield shield = TestShield.Build(configure: options =>
        {
            TestShield.SetLimits(options, 8, TimeSpan.FromHours(1), burst: 8);
            options.Admission.PerTenant = new LimitOptions { Queries = 1, Period = TimeSpan.FromHours(1), Burst = 8, DailyQueries = 9 };
        }, clock: _clock);
        using ShieldRateLimiter limiter = new(shield.GetHandle(shield.IdentifyCaller("caller"), shield.IdentifyCaller("tenant")));
        using RateLimitLease admitted = limiter.AttemptAcquire(8);
        Assert.False(admitted.TryGetMetadata(ShieldMetadata.Reason, out _));
        Assert.Empty(admitted.MetadataNames);
        foreach (int permits in (int[])[0, 2])
        {
            using RateLimitLease refused = limiter.AttemptAcquire(permits);
            Assert.True(refused.TryGetMetadata(ShieldMetadata.Reason, out AdmissionReason reason));
            Assert.True(refused.TryGetMetadata(ShieldMetadata.Level, out AdmissionLevel level));
            Assert.Equal((permits == 0 ? AdmissionReason.Rate : AdmissionReason.DailyQueries, AdmissionLevel.Tenant), (reason, level));
            Assert.Equal(3, refused.MetadataNames.Count());
        }
    }

    [Fact]
    public async Task What_has_no_caller_is_let_through_a_partitioned_limiter()
    {
        using Shield shield = TestShield.Build();
        CallerHandle handle = shield.GetHandle(shield.IdentifyCaller("caller"));
        using ShieldPartitionedRateLimiter<string> limiter = new(path => path == "/healthz" ? null : handle);
        using RateLimitLease health = await limiter.AcquireAsync("/healthz");
        Assert.True(health.IsAcquired);
        Assert.Null(limiter.GetStatistics("/healthz"));
        Assert.Equal(0, shield.GetStatistics().Calls);
        using RateLimitLease asked = limiter.AttemptAcquire("/ask");
        Assert.Equal(1, shield.GetStatistics().Calls);
    }

    [Fact]
    public void Watching_a_revoked_caller_leaves_it_revoked_and_what_was_decided_can_be_read()
    {
        using Shield shield = TestShield.Build(clock: _clock);
        CallerKey caller = shield.IdentifyCaller("caller");
        Assert.Null(shield.Overrides.TryGet(caller));
        shield.Overrides.Revoke(caller);
        shield.Overrides.Watch(caller);
        Assert.Equal(AdmissionReason.Blocked, shield.AdmitRows(1).Reason);
        CallerOverride read = shield.Overrides.TryGet(caller)!;
        Assert.Equal((Posture.Blocked, true, false), (read.Posture, read.Watched, read.Unlimited));
        read.Posture = Posture.Normal; // a copy
        Assert.Equal(AdmissionReason.Blocked, shield.AdmitRows(1).Reason);
        shield.Overrides.Watch(caller, watched: false);
        Assert.Equal((Posture.Blocked, false), (shield.Overrides.TryGet(caller)!.Posture, shield.Overrides.TryGet(caller)!.Watched));
        Assert.True(shield.TryGetCaller(caller, out CallerStatistics statistics));
        Assert.Equal(Posture.Blocked, statistics.Posture);
        Assert.Equal(Posture.Blocked, shield.TryGetDossier(caller)!.Statistics.Posture);
    }

    [Fact]
    public void A_limit_given_to_an_override_can_be_changed_afterwards_without_effect()
    {
        using Shield shield = TestShield.Build(clock: _clock);
        CallerKey caller = shield.IdentifyCaller("caller");
        LimitOptions limit = new() { Queries = 1, Period = TimeSpan.FromHours(1), Burst = 2 };
        shield.Overrides.Set(caller, new CallerOverride { Limit = limit });
        limit.Burst = 100;
        shield.Overrides.Watch(caller);
        Assert.Equal(2, shield.Overrides.TryGet(caller)!.Limit!.Burst);
        Assert.True(shield.AdmitRows(2).IsAdmitted);
        Assert.False(shield.AdmitRows(1).IsAdmitted);
    }

    [Fact]
    public void A_global_limit_that_a_models_batch_never_fits_stops_the_shield_the_reload_and_the_change()
    {
        GlobalLimit limit = new(new LimitOptions { Queries = 1, Period = TimeSpan.FromSeconds(1), Burst = 16 }, _clock);
        Assert.Contains("allowed: 17 (the rows one call of model 'big' may hold)", Assert.Throws<OptionsValidationException>(() => Build("big", 17)).Message);
        using Shield shield = Build("fits", 16);
        Assert.Contains("allowed: 16", Assert.Throws<OptionsValidationException>(
            () => limit.Change(new LimitOptions { Queries = 1, Period = TimeSpan.FromSeconds(1), Burst = 15 })).Message);
        ShieldOptions larger = TestShield.Options();
        TestShield.SetLimits(larger, 8, TimeSpan.FromHours(1), 32);
        larger.Callers.Capacity = 64;
        Assert.Contains("allowed: 32", Assert.Throws<OptionsValidationException>(() => shield.Reload(larger)).Message);
        Assert.NotNull(shield.ReloadFault);
        Assert.Equal(16, shield.MaxRowsPerCall);

        Shield Build(string name, int burst) => new ShieldBuilder(name)
            .UseSecret(ShieldSecrets.FromBytes(TestShield.Secret(1)))
            .AddOutput(TestShield.Output, OutputKind.Probabilities)
            .Configure(options => TestShield.SetLimits(options, 8, TimeSpan.FromHours(1), burst))
            .Configure(options => options.Callers.Capacity = 64)
            .UseTimeProvider(_clock)
            .UseGlobalLimit(limit)
            .Build();
    }

    [Fact]
    public void A_cost_budget_without_a_price_protects_nobody_and_is_a_fault()
    {
        OptionsValidationException exception = Assert.Throws<OptionsValidationException>(() => TestShield.Build(configure: options =>
        {
            options.Admission.Price.PerQuery = 0;
            options.Admission.PerCaller.MonthlyCost = 100;
        }));
        Assert.Contains("Admission:PerCaller has a cost budget, but Admission:Price makes every call cost 0. Set a price or remove the budget.", exception.Failures);
    }

    [Fact]
    public void A_cost_budget_below_a_batch_is_a_fault_whatever_part_of_the_price_makes_it()
    {
        OptionsValidationException exception = Assert.Throws<OptionsValidationException>(() => TestShield.Build(configure: options =>
        {
            TestShield.SetLimits(options, 8, TimeSpan.FromHours(1), 8);
            options.Admission.Price.PerOutput = 10;
            options.Admission.PerCaller.MonthlyCost = 87;
        }));
        Assert.Contains("(88)", Assert.Single(exception.Failures));
    }

    [Theory]
    [InlineData("24:00:00")]
    [InlineData("24")]
    [InlineData("1")]
    [InlineData(" 48:00 ")]
    [InlineData("100:00:00")]
    public void A_period_that_would_silently_be_days_is_a_fault(string period)
    {
        foreach (string key in (string[])["Models:fashion:Shield:Admission:PerCaller:Period", "GlobalLimit:Period"])
        {
            using TestHost host = new((key, period), ("GlobalLimit:Queries", "1"), ("GlobalLimit:Burst", "1000000"));
            host.WithModel();
            Assert.Contains(Assert.Throws<OptionsValidationException>(() => host.Start()).Failures, fault => fault.Contains($"{key} is '{period}'", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("23:59:59")]
    [InlineData("1.00:00:00")]
    [InlineData("00:00:01")]
    public void A_period_written_out_is_none(string period)
    {
        using TestHost host = new(("Models:fashion:Shield:Admission:PerCaller:Period", period));
        host.WithModel(configure: model => model.Configure(options => options.Admission.Overflow.Period = TimeSpan.FromDays(31))).Start();
        Assert.NotNull(host.Provider.GetRequiredKeyedService<Shield>("fashion"));
    }
}
