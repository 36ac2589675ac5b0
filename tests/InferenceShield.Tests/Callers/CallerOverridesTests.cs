using Microsoft.Extensions.Options;

namespace InferenceShield.Tests;

/// <summary>What operators decide about single callers, and that it holds from the caller's next query on.</summary>
public sealed class CallerOverridesTests
{
    private static readonly LimitOptions s_one = new() { Queries = 1, Period = TimeSpan.FromHours(1), Burst = 1 };

    /// <summary>One fault each, by the message it must give.</summary>
    private static readonly Dictionary<string, CallerOverride> s_faults = new()
    {
        ["Posture is 9; allowed: Normal, Guarded, Restricted or Blocked."] = new() { Posture = (Posture)9 },
        ["Limit:Queries is 0; allowed: 1 to 1,000,000,000."] = Limited(limit => limit.Queries = 0),
        ["Limit:Burst is 1000001; allowed: 1 to 1,000,000."] = Limited(limit => limit.Burst = 1_000_001),
        ["Limit:Period is 00:00:00; allowed: 00:00:00.001 to 31.00:00:00."] = Limited(limit => limit.Period = TimeSpan.Zero),
        ["Limit is 2,000,000 queries per second (Queries / Period); allowed: up to 1,000,000."] =
            Limited(limit => (limit.Queries, limit.Period) = (2_000_000, TimeSpan.FromSeconds(1))),
        ["Limit takes 372 days to refill (Burst x Period / Queries); allowed: up to 366 days."] =
            Limited(limit => (limit.Period, limit.Burst) = (TimeSpan.FromDays(31), 12)),
        ["Limit:DailyQueries is 0; allowed: 1 to 1,000,000,000,000."] = Limited(limit => limit.DailyQueries = 0),
        ["Limit:MonthlyQueries is -1; allowed: 1 to 1,000,000,000,000."] = Limited(limit => limit.MonthlyQueries = -1),
        ["Limit:DailyCost is 1000000000001; allowed: 1 to 1,000,000,000,000."] = Limited(limit => limit.DailyCost = 1_000_000_000_001),
        ["Limit:MonthlyCost is 0; allowed: 1 to 1,000,000,000,000."] = Limited(limit => limit.MonthlyCost = 0),
    };

    public static TheoryData<string> Faults { get; } = [.. s_faults.Keys];

    public enum Standing
    {
        /// <summary>Has never asked.</summary>
        Unknown,

        /// <summary>Has a record.</summary>
        Known,

        /// <summary>Has a record, and a handle that knows where.</summary>
        Handle,

        /// <summary>Came when the table was full of callers that keep their records.</summary>
        Crowded,
    }

    public static TheoryData<Standing> Standings { get; } = [.. Enum.GetValues<Standing>()];

    [Theory]
    [MemberData(nameof(Standings))]
    public void A_revoked_caller_is_refused_on_its_next_query_and_a_restored_one_is_not(Standing standing)
    {
        using Shield shield = Build(standing, out CallerKey caller, out Func<int, Admission> ask);
        for (int round = 0; round < 2; round++)
        {
            shield.Overrides.Revoke(caller);
            Admission refused = ask(1);
            Assert.False(refused.IsAdmitted);
            Assert.Equal((AdmissionReason.Blocked, AdmissionLevel.Caller, Posture.Blocked), (refused.Reason, refused.Level, refused.Posture));
            Assert.Equal(TimeSpan.FromDays(1), refused.RetryAfter);
            Assert.True(shield.Overrides.Restore(caller));
            Assert.Equal((true, Posture.Normal), (ask(1).IsAdmitted, ask(1).Posture));
        }
    }

    [Theory]
    [MemberData(nameof(Standings))]
    public void An_unlimited_caller_is_held_by_no_limit_of_its_own_from_its_next_query_on(Standing standing)
    {
        using Shield shield = Build(standing, out CallerKey caller, out Func<int, Admission> ask);
        while (ask(1).IsAdmitted)
        {
        }

        shield.Overrides.Set(caller, new CallerOverride { Unlimited = true });
        for (int i = 0; i < 100; i++)
        {
            Assert.True(ask(1).IsAdmitted);
        }

        Assert.True(shield.Overrides.Restore(caller));
        Assert.False(ask(1).IsAdmitted); // what was used up before still is
    }

    [Theory]
    [MemberData(nameof(Standings))]
    public void A_posture_that_an_operator_sets_is_on_the_next_admission(Standing standing)
    {
        using Shield shield = Build(standing, out CallerKey caller, out Func<int, Admission> ask);
        foreach (Posture posture in (Posture[])[Posture.Guarded, Posture.Restricted, Posture.Normal])
        {
            shield.Overrides.Set(caller, new CallerOverride { Posture = posture });
            Assert.Equal((true, posture), (ask(1).IsAdmitted, ask(1).Posture));
        }

        shield.Overrides.Restore(caller);
        Assert.Equal(Posture.Normal, ask(1).Posture);
    }

    [Theory]
    [InlineData(Standing.Unknown)]
    [InlineData(Standing.Known)]
    [InlineData(Standing.Handle)]
    public void A_caller_pinned_to_a_limit_gets_that_from_its_next_query_on_and_the_old_one_back(Standing standing)
    {
        using Shield shield = Build(standing, out CallerKey caller, out Func<int, Admission> ask);
        shield.Overrides.Set(caller, new CallerOverride { Limit = new LimitOptions { Queries = 1, Period = TimeSpan.FromHours(1), Burst = 100 } });
        int admitted = 0;
        while (ask(1).IsAdmitted)
        {
            admitted++;
        }

        Assert.Equal(standing == Standing.Unknown ? 100 : 99, admitted);
        Assert.Equal(TimeSpan.FromHours(1), ask(1).RetryAfter);
        Assert.True(shield.Overrides.Restore(caller));
        Assert.Equal(TimeSpan.FromMinutes(100 - 16 + 1), ask(1).RetryAfter); // 100 queries of a minute each, of which 16 fit
    }

    [Fact]
    public void A_caller_in_the_shared_record_of_a_full_table_is_not_pinned_there_but_in_a_record_of_its_own_later()
    {
        using Shield shield = Build(Standing.Crowded, out CallerKey caller, out Func<int, Admission> ask, out DatedTimeProvider clock);
        shield.Overrides.Set(caller, new CallerOverride { Limit = new LimitOptions { Queries = 1, Period = TimeSpan.FromHours(1), Burst = 5 } });
        Assert.Equal(AdmissionReason.CallerTableFull, AskUntilRefused(ask, out int shared).Reason);
        Assert.Equal(11, shared); // of the shared bucket
        Assert.False(shield.TryGetCaller(caller, out _));
        for (int i = 0; i < 4; i++)
        {
            Assert.True(shield.Overrides.Restore(shield.IdentifyCaller($"known {i}")));
        }

        clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal(AdmissionReason.Rate, AskUntilRefused(ask, out int own).Reason);
        Assert.Equal(5, own);
        Assert.True(shield.TryGetCaller(caller, out _));
    }

    [Theory]
    [InlineData(10, 60, 100)]
    [InlineData(16, 60, 1)]
    [InlineData(3, 7, 1000)]
    [InlineData(16, 59, 86_400)]
    public void What_was_used_up_stays_the_same_number_of_queries_under_another_limit_and_back(int used, int queries, int seconds)
    {
        using Shield shield = Build(Standing.Unknown, out CallerKey caller, out Func<int, Admission> ask);
        Assert.True(ask(used).IsAdmitted);
        shield.Overrides.Set(caller, new CallerOverride { Limit = new LimitOptions { Queries = queries, Period = TimeSpan.FromSeconds(seconds), Burst = 16 } });
        Assert.Equal(16 - used, Available(shield, caller));
        shield.Overrides.Set(caller, new CallerOverride { Limit = new LimitOptions { Queries = seconds, Period = TimeSpan.FromSeconds(queries), Burst = 16 } });
        Assert.InRange(Available(shield, caller), 16 - used - 1, 16 - used); // rounding is against the caller, by less than a query
        shield.Overrides.Set(caller, new CallerOverride { Posture = Posture.Guarded });
        Assert.InRange(Available(shield, caller), 16 - used - 1, 16 - used);
        shield.Overrides.Restore(caller);
        Assert.InRange(Available(shield, caller), 16 - used - 1, 16 - used);
    }

    [Fact]
    public void Quotas_of_an_override_are_kept_and_charge_what_the_options_price_says()
    {
        using Shield shield = Build(Standing.Unknown, out CallerKey caller, out Func<int, Admission> ask, out DatedTimeProvider clock);
        shield.Overrides.Set(caller, new CallerOverride
        {
            Limit = new LimitOptions { Queries = 1000, Period = TimeSpan.FromSeconds(1), Burst = 16, DailyCost = 9, MonthlyQueries = 12 },
        });
        Assert.True(ask(9).IsAdmitted);
        Admission refused = ask(1);
        Assert.Equal((AdmissionReason.DailyCost, TimeSpan.FromHours(12)), (refused.Reason, refused.RetryAfter));
        clock.Advance(TimeSpan.FromHours(12)); // 1 March
        Assert.True(ask(9).IsAdmitted);
        clock.Advance(TimeSpan.FromDays(1));
        refused = ask(4);
        Assert.Equal((AdmissionReason.MonthlyQueries, TimeSpan.FromDays(30)), (refused.Reason, refused.RetryAfter));
        Assert.True(ask(3).IsAdmitted);
        Assert.Equal(AdmissionReason.BatchTooLarge, ask(10).Reason);
    }

    [Fact]
    public void A_batch_that_an_overrides_limit_can_never_hold_is_refused_by_value()
    {
        using Shield shield = Build(Standing.Known, out CallerKey caller, out Func<int, Admission> ask);
        shield.Overrides.Set(caller, new CallerOverride { Limit = new LimitOptions { Queries = 1, Period = TimeSpan.FromMinutes(2), Burst = 3 } });
        Admission refused = ask(4);
        Assert.Equal((false, AdmissionReason.BatchTooLarge, TimeSpan.FromMinutes(6)), (refused.IsAdmitted, refused.Reason, refused.RetryAfter));
        Assert.True(ask(2).IsAdmitted);
    }

    [Fact]
    public void The_models_limit_holds_for_an_unlimited_caller_and_those_of_tenant_and_network_do_not()
    {
        using Shield shield = TestShield.Build(
            configure: options =>
            {
                options.Admission.PerCaller.Burst = options.Admission.Overflow.Burst = 1;
                options.Admission.PerTenant = s_one;
                options.Admission.PerNetwork = s_one;
                options.Admission.PerModel = new LimitOptions { Queries = 1, Period = TimeSpan.FromHours(1), Burst = 7 };
            },
            clock: new ManualTimeProvider());
        CallerKey caller = shield.IdentifyCaller("caller");
        CallerHandle handle = shield.GetHandle(caller, shield.IdentifyCaller("tenant"), shield.IdentifyCaller("network"));
        shield.Overrides.Set(caller, new CallerOverride { Unlimited = true });
        Admission last = AskUntilRefused(rows => shield.Admit(handle, [], rows), out int admitted);
        Assert.Equal((7, AdmissionLevel.Model, AdmissionReason.Rate), (admitted, last.Level, last.Reason));
        shield.Overrides.Restore(caller);
    }

    [Fact]
    public void A_watched_caller_has_a_dossier_however_little_it_asks()
    {
        using Shield shield = Build(Standing.Unknown, out CallerKey caller, out Func<int, Admission> ask);
        Assert.Null(shield.TryGetDossier(caller));
        shield.Overrides.Set(caller, new CallerOverride { Watched = true });
        Assert.NotNull(shield.TryGetDossier(caller));
        Assert.True(ask(2).IsAdmitted);
        Assert.Equal(2, shield.TryGetDossier(caller)!.Statistics.Admitted);
    }

    [Fact]
    public void Callers_watched_all_at_once_have_their_dossiers_after_a_query_each()
    {
        using Shield shield = TestShield.Build(configure: options => options.Callers.Capacity = 400);
        CallerKey[] callers = [.. Enumerable.Range(0, 200).Select(number => shield.IdentifyCaller($"caller {number}"))];
        Threads.Run(8, thread =>
        {
            // Dossiers are opened by one thread at a time, and these stand in its way.
            for (int i = 0; thread > 0 && i < 300; i++)
            {
                shield.AdmitRows(1, $"busy {thread} {i % 20}");
            }

            for (int i = 0; thread == 0 && i < callers.Length; i++)
            {
                shield.Overrides.Set(callers[i], new CallerOverride { Watched = true });
            }
        });
        Assert.All(callers, caller => shield.Admit(caller, [], 1));
        Assert.All(callers, caller => Assert.NotNull(shield.TryGetDossier(caller)));
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_fault_is_reported_with_its_key_and_what_is_allowed_and_changes_nothing(string fault)
    {
        using Shield shield = TestShield.Build();
        CallerKey caller = shield.IdentifyCaller("caller");
        shield.Overrides.Revoke(caller);
        OptionsValidationException exception = Assert.Throws<OptionsValidationException>(() => shield.Overrides.Set(caller, s_faults[fault]));
        Assert.Equal([fault], exception.Failures);
        Assert.Equal(AdmissionReason.Blocked, shield.AdmitRows(1).Reason);
        Assert.Equal(1, shield.Overrides.Count);
    }

    [Fact]
    public void Nobody_is_neither_set_nor_restored()
    {
        using Shield shield = TestShield.Build();
        CallerOverrides overrides = shield.Overrides;
        Assert.False(overrides.Restore(shield.IdentifyCaller("nobody")));
        Assert.False(shield.TryGetCaller(shield.IdentifyCaller("nobody"), out _));
        foreach (Action misuse in (Action[])[() => overrides.Set(default, new CallerOverride()), () => overrides.Revoke(default), () => overrides.Restore(default)])
        {
            Assert.StartsWith("The empty key names nobody. Make the caller's key with Shield.IdentifyCaller.", Assert.Throws<ArgumentException>(misuse).Message, StringComparison.Ordinal);
        }

        Assert.Throws<ArgumentNullException>(() => overrides.Set(shield.IdentifyCaller("caller"), null!));
    }

    [Fact]
    public void An_override_is_read_once()
    {
        using Shield shield = Build(Standing.Known, out CallerKey caller, out Func<int, Admission> ask);
        CallerOverride decided = new() { Posture = Posture.Guarded };
        shield.Overrides.Set(caller, decided);
        decided.Posture = Posture.Blocked;
        Assert.Equal(Posture.Guarded, ask(1).Posture);
    }

    [Fact]
    public void There_are_100_000_overrides_at_most_and_those_there_can_still_be_changed()
    {
        using Shield shield = TestShield.Build(configure: options => (options.Callers.Capacity, options.Callers.Dossiers) = (CallerOverrides.Most, 0));
        CallerOverride decided = new() { Posture = Posture.Blocked };
        CallerKey first = shield.IdentifyCaller("0");
        for (int i = 0; i < CallerOverrides.Most; i++)
        {
            shield.Overrides.Set(shield.IdentifyCaller($"{i}"), decided);
        }

        CallerKey another = shield.IdentifyCaller("one more");
        string message = Assert.Throws<InvalidOperationException>(() => shield.Overrides.Set(another, decided)).Message;
        Assert.Equal("There are 100,000 overrides already. Restore callers that need none.", message);
        shield.Overrides.Set(first, new CallerOverride { Posture = Posture.Guarded });
        Assert.Equal(Posture.Guarded, shield.Admit(first, [], 1).Posture);
        Assert.Equal(AdmissionReason.Blocked, shield.AdmitRows(1, "99999").Reason);
        Assert.Equal(CallerOverrides.Most, shield.Overrides.Count);
        Assert.True(shield.Overrides.Restore(first));
        shield.Overrides.Set(another, decided);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_decision_holds_for_the_next_query_while_other_threads_ask(bool crowded)
    {
        ManualTimeProvider clock = new();
        using Shield shield = TestShield.Build(configure: options => options.Callers.Capacity = crowded ? 4 : 64, clock: clock);
        CallerKey caller = shield.IdentifyCaller("caller");
        CallerHandle handle = shield.GetHandle(caller);
        bool done = false;
        Threads.Run(5, thread =>
        {
            if (thread > 0)
            {
                for (int i = 0; !Volatile.Read(ref done); i++)
                {
                    _ = i % 2 == 0 ? shield.Admit(handle, [], 1) : shield.Admit(caller, [], 1);
                    shield.AdmitRows(1, $"other {thread} {i % 50}");
                }

                return;
            }

            try
            {
                for (int i = 0; i < 3000; i++)
                {
                    clock.Advance(TimeSpan.FromMilliseconds(1)); // so that records become as good as fresh and change hands
                    shield.Overrides.Revoke(caller);
                    Assert.Equal(AdmissionReason.Blocked, shield.Admit(caller, [], 1).Reason);
                    Assert.Equal(AdmissionReason.Blocked, shield.Admit(handle, [], 1).Reason);
                    if (i % 2 == 0)
                    {
                        shield.Overrides.Set(caller, new CallerOverride { Posture = Posture.Guarded });
                        Assert.Equal(Posture.Guarded, shield.Admit(handle, [], 1).Posture);
                    }

                    shield.Overrides.Restore(caller);
                    Assert.Equal(AdmissionReason.WithinLimits, shield.Admit(caller, [], 1).Reason);
                    Assert.Equal(Posture.Normal, shield.Admit(handle, [], 1).Posture);
                }
            }
            finally
            {
                Volatile.Write(ref done, true);
            }
        });
    }

    [Fact]
    public void Overrides_set_and_taken_back_amid_queries_leave_every_mark_as_they_are()
    {
        // A small table in which records become as good as fresh and change hands all the time.
        using AdmissionBench bench = new(
            new AdmissionOptions
            {
                PerCaller = new LimitOptions { Queries = 1000, Period = TimeSpan.FromSeconds(1), Burst = 10 },
                Overflow = new RateOptions { Queries = 1000, Period = TimeSpan.FromSeconds(1), Burst = 10 },
            },
            DateTimeOffset.UnixEpoch);
        CallerKey[] callers = [.. Enumerable.Range(0, 24).Select(bench.Caller)];
        CallerOverrides overrides = bench.Control.Overrides;
        long now = 0;
        for (int round = 0; round < 10; round++)
        {
            Threads.Run(6, thread =>
            {
                Random random = new(thread);
                for (int i = 0; i < 1000; i++)
                {
                    CallerKey caller = callers[random.Next(callers.Length)];
                    if (thread >= 2)
                    {
                        bench.Control.Decide(bench.Plan, caller, 1, Interlocked.Add(ref now, 1_000_000), countsRefusal: true);
                    }
                    else if (thread == 0)
                    {
                        overrides.Set(caller, new CallerOverride { Watched = random.Next(2) == 0 });
                        overrides.Restore(caller);
                    }
                    else
                    {
                        _ = random.Next(2) == 0 ? overrides.Restore(caller) : Set(caller);
                    }
                }
            });
            foreach ((CallerKey caller, int slot) in bench.Control.Callers.Enumerate())
            {
                CallerFlags expected = overrides.Find(caller) switch
                {
                    null => CallerFlags.None,
                    { Watched: true } => CallerFlags.Overridden | CallerFlags.Watched,
                    _ => CallerFlags.Overridden,
                };
                Assert.Equal(expected, bench.Control.Callers[slot].Flags);
            }

            Array.ForEach(callers, caller => overrides.Restore(caller));
            Assert.DoesNotContain(bench.Control.Callers.Enumerate(), record => bench.Control.Callers[record.Slot].Standing != 0);
        }

        bool Set(CallerKey caller)
        {
            overrides.Set(caller, new CallerOverride { Posture = Posture.Guarded });
            return true;
        }
    }

    private static long Available(Shield shield, CallerKey caller)
    {
        using ShieldRateLimiter limiter = new(shield.GetHandle(caller));
        return limiter.GetStatistics()!.CurrentAvailablePermits;
    }

    private static Admission AskUntilRefused(Func<int, Admission> ask, out int admitted)
    {
        for (admitted = 0; ; admitted++)
        {
            Admission admission = ask(1);
            if (!admission.IsAdmitted)
            {
                return admission;
            }
        }
    }

    private static Shield Build(Standing standing, out CallerKey caller, out Func<int, Admission> ask) => Build(standing, out caller, out ask, out _);

    /// <summary>A query a minute and a burst of 16; in a full table, 6 an hour and a burst of 12 shared.</summary>
    private static Shield Build(Standing standing, out CallerKey caller, out Func<int, Admission> ask, out DatedTimeProvider clock)
    {
        clock = new DatedTimeProvider(new DateTimeOffset(2028, 2, 29, 12, 0, 0, TimeSpan.Zero));
        Shield shield = TestShield.Build(
            configure: options =>
            {
                options.Callers.Capacity = 4;
                options.Admission.PerCaller = new LimitOptions { Queries = 60, Period = TimeSpan.FromHours(1), Burst = 16 };
                options.Admission.Overflow = new RateOptions { Queries = 6, Period = TimeSpan.FromHours(1), Burst = 12 };
            },
            clock: clock);
        for (int i = 0; standing == Standing.Crowded && i < 4; i++)
        {
            shield.Overrides.Set(shield.IdentifyCaller($"known {i}"), new CallerOverride());
        }

        CallerKey key = caller = shield.IdentifyCaller("caller");
        CallerHandle handle = shield.GetHandle(key);
        ask = standing == Standing.Handle ? rows => shield.Admit(handle, new byte[rows], rows) : rows => shield.Admit(key, new byte[rows], rows);
        if (standing != Standing.Unknown)
        {
            Assert.True(ask(1).IsAdmitted);
        }

        return shield;
    }

    private static CallerOverride Limited(Action<LimitOptions> change)
    {
        LimitOptions limit = new() { Queries = 1, Period = TimeSpan.FromHours(1), Burst = 1 };
        change(limit);
        return new CallerOverride { Limit = limit };
    }
}
