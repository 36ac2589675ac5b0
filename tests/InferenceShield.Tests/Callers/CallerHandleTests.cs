using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

/// <summary>Callers looked up once for many calls: decided about as their keys are, and by tenant and network besides.</summary>
public sealed class CallerHandleTests
{
    [Fact]
    public void A_handle_is_decided_about_as_its_key_is()
    {
        Gen<(bool Quotas, (int Caller, int Rows, int Milliseconds, int Act)[] Calls)> cases =
            from quotas in Gen.Elements(true, false)
            from calls in Properties.Sequences(
                from caller in Gen.Choose(0, 5)
                from rows in Gen.Choose(1, 4)
                from milliseconds in Gen.Elements(0, 0, 1, 499, 500, 5000, 86_400_000)
                from act in Gen.Choose(0, 30)
                select (caller, rows, milliseconds, act), 80)
            select (quotas, calls);
        Properties.Hold(cases, test =>
        {
            DatedTimeProvider clock = new(new DateTimeOffset(2027, 12, 31, 20, 0, 0, TimeSpan.Zero));
            using Shield byKey = Build();
            using Shield byHandle = Build();
            CallerKey[] callers = [.. Enumerable.Range(0, 6).Select(number => byKey.IdentifyCaller($"caller {number}"))];
            CallerHandle[] handles = Array.ConvertAll(callers, caller => byHandle.GetHandle(caller));
            foreach ((int number, int rows, int milliseconds, int act) in test.Calls)
            {
                clock.Advance(TimeSpan.FromMilliseconds(milliseconds));
                foreach (Shield shield in (Shield[])[byKey, byHandle])
                {
                    _ = act switch
                    {
                        0 => Set(shield, new CallerOverride { Posture = Posture.Blocked }),
                        1 => Set(shield, new CallerOverride { Unlimited = true }),
                        2 => Set(shield, new CallerOverride { Limit = new LimitOptions { Queries = 1, Period = TimeSpan.FromSeconds(3), Burst = 5 } }),
                        3 or 4 => shield.Overrides.Restore(callers[number]),
                        _ => false,
                    };
                }

                bool digests = act % 2 == 0;
                Admission expected = digests ? byKey.Admit(callers[number], new InputDigest[rows]) : byKey.Admit(callers[number], new byte[rows], rows);
                Admission actual = digests ? byHandle.Admit(handles[number], new InputDigest[rows]) : byHandle.Admit(handles[number], new byte[rows], rows);
                Assert.Equal(
                    (expected.IsAdmitted, expected.Reason, expected.Level, expected.Posture, expected.RetryAfter, expected.Rows),
                    (actual.IsAdmitted, actual.Reason, actual.Level, actual.Posture, actual.RetryAfter, actual.Rows));
                Assert.Equal(byKey.TryGetCaller(callers[number], out CallerStatistics one), byHandle.TryGetCaller(callers[number], out CallerStatistics other));
                Assert.Equal(one, other);

                bool Set(Shield shield, CallerOverride decided)
                {
                    shield.Overrides.Set(callers[number], decided);
                    return true;
                }
            }

            Assert.Equal(byKey.GetStatistics(), byHandle.GetStatistics());

            Shield Build() => TestShield.Build(
                configure: options =>
                {
                    TestShield.SetLimits(options, queries: 2, TimeSpan.FromSeconds(1), burst: 6);
                    options.Admission.PerCaller.DailyQueries = test.Quotas ? 20 : null;
                    options.Callers.Capacity = 4; // so that records change hands and run short
                    options.Callers.Dossiers = 2;
                },
                clock: clock);
        }, tests: 100);
    }

    [Fact]
    public void Only_through_a_handle_do_the_limits_of_tenant_and_network_apply()
    {
        using Shield shield = Build(new ManualTimeProvider());
        CallerKey caller = shield.IdentifyCaller("caller");
        CallerKey tenant = shield.IdentifyCaller("tenant");
        CallerKey network = shield.IdentifyCaller("network");
        Assert.Equal(8, AskUntilRefused(() => shield.Admit(caller, [], 1)).Admitted);
        Assert.False(shield.TryGetTenant(tenant, out _));

        CallerKey next = shield.IdentifyCaller("next");
        Assert.Equal((4, AdmissionLevel.Tenant), AskUntilRefused(() => shield.Admit(shield.GetHandle(next, tenant: tenant), [], 1)));
        Assert.Equal((3, AdmissionLevel.Network), AskUntilRefused(() => shield.Admit(shield.GetHandle(next, network: network), [], 1)));
        Assert.Equal((1, AdmissionLevel.Caller), AskUntilRefused(() => shield.Admit(shield.GetHandle(next), [], 1)));
        Assert.True(shield.TryGetTenant(tenant, out CallerStatistics ofTenant));
        Assert.True(shield.TryGetNetwork(network, out CallerStatistics ofNetwork));
        Assert.Equal((4, 1, 3, 1), (ofTenant.Admitted, ofTenant.Refused, ofNetwork.Admitted, ofNetwork.Refused));

        // Another caller of the same tenant finds it used up; of a tenant of the same name as the network, not.
        Assert.Equal((0, AdmissionLevel.Tenant), AskUntilRefused(() => shield.Admit(shield.GetHandle(shield.IdentifyCaller("third"), tenant), [], 1)));
        Assert.Equal(4, AskUntilRefused(() => shield.Admit(shield.GetHandle(shield.IdentifyCaller("third"), tenant: network), [], 1)).Admitted);
    }

    [Fact]
    public void Without_tenant_and_network_it_is_the_caller_alone_and_without_a_caller_nobody()
    {
        using Shield shield = Build(new ManualTimeProvider());
        CallerHandle handle = shield.GetHandle(shield.IdentifyCaller("caller"));
        Assert.True(handle.Tenant.IsEmpty && handle.Network.IsEmpty);
        Assert.Equal(handle.Caller.ToString(), handle.ToString());
        Assert.Equal((8, AdmissionLevel.Caller), AskUntilRefused(() => shield.Admit(handle, [], 1)));
        Assert.False(shield.TryGetTenant(default, out _));
        Assert.False(shield.TryGetNetwork(default, out _));
        Assert.Throws<InvalidQueryException>(() => shield.GetHandle(default));
        Assert.Throws<InvalidQueryException>(() => shield.GetHandle(default, shield.IdentifyCaller("tenant")));
    }

    [Fact]
    public void A_handle_of_another_shield_is_a_misuse_and_charges_nobody()
    {
        using Shield shield = Build(new ManualTimeProvider());
        using Shield other = TestShield.Build();
        CallerHandle foreign = other.GetHandle(shield.IdentifyCaller("caller"));
        foreach (Action misuse in (Action[])[() => shield.Admit(foreign, [], 1), () => shield.Admit(foreign, new InputDigest[1])])
        {
            ArgumentException exception = Assert.Throws<ArgumentException>(misuse);
            Assert.StartsWith("This handle was not made by shield 'model'. Call its GetHandle.", exception.Message, StringComparison.Ordinal);
        }

        Assert.Throws<ArgumentNullException>(() => shield.Admit((CallerHandle)null!, [], 1));
        Assert.Equal((0, 0), (shield.GetStatistics().Callers, other.GetStatistics().Callers));
        Assert.Throws<InvalidQueryException>(() => other.Admit(foreign, [], 0));
        other.Dispose();
        Assert.Throws<ObjectDisposedException>(() => other.Admit(foreign, [], 1));
    }

    [Fact]
    public void A_handle_outlives_the_records_that_it_found()
    {
        DatedTimeProvider clock = new(DateTimeOffset.UnixEpoch);
        using Shield shield = Build(clock, options =>
            options.Callers.Capacity = options.Callers.TenantCapacity = options.Callers.NetworkCapacity = 4);
        CallerHandle handle = Handle("it");
        for (int round = 0; round < 20; round++)
        {
            Assert.Equal(3, AskUntilRefused(() => shield.Admit(handle, [], 1)).Admitted);
            Assert.True(shield.TryGetCaller(handle.Caller, out _));
            for (int other = 0; other < 40; other++)
            {
                clock.Advance(TimeSpan.FromHours(12));
                shield.Admit(Handle($"other {other}"), [], 1);
            }

            Assert.False(shield.TryGetCaller(handle.Caller, out _));
            Assert.False(shield.TryGetTenant(handle.Tenant, out _));
            Assert.False(shield.TryGetNetwork(handle.Network, out _));
            clock.Advance(TimeSpan.FromDays(1));
        }

        CallerHandle Handle(string name) =>
            shield.GetHandle(shield.IdentifyCaller(name), shield.IdentifyCaller($"tenant of {name}"), shield.IdentifyCaller($"network of {name}"));
    }

    [Fact]
    public void A_reload_holds_for_handles_made_before_it_and_gives_nothing_back()
    {
        using Shield shield = Build(new ManualTimeProvider());
        CallerHandle handle = shield.GetHandle(shield.IdentifyCaller("caller"), shield.IdentifyCaller("tenant"), shield.IdentifyCaller("network"));
        Assert.Equal((3, AdmissionLevel.Network), AskUntilRefused(() => shield.Admit(handle, [], 1)));
        shield.Reload(Options(options => options.Admission.PerNetwork = null));
        Assert.Equal((1, AdmissionLevel.Tenant), AskUntilRefused(() => shield.Admit(handle, [], 1)));
        shield.Reload(Options(options => options.Admission.PerNetwork = options.Admission.PerTenant = null));
        Assert.Equal((4, AdmissionLevel.Caller), AskUntilRefused(() => shield.Admit(handle, [], 1)));
        shield.Reload(Options(options => options.Admission.PerModel = new LimitOptions { Queries = 1, Period = TimeSpan.FromHours(1), Burst = 2 }));
        Assert.False(shield.Admit(handle, [], 1).IsAdmitted);
    }

    [Fact]
    public void Threads_that_share_a_handle_get_exactly_the_burst_while_time_stands()
    {
        using Shield shield = Build(new ManualTimeProvider(), options =>
        {
            options.Admission.PerCaller.Burst = 3001;
            options.Admission.PerTenant!.Burst = options.Admission.PerNetwork!.Burst = 5000;
        });
        CallerHandle handle = shield.GetHandle(shield.IdentifyCaller("caller"), shield.IdentifyCaller("tenant"), shield.IdentifyCaller("network"));
        long admitted = 0;
        Threads.Run(8, _ =>
        {
            for (int i = 0; i < 1000; i++)
            {
                if (shield.Admit(handle, [], 1).IsAdmitted)
                {
                    Interlocked.Increment(ref admitted);
                }
            }
        });
        Assert.Equal(3001, admitted + AskUntilRefused(() => shield.Admit(handle, [], 1)).Admitted);
    }

    private static (int Admitted, AdmissionLevel Level) AskUntilRefused(Func<Admission> ask)
    {
        for (int admitted = 0; ; admitted++)
        {
            Admission admission = ask();
            if (!admission.IsAdmitted)
            {
                return (admitted, admission.Level);
            }
        }
    }

    private static Shield Build(TimeProvider clock, Action<ShieldOptions>? configure = null) => TestShield.Build(
        configure: options =>
        {
            SetLimits(options);
            configure?.Invoke(options);
        },
        clock: clock);

    private static ShieldOptions Options(Action<ShieldOptions> configure)
    {
        ShieldOptions options = TestShield.Options();
        SetLimits(options);
        configure(options);
        return options;
    }

    private static void SetLimits(ShieldOptions options)
    {
        TestShield.SetLimits(options, queries: 1, TimeSpan.FromHours(1), burst: 8);
        options.Admission.PerTenant = new LimitOptions { Queries = 1, Period = TimeSpan.FromHours(1), Burst = 4 };
        options.Admission.PerNetwork = new LimitOptions { Queries = 1, Period = TimeSpan.FromHours(1), Burst = 3 };
        options.Admission.MaxRowsPerCall = 1;
    }
}
