using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace InferenceShield.Tests;

/// <summary>Limits of tenants, networks and the model, quotas, prices and capacities: read, checked, reloaded.</summary>
public sealed class AdmissionOptionsTests
{
    /// <summary>One fault each, by the message it must give. The largest batch is the default burst, 256.</summary>
    private static readonly Dictionary<string, Action<ShieldOptions>> s_faults = new()
    {
        ["Callers:TenantCapacity is 0; allowed: 1 to 20,000,000."] = o => o.Callers.TenantCapacity = 0,
        ["Callers:TenantCapacity is 20000001; allowed: 1 to 20,000,000."] = o => o.Callers.TenantCapacity = 20_000_001,
        ["Callers:NetworkCapacity is 0; allowed: 1 to 20,000,000."] = o => o.Callers.NetworkCapacity = 0,
        ["Callers:NetworkCapacity is 20000001; allowed: 1 to 20,000,000."] = o => o.Callers.NetworkCapacity = 20_000_001,
        ["Callers:Dossiers is -1; allowed: 0 to 100,000."] = o => o.Callers.Dossiers = -1,
        ["Callers:Dossiers is 100001; allowed: 0 to 100,000."] = o => o.Callers.Dossiers = 100_001,
        ["Admission:Price is null; leave it out for the default."] = o => o.Admission.Price = null!,
        ["Admission:Price:PerCall is -1; allowed: 0 to 1,000,000."] = o => o.Admission.Price.PerCall = -1,
        ["Admission:Price:PerCall is 1000001; allowed: 0 to 1,000,000."] = o => o.Admission.Price.PerCall = 1_000_001,
        ["Admission:Price:PerQuery is -1; allowed: 0 to 1,000,000."] = o => o.Admission.Price.PerQuery = -1,
        ["Admission:Price:PerQuery is 1000001; allowed: 0 to 1,000,000."] = o => o.Admission.Price.PerQuery = 1_000_001,
        ["Admission:Price:PerOutput is -1; allowed: 0 to 1,000,000."] = o => o.Admission.Price.PerOutput = -1,
        ["Admission:Price:PerOutput is 1000001; allowed: 0 to 1,000,000."] = o => o.Admission.Price.PerOutput = 1_000_001,
        ["Admission:PerTenant:Queries is 0; allowed: 1 to 1,000,000,000."] = o => o.Admission.PerTenant = Wide(queries: 0),
        ["Admission:PerNetwork:Burst is 0; allowed: 1 to 1,000,000."] = o => o.Admission.PerNetwork = Wide(burst: 0),
        ["Admission:PerModel:Period is 32.00:00:00; allowed: 00:00:00.001 to 31.00:00:00."] = o => o.Admission.PerModel = Wide(period: TimeSpan.FromDays(32)),
        ["Admission:PerModel is 2,000,000 queries per second (Queries / Period); allowed: up to 1,000,000."] = o => o.Admission.PerModel = Wide(queries: 2_000_000),
        ["Admission:PerTenant takes 2,963 days to refill (Burst x Period / Queries); allowed: up to 366 days."] = o =>
            o.Admission.PerTenant = Wide(queries: 1, period: TimeSpan.FromDays(1), burst: 2963),
        ["Admission:PerTenant:Burst is 255; allowed: 256 (the rows one call may hold) to 1,000,000; a full batch could never be admitted."] = o => o.Admission.PerTenant = Wide(burst: 255),
        ["Admission:PerNetwork:Burst is 255; allowed: 256 (the rows one call may hold) to 1,000,000; a full batch could never be admitted."] = o => o.Admission.PerNetwork = Wide(burst: 255),
        ["Admission:PerModel:Burst is 9; allowed: 10 (the rows one call may hold) to 1,000,000; a full batch could never be admitted."] = o =>
            (o.Admission.PerModel, o.Admission.MaxRowsPerCall) = (Wide(burst: 9), 10),
        ["Admission:PerCaller:DailyQueries is 0; allowed: 1 to 1,000,000,000,000."] = o => o.Admission.PerCaller.DailyQueries = 0,
        ["Admission:PerCaller:MonthlyCost is 1000000000001; allowed: 1 to 1,000,000,000,000."] = o => o.Admission.PerCaller.MonthlyCost = 1_000_000_000_001,
        ["Admission:PerCaller:DailyQueries is 255, less than a full batch takes (256), which could never be admitted. Raise it or lower Admission:MaxRowsPerCall."] = o => o.Admission.PerCaller.DailyQueries = 255,
        ["Admission:PerTenant:MonthlyQueries is 255, less than a full batch takes (256), which could never be admitted. Raise it or lower Admission:MaxRowsPerCall."] = o => o.Admission.PerTenant = Wide(change: limit => limit.MonthlyQueries = 255),
        ["Admission:PerNetwork:DailyCost is 1,546, less than a full batch takes (1,547), which could never be admitted. Raise it or lower Admission:MaxRowsPerCall."] = o =>
        {
            o.Admission.Price = new PriceOptions { PerCall = 11, PerQuery = 6 };
            o.Admission.PerNetwork = Wide(change: limit => limit.DailyCost = 1546);
        },
        ["Admission:PerModel:MonthlyCost is 20, less than a full batch takes (21), which could never be admitted. Raise it or lower Admission:MaxRowsPerCall."] = o =>
        {
            o.Admission.MaxRowsPerCall = 7;
            o.Admission.Price.PerQuery = 3;
            o.Admission.PerModel = Wide(change: limit => limit.MonthlyCost = 20);
        },
    };

    private static readonly Dictionary<string, Action<AdmissionOptions>> s_changes = new()
    {
        ["a tenant limit"] = o => o.PerTenant = Wide(burst: 1_000_000),
        ["a network limit"] = o => o.PerNetwork = Wide(burst: 1_000_000),
        ["a model limit"] = o => o.PerModel = Wide(burst: 1_000_000),
        ["daily queries"] = o => o.PerCaller.DailyQueries = 1_000_001,
        ["monthly queries"] = o => o.PerCaller.MonthlyQueries = 1_000_001,
        ["daily cost"] = o => o.PerCaller.DailyCost = 1_000_001,
        ["monthly cost"] = o => o.PerCaller.MonthlyCost = 1_000_001,
        ["price per call"] = o => o.Price.PerCall = 1,
        ["price per query"] = o => o.Price.PerQuery = 2,
        ["price per output"] = o => o.Price.PerOutput = 1,
    };

    public static TheoryData<string> Faults { get; } = [.. s_faults.Keys];

    public static TheoryData<string> Changes { get; } = [.. s_changes.Keys];

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_fault_is_reported_with_its_key_its_value_and_what_is_allowed(string fault)
    {
        ShieldOptions options = new();
        options.Outputs["x"] = new OutputOptions { Kind = OutputKind.Probabilities };
        Assert.Empty(ShieldOptionsValidator.Validate(options, "", serving: null));
        s_faults[fault](options);
        Assert.Equal([fault], ShieldOptionsValidator.Validate(options, "", serving: null));
        Assert.StartsWith("Models:a:Shield:" + fault.Split(' ')[0], Assert.Single(ShieldOptionsValidator.Validate(options, "Models:a:Shield:", serving: null)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_ends_of_every_range_are_allowed()
    {
        ShieldOptions options = new();
        options.Outputs["x"] = new OutputOptions { Kind = OutputKind.Probabilities };
        options.Callers = new CallerOptions { TenantCapacity = 1, NetworkCapacity = 20_000_000, Dossiers = 100_000 };
        options.Admission.MaxRowsPerCall = 1;
        options.Admission.Price = new PriceOptions { PerCall = 0, PerQuery = 1_000_000, PerOutput = 0 };
        options.Admission.PerTenant = Wide(burst: 1, change: limit => (limit.DailyQueries, limit.DailyCost) = (1, 1_000_000));
        options.Admission.PerModel = Wide(burst: 1_000_000, change: limit => (limit.MonthlyQueries, limit.MonthlyCost) = (Quota.Most, Quota.Most));
        Assert.Empty(ShieldOptionsValidator.Validate(options, "", serving: null));
    }

    [Fact]
    public void Every_key_is_read_from_configuration()
    {
        string[] keys = [.. ShieldOptionsReader.Keys.Where(key => key.StartsWith("Admission:", StringComparison.Ordinal) || key.StartsWith("Callers:", StringComparison.Ordinal))];
        Dictionary<string, string?> values = [];
        foreach (string key in keys)
        {
            values["S:" + key] = key.EndsWith(":Blocked", StringComparison.Ordinal) ? "Restrict"
                : key.EndsWith(":Period", StringComparison.Ordinal) || key.EndsWith(":BlockedDelay", StringComparison.Ordinal) ? $"00:{values.Count:00}:00" : $"{1000 + values.Count}";
        }

        ShieldOptions options = Read(values);
        Assert.Empty(options.ReadingFaults);
        Assert.Equal(4 + 1 + 2 + 3 + (4 * 7) + 3, keys.Length);
        Assert.All(keys, key => Assert.Equal(values["S:" + key], Value(options, key)));
    }

    [Fact]
    public void A_limit_with_only_some_of_its_keys_is_reported_and_not_taken_for_none()
    {
        ShieldOptions options = Read(new() { ["S:Admission:PerTenant:DailyQueries"] = "1000", ["S:Outputs:x:Kind"] = "Logits" });
        Assert.Equal(
            [
                "Admission:PerTenant:Queries is 0; allowed: 1 to 1,000,000,000.",
                "Admission:PerTenant:Burst is 0; allowed: 1 to 1,000,000.",
                "Admission:PerTenant:Period is 00:00:00; allowed: 00:00:00.001 to 31.00:00:00.",
            ],
            ShieldOptionsValidator.Validate(options, "", serving: null));
    }

    [Theory]
    [InlineData("Admission:PerModel:Querys", "5", "S:Admission:PerModel:Querys is not known: there is no 'Querys'. Is it misspelt?")]
    [InlineData("Admission:PerTenants:Queries", "5", "S:Admission:PerTenants:Queries is not known: there is no 'PerTenants'. Is it misspelt?")]
    [InlineData("Admission:PerNetwork", "5", "S:Admission:PerNetwork is '5'; it takes keys of its own, not a value.")]
    [InlineData("Admission:Price:PerOutput", "", "S:Admission:Price:PerOutput is empty. Leave it out for the default.")]
    [InlineData("Callers:Dossiers", "many", "S:Callers:Dossiers is 'many', which cannot be read: ")]
    public void A_key_that_cannot_be_read_is_named(string key, string value, string fault) =>
        Assert.StartsWith(fault, Assert.Single(Read(new() { ["S:" + key] = value }).ReadingFaults), StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Changes))]
    public void Every_option_that_may_change_makes_a_new_plan(string change)
    {
        using Shield shield = TestShield.Build();
        ShieldOptions options = TestShield.Options();
        s_changes[change](options.Admission);
        shield.Reload(options);
        Assert.Equal(2, shield.GetStatistics().PlanVersion);
        shield.Reload(options);
        Assert.Equal(2, shield.GetStatistics().PlanVersion);
    }

    [Fact]
    public void Capacities_are_fixed_while_serving()
    {
        using Shield shield = TestShield.Build();
        Assert.Equal(
            [
                "Callers:Dossiers is 3; allowed: 1000, as at start; it is fixed while serving. Restart to change it.",
                "Callers:TenantCapacity is 4; allowed: 1000, as at start; it is fixed while serving. Restart to change it.",
                "Callers:NetworkCapacity is 5; allowed: 10000, as at start; it is fixed while serving. Restart to change it.",
            ],
            Assert.Throws<OptionsValidationException>(() => shield.Reload(Changed())).Failures);
        Assert.Equal(1, shield.GetStatistics().PlanVersion);

        static ShieldOptions Changed()
        {
            ShieldOptions options = TestShield.Options();
            (options.Callers.Dossiers, options.Callers.TenantCapacity, options.Callers.NetworkCapacity) = (3, 4, 5);
            return options;
        }
    }

    [Theory]
    [InlineData(AdmissionLevel.Caller)]
    [InlineData(AdmissionLevel.Tenant)]
    [InlineData(AdmissionLevel.Network)]
    [InlineData(AdmissionLevel.Model)]
    public void What_was_used_up_at_any_level_stays_the_same_number_of_queries_under_another_rate(AdmissionLevel level)
    {
        ManualTimeProvider clock = new();
        using Shield shield = TestShield.Build(configure: options => options.Admission = At(level, Wide(60, TimeSpan.FromHours(1), 20)), clock: clock);
        CallerHandle handle = Handle(shield);
        for (int i = 0; i < 15; i++)
        {
            Assert.True(shield.Admit(handle, [], 1).IsAdmitted);
        }

        // Slower, faster, with more room and less: 15 are used under each.
        foreach ((int queries, int burst) in ((int, int)[])[(7, 20), (60_000, 20), (60, 18), (1, 16), (1000, 30), (60, 16)])
        {
            shield.Reload(Options(At(level, Wide(queries, TimeSpan.FromHours(1), burst))));
            using ShieldRateLimiter limiter = new(handle);
            Assert.InRange(limiter.GetStatistics()!.CurrentAvailablePermits, burst - 16, burst - 15); // rounding is against the caller
        }

        // Less room than is used: waited off at the new rate, which is one query a minute.
        shield.Reload(Options(At(level, Wide(60, TimeSpan.FromHours(1), 10))));
        Admission refused = shield.Admit(handle, [], 1);
        Assert.Equal((false, level, AdmissionReason.Rate), (refused.IsAdmitted, refused.Level, refused.Reason));
        Assert.InRange(refused.RetryAfter, TimeSpan.FromMinutes(6), TimeSpan.FromMinutes(6.01));
        clock.Advance(refused.RetryAfter);
        Assert.True(shield.Admit(handle, [], 1).IsAdmitted);
    }

    [Fact]
    public void Quotas_that_are_used_up_stay_used_up_under_others_and_prices_hold_for_later_calls()
    {
        using Shield shield = TestShield.Build(
            configure: options => options.Admission = At(AdmissionLevel.Tenant, Wide(change: limit => (limit.DailyQueries, limit.MonthlyCost) = (10, 20))),
            clock: new DatedTimeProvider(new DateTimeOffset(2028, 2, 28, 0, 0, 0, TimeSpan.Zero)));
        CallerHandle handle = Handle(shield);
        for (int i = 0; i < 8; i++)
        {
            Assert.True(shield.Admit(handle, [], 1).IsAdmitted);
        }

        AdmissionOptions dearer = At(AdmissionLevel.Tenant, Wide(change: limit => (limit.DailyQueries, limit.MonthlyCost) = (9, 20)));
        dearer.Price = new PriceOptions { PerCall = 2, PerOutput = 3 };
        shield.Reload(Options(dearer));
        Assert.True(shield.Admit(handle, [], 1).IsAdmitted); // 14 of 20 now
        Assert.Equal(AdmissionReason.DailyQueries, Refused(TimeSpan.FromDays(1)));
        Assert.Equal(8 + 6, shield.GetStatistics().Cost);
        dearer.PerTenant!.DailyQueries = null;
        shield.Reload(Options(dearer));
        Assert.True(shield.Admit(handle, [], 1).IsAdmitted);
        Assert.Equal(AdmissionReason.MonthlyCost, Refused(TimeSpan.FromDays(2)));

        // Back to the first options: nothing was given back, and without its quota the day's queries were not counted.
        shield.Reload(Options(At(AdmissionLevel.Tenant, Wide(change: limit => (limit.DailyQueries, limit.MonthlyCost) = (10, 20)))));
        Assert.Equal(AdmissionReason.MonthlyCost, Refused(TimeSpan.FromDays(2)));

        AdmissionReason Refused(TimeSpan wait)
        {
            Admission admission = shield.Admit(handle, [], 1);
            Assert.Equal((false, AdmissionLevel.Tenant, wait), (admission.IsAdmitted, admission.Level, admission.RetryAfter));
            return admission.Reason;
        }
    }

    [Fact]
    public void A_reload_leaves_an_overrides_own_limit_and_what_was_used_of_it()
    {
        using Shield shield = TestShield.Build(configure: options => options.Admission = At(AdmissionLevel.Caller, Wide(60, TimeSpan.FromHours(1), 20)), clock: new ManualTimeProvider());
        CallerKey caller = shield.IdentifyCaller("caller");
        shield.Overrides.Set(caller, new CallerOverride { Limit = Wide(60, TimeSpan.FromHours(1), 30) });
        CallerKey guarded = shield.IdentifyCaller("guarded");
        shield.Overrides.Set(guarded, new CallerOverride { Posture = Posture.Guarded });
        for (int i = 0; i < 18; i++)
        {
            Assert.True(shield.Admit(caller, [], 1).IsAdmitted);
            Assert.True(shield.Admit(guarded, [], 1).IsAdmitted);
        }

        shield.Reload(Options(At(AdmissionLevel.Caller, Wide(6, TimeSpan.FromHours(1), 20))));
        Assert.Equal((12, 2), (Available(caller), Available(guarded)));

        // The options' own limit comes back as it is now: 18 are used of its 20.
        shield.Overrides.Restore(caller);
        shield.Overrides.Restore(guarded);
        Assert.Equal((2, 2), (Available(caller), Available(guarded)));

        long Available(CallerKey key)
        {
            using ShieldRateLimiter limiter = new(shield.GetHandle(key));
            return limiter.GetStatistics()!.CurrentAvailablePermits;
        }
    }

    private static CallerHandle Handle(Shield shield) =>
        shield.GetHandle(shield.IdentifyCaller("caller"), shield.IdentifyCaller("tenant"), shield.IdentifyCaller("network"));

    private static AdmissionOptions At(AdmissionLevel level, LimitOptions limit)
    {
        AdmissionOptions admission = new()
        {
            PerCaller = level == AdmissionLevel.Caller ? limit : Wide(),
            MaxRowsPerCall = 1,
            Overflow = new RateOptions { Queries = 1, Period = TimeSpan.FromDays(1), Burst = 1 },
        };
        admission.PerTenant = level == AdmissionLevel.Tenant ? limit : null;
        admission.PerNetwork = level == AdmissionLevel.Network ? limit : null;
        admission.PerModel = level == AdmissionLevel.Model ? limit : null;
        return admission;
    }

    private static ShieldOptions Options(AdmissionOptions admission)
    {
        ShieldOptions options = TestShield.Options();
        options.Admission = admission;
        return options;
    }

    private static LimitOptions Wide(int queries = 1000, TimeSpan? period = null, int burst = 1000, Action<LimitOptions>? change = null)
    {
        LimitOptions limit = new() { Queries = queries, Period = period ?? TimeSpan.FromSeconds(1), Burst = burst };
        change?.Invoke(limit);
        return limit;
    }

    private static ShieldOptions Read(Dictionary<string, string?> values)
    {
        ShieldOptions options = new();
        ShieldOptionsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(values).Build().GetSection("S"), options);
        return options;
    }

    /// <summary>What an option holds, by its key.</summary>
    private static string? Value(object options, string key)
    {
        object? value = options;
        foreach (string part in key.Split(':'))
        {
            value = value?.GetType().GetProperty(part, BindingFlags.Public | BindingFlags.Instance)!.GetValue(value);
        }

        return Convert.ToString(value, CultureInfo.InvariantCulture);
    }
}
