namespace InferenceShield.Tests;

public sealed class PostureEngineTests
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_week = TimeSpan.FromDays(7);

    [Theory]
    [InlineData(DetectionFamily.Full, DetectionLevel.Promise, 1, false, DetectionStatistic.Cumulative, Posture.Guarded)]
    [InlineData(DetectionFamily.Full, DetectionLevel.Strict, 1, false, DetectionStatistic.Cumulative, Posture.Guarded)]
    [InlineData(DetectionFamily.Full, DetectionLevel.Strict, 2, false, DetectionStatistic.Cumulative, Posture.Restricted)]
    [InlineData(DetectionFamily.Full, DetectionLevel.Promise, 2, false, DetectionStatistic.Cumulative, Posture.Guarded)]
    [InlineData(DetectionFamily.Output, DetectionLevel.Promise, 1, false, DetectionStatistic.NearDuplicates, Posture.Restricted)]
    [InlineData(DetectionFamily.Output, DetectionLevel.Strict, 2, true, DetectionStatistic.NearDuplicates, Posture.Normal)]
    [InlineData(DetectionFamily.Full, DetectionLevel.Promise, 1, false, DetectionStatistic.ColdStart, Posture.Normal)]
    public void What_an_alarm_leads_to_by_default(DetectionFamily family, DetectionLevel level, int epochs, bool isAdvisory, DetectionStatistic statistic, Posture posture)
    {
        using PostureBench bench = new();
        bench.Take(1, 20, 0, PostureBench.Alarm(family, level, epochs: epochs, isAdvisory: isAdvisory, statistic: statistic));
        bench.Tick(s_second);
        Assert.Equal(posture, bench.PostureOf(1));
        ShieldEvent alarm = Assert.Single(bench.Events, one => one.Kind == ShieldEventKind.Alarm);
        Assert.Equal(bench.Caller(1), alarm.Caller);
        Assert.Equal(posture == Posture.Normal ? [] : [(Posture.Normal, posture, true)], bench.Transitions.Select(one => (one.From!.Value, one.To!.Value, one.Acted)));
        bench.Take(1, 20, 0, PostureBench.Alarm(family, level, epochs: epochs, isAdvisory: isAdvisory, statistic: statistic));
        Assert.Single(bench.Events, one => one.Kind == ShieldEventKind.Alarm);
    }

    [Fact]
    public void A_posture_goes_down_by_single_steps_each_after_the_decay_time_and_the_clock_may_step_back()
    {
        using PostureBench bench = new();
        bench.Take(1, 20, 0, PostureBench.Alarm(DetectionFamily.Output));
        bench.Tick(s_second);
        bench.Tick(s_week - s_hour);
        bench.Tick(TimeSpan.FromDays(-30)); // counts on from there
        bench.Tick(s_hour - s_second);
        Assert.Equal(Posture.Restricted, bench.PostureOf(1));
        bench.Tick(s_second);
        Assert.Equal(Posture.Guarded, bench.PostureOf(1));
        bench.Tick(s_week - s_second);
        Assert.Equal(Posture.Guarded, bench.PostureOf(1));
        bench.Tick(s_second);
        Assert.Equal(Posture.Normal, bench.PostureOf(1));
        Assert.Equal([Posture.Restricted, Posture.Guarded, Posture.Normal], bench.Transitions.Select(one => one.To!.Value));
        Assert.Equal(0UL, bench.Admission.Callers[bench.Admission.Callers.Find(bench.Caller(1))].Standing); // may be given away again
    }

    [Fact]
    public void Whoever_asks_on_in_the_epoch_of_the_alarm_stays_where_he_is_and_who_comes_back_in_it_goes_up_again()
    {
        using PostureBench bench = new();
        DetectionVerdict alarm = PostureBench.Alarm(DetectionFamily.Full);
        bench.Take(1, 20, 0, alarm);
        bench.Tick(s_second);
        bench.Tick(s_week - s_hour);
        bench.Take(1, 21, 0, alarm);
        bench.Tick(s_hour * 2);
        Assert.Equal(Posture.Guarded, bench.PostureOf(1));
        bench.Take(1, 21, 0, alarm); // read again, asked nothing
        bench.Tick(s_week);
        Assert.Equal(Posture.Normal, bench.PostureOf(1));
        bench.Take(1, 21, 0, alarm);
        bench.Tick(s_second);
        Assert.Equal(Posture.Normal, bench.PostureOf(1));
        bench.Take(1, 22, 0, alarm);
        bench.Tick(s_second);
        Assert.Equal(Posture.Guarded, bench.PostureOf(1));
    }

    [Fact]
    public void Nothing_changes_where_it_is_only_observed_and_it_is_said_what_would_have()
    {
        using PostureBench acting = new();
        using PostureBench observing = new();
        using PostureBench serving = new();
        observing.Rules = observing.RulesOf(new PostureOptions { Mode = PostureMode.Observe, DelayQueries = 0, DelayTime = TimeSpan.Zero });
        serving.Rules = serving.RulesOf(PostureBench.Swift(), enforces: false);
        foreach (PostureBench bench in new[] { acting, observing, serving })
        {
            bench.Take(1, 20, 0, PostureBench.Alarm(DetectionFamily.Output));
            bench.Tick(s_second);
            bench.Tick(s_week);
            bench.Tick(s_week);
        }

        (Posture, Posture, string)[] expected = [.. acting.Transitions.Select(one => (one.From!.Value, one.To!.Value, one.Reason))];
        Assert.Equal(3, expected.Length);
        Assert.All(acting.Transitions, one => Assert.True(one.Acted));
        foreach (PostureBench bench in new[] { observing, serving })
        {
            Assert.Equal(expected, bench.Transitions.Select(one => (one.From!.Value, one.To!.Value, one.Reason)));
            Assert.All(bench.Transitions, one => Assert.False(one.Acted));
            Assert.Equal(CallerTable.None, bench.Admission.Callers.Find(bench.Caller(1)));
        }
    }

    [Fact]
    public void An_operators_word_wins_a_pin_to_Normal_too_and_what_was_found_comes_into_force_when_it_is_taken_back()
    {
        using PostureBench bench = new();
        bench.Admission.Overrides.Set(bench.Caller(1), new CallerOverride { Posture = Posture.Normal });
        bench.Admission.Overrides.Set(bench.Caller(2), new CallerOverride { Exempt = true });
        bench.Admission.Overrides.Set(bench.Caller(3), new CallerOverride { Posture = Posture.Blocked });
        for (int caller = 1; caller <= 4; caller++)
        {
            bench.Take(caller, 20, 0, PostureBench.Alarm(DetectionFamily.Output));
        }

        bench.Tick(s_second);
        Assert.Equal([Posture.Normal, Posture.Normal, Posture.Blocked, Posture.Restricted], Enumerable.Range(1, 4).Select(bench.PostureOf));
        Assert.Equal([false, false, false, true], Enumerable.Range(1, 4).Select(caller => bench.Transitions.Single(one => one.Caller == bench.Caller(caller)).Acted));
        bench.Admission.Overrides.Restore(bench.Caller(1));
        bench.Admission.Overrides.Set(bench.Caller(4), new CallerOverride { Exempt = true });
        Assert.Equal(Posture.Normal, bench.PostureOf(4)); // at once
        bench.Tick(s_second);
        Assert.Equal(Posture.Restricted, bench.PostureOf(1));
        Assert.Equal(Posture.Normal, bench.Admission.Callers[bench.Admission.Callers.Find(bench.Caller(4))].Posture);
        Assert.True(bench.Admission.Overrides.TryGet(bench.Caller(4))!.Exempt);
    }

    [Fact]
    public void Callers_of_an_allowed_tenant_get_no_posture()
    {
        using PostureBench bench = new();
        PostureOptions options = PostureBench.Swift();
        options.AllowedTenants.Add("tenant 1");
        bench.Rules = bench.RulesOf(options);
        bench.Engine.Take(bench.Caller(1), new CallerReading(0, 20, bench.Tenant(1), 0, [PostureBench.Alarm(DetectionFamily.Output)]));
        bench.Engine.Take(bench.Caller(2), new CallerReading(0, 20, bench.Tenant(2), 0, [PostureBench.Alarm(DetectionFamily.Output)]));
        bench.Tick(s_second);
        Assert.Equal([Posture.Normal, Posture.Restricted], new[] { 1, 2 }.Select(bench.PostureOf));
    }

    [Fact]
    public void An_odometer_band_stands_as_long_as_it_is_exceeded_and_is_said_once()
    {
        PostureOptions options = PostureBench.Swift();
        options.CallerOdometer.Add(new OdometerBand { Limit = .5 });
        options.CallerOdometer.Add(new OdometerBand { Limit = .8, Posture = Posture.Restricted });
        using PostureBench bench = new(options);
        for (int day = 0; day < 30; day++)
        {
            bench.Take(1, 10 * day, .4 + (.02 * day));
            bench.Tick(s_second);
            Assert.Equal(day < 5 ? Posture.Normal : day < 20 ? Posture.Guarded : Posture.Restricted, bench.PostureOf(1));
            bench.Tick(TimeSpan.FromDays(1));
        }

        Assert.Equal(2, bench.Events.Count(one => one.Kind == ShieldEventKind.Odometer && one.Odometer > 0));
        Assert.Equal(2, bench.Transitions.Count());
    }

    [Fact]
    public void The_share_of_a_daily_quota_that_is_used_leads_to_a_posture()
    {
        PostureOptions options = PostureBench.Swift();
        options.QuotaShare = .5;
        using PostureBench bench = new(options, configure: all =>
        {
            all.Admission.PerCaller.DailyQueries = 100;
            all.Admission.MaxRowsPerCall = 10;
        });
        for (int call = 1; call <= 5; call++)
        {
            Assert.Equal(Posture.Normal, bench.PostureOf(1));
            Assert.True(bench.Admission.Decide(bench.Plan, bench.Caller(1), 10, bench.Clock.Now, countsRefusal: true).IsWithinLimits);
            bench.Take(1, 10 * call, 0);
            bench.Tick(s_second);
        }

        Assert.Equal(Posture.Guarded, bench.PostureOf(1));
    }

    [Theory]
    [InlineData(null, Posture.Guarded)]
    [InlineData(Posture.Restricted, Posture.Restricted)]
    public void A_campaigns_callers_are_treated_alike_and_more_sternly_only_if_asked_for_once_one_raises_a_strong_alarm(Posture? withAlarm, Posture others)
    {
        PostureOptions options = PostureBench.Swift();
        options.CampaignWithOutputAlarm = withAlarm ?? options.CampaignWithOutputAlarm;
        using PostureBench bench = new(options);
        bench.Engine.NoticeCampaign(new CampaignReport
        {
            Id = 7,
            Callers = [bench.Caller(1), bench.Caller(2)],
            Size = 2,
            Threshold = 2,
            Queries = 45,
            Odometer = .2,
            TotalQueries = 90,
            Reason = "They ask alike.",
        });
        bench.Tick(s_second);
        Assert.Equal([Posture.Guarded, Posture.Guarded, Posture.Normal], new[] { 1, 2, 3 }.Select(bench.PostureOf));
        bench.Take(2, 50, 0, PostureBench.Alarm(DetectionFamily.Full));
        bench.Take(3, 50, 0, PostureBench.Alarm(DetectionFamily.Full));
        bench.Tick(s_second);
        Assert.Equal([Posture.Guarded, Posture.Guarded, Posture.Guarded], new[] { 1, 2, 3 }.Select(bench.PostureOf));
        bench.Take(2, 60, 0, PostureBench.Alarm(DetectionFamily.Output));
        bench.Tick(s_second);
        Assert.Equal([others, Posture.Restricted, Posture.Guarded], new[] { 1, 2, 3 }.Select(bench.PostureOf));
        Assert.StartsWith("Output alarm, Promise: Cumulative reads 2.00, above 1.00, after", bench.Events.Last(one => one.Kind == ShieldEventKind.Alarm).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_there_is_no_room_the_sternest_are_kept_and_those_given_up_are_Normal_again()
    {
        using PostureBench bench = new(cases: 4);
        for (int caller = 0; caller < 40; caller++)
        {
            bench.Take(caller, 20, 0, PostureBench.Alarm(DetectionFamily.Full));
        }

        bench.Tick(s_second);
        Assert.Equal(Enumerable.Range(0, 40).Select(caller => caller < 4 ? Posture.Guarded : Posture.Normal), Enumerable.Range(0, 40).Select(bench.PostureOf));
        for (int caller = 40; caller < 43; caller++)
        {
            bench.Take(caller, 20, 0, PostureBench.Alarm(DetectionFamily.Output));
        }

        bench.Tick(s_second);
        Assert.Equal(3, Enumerable.Range(40, 3).Count(caller => bench.PostureOf(caller) == Posture.Restricted));
        Assert.Equal(1, Enumerable.Range(0, 40).Count(caller => bench.PostureOf(caller) == Posture.Guarded));
        Assert.Equal(36 + 3, Count(bench).CasesLost);
        Assert.Equal(4, Count(bench).Cases);
    }

    [Fact]
    public void A_caller_without_a_record_gets_its_posture_when_there_is_room()
    {
        using PostureBench bench = new(capacity: 2);
        bench.Admission.Overrides.Watch(bench.Caller(1));
        bench.Admission.Overrides.Watch(bench.Caller(2)); // neither record is given away
        bench.Take(3, 20, 0, PostureBench.Alarm(DetectionFamily.Full));
        bench.Tick(s_second);
        Assert.Equal(Posture.Normal, bench.PostureOf(3));
        Assert.False(Assert.Single(bench.Transitions).Acted);
        bench.Admission.Overrides.Restore(bench.Caller(1));
        bench.Tick(TimeSpan.FromMinutes(1));
        Assert.Equal(Posture.Guarded, bench.PostureOf(3));
        Assert.True(bench.Transitions.Last().Acted);
    }

    [Fact]
    public void A_record_with_a_posture_is_never_given_away_and_one_without_is()
    {
        using PostureBench bench = new(capacity: 8, cases: 4);
        bench.Take(1, 20, 0, PostureBench.Alarm(DetectionFamily.Full));
        bench.Tick(s_second);
        for (int stranger = 100; stranger < 400; stranger++)
        {
            bench.Time.Advance(s_hour);
            bench.Admission.Decide(bench.Plan, bench.Caller(stranger), 1, bench.Clock.Now, countsRefusal: true);
        }

        Assert.Equal(Posture.Guarded, bench.PostureOf(1));
        Assert.True(bench.Admission.Callers.Evictions > 100, $"{bench.Admission.Callers.Evictions}");
    }

    [Fact]
    public void An_operator_can_take_alarms_back()
    {
        using PostureBench bench = new();
        DetectionVerdict full = PostureBench.Alarm(DetectionFamily.Full);
        bench.Take(1, 20, 0, full);
        bench.Tick(s_second);
        Assert.True(bench.Engine.Clear(bench.Caller(1)));
        Assert.Equal(Posture.Normal, bench.PostureOf(1));
        Assert.Equal("An operator has taken its alarms back.", bench.Engine.Describe(bench.Caller(1), reading: null, plain: null)?.Reason);
        bench.Take(1, 30, 0, full);
        bench.Tick(s_second);
        Assert.Equal(Posture.Normal, bench.PostureOf(1));
        bench.Take(1, 40, 0, full, PostureBench.Alarm(DetectionFamily.Output));
        bench.Tick(s_second);
        Assert.Equal(Posture.Restricted, bench.PostureOf(1));
        Assert.False(bench.Engine.Clear(bench.Caller(2)));
    }

    [Fact]
    public void A_throttled_caller_asks_at_its_share_of_the_rate_and_owes_the_same_number_of_queries()
    {
        using PostureBench bench = new(configure: all =>
        {
            TestShield.SetLimits(all, queries: 10, s_second, burst: 10);
            all.Postures.Throttle = .1;
        });
        int Ask()
        {
            int admitted = 0;
            while (bench.Admission.Decide(bench.Plan, bench.Caller(1), 1, bench.Clock.Now, countsRefusal: true).IsWithinLimits)
            {
                admitted++;
            }

            return admitted;
        }

        Assert.Equal(10, Ask());
        bench.Take(1, 10, 0, PostureBench.Alarm(DetectionFamily.Output));
        bench.Tick(s_second);
        Assert.Equal(Posture.Restricted, bench.PostureOf(1));
        Assert.Equal(0, Ask());
        bench.Time.Advance(TimeSpan.FromSeconds(5.001));
        Assert.Equal(5, Ask());
        bench.Engine.Clear(bench.Caller(1));
        Assert.Equal(0, Ask());
        bench.Time.Advance(TimeSpan.FromSeconds(.501));
        Assert.Equal(5, Ask());
    }

    [Fact]
    public void A_notice_and_a_scan_lead_from_what_is_kept_of_a_caller_to_its_posture()
    {
        CallerWatchTable watches = new(64);
        using PostureBench bench = new(watches: watches, calibration: new DetectionCalibration(null!, 0, null!, null, null, null, null!, null, null!));
        void Raise(int caller)
        {
            Assert.True(watches.TryEnter(bench.Caller(caller), 0, out int slot));
            ref CallerWatch watch = ref watches[slot];
            watch.Queries = 20;
            watch.Alarms[0] = new CallerAlarm { Epochs = 1, Queries = 20, Value = 2, Threshold = 1 };
            watches.Exit(slot);
        }

        Raise(1);
        Raise(2);
        bench.Engine.Notice(bench.Caller(1));
        bench.Tick(s_second);
        Assert.Equal(Posture.Restricted, bench.PostureOf(1));
        for (int tick = 0; tick < 60; tick++)
        {
            bench.Tick(s_second);
        }

        Assert.Equal(Posture.Restricted, bench.PostureOf(2));
        ShieldDetection detection = new(bench.Engine, watches, null);
        Assert.Equal([bench.Caller(1), bench.Caller(2)], detection.Transitions.Select(one => one.Caller));
        Assert.Equal((2, 2L), (detection.Statistics.Cases, detection.Statistics.OutputAlarms));
        Assert.Equal(Posture.Restricted, detection.TryGetCaller(bench.Caller(1))!.Posture);
        Assert.Null(detection.TryGetCaller(bench.Caller(3)));
        Assert.True(detection.Clear(bench.Caller(1)));
        Assert.Equal(Posture.Normal, bench.PostureOf(1));
    }

    [Fact]
    public void An_alarm_counts_though_its_epoch_has_ended_before_it_was_looked_at()
    {
        CallerWatchTable watches = new(64);
        DetectionCalibration calibration = WatchCases.Calibration(4, lifetime: 64, threshold: 3);
        using PostureBench bench = new(watches: watches, calibration: calibration);
        QuerySignals[] queries = [.. WatchCases.Queries(10, 64, moved: 5), .. WatchCases.Queries(9, 4, nearShare: 0)];
        Assert.True(watches.TryEnter(bench.Caller(1), 0, out int slot));
        for (int i = 0; i < queries.Length; i++)
        {
            if (CallerUpdate.Apply(calibration, ref watches[slot], in queries[i], i))
            {
                bench.Engine.Notice(bench.Caller(1));
            }
        }

        Assert.Equal((1, 4), (watches[slot].Epoch, watches[slot].Queries));
        watches.Exit(slot);
        bench.Tick(s_second);
        Assert.NotEqual(Posture.Normal, bench.PostureOf(1));
        Assert.Contains(bench.Events, one => one.Kind == ShieldEventKind.Alarm && one.Caller == bench.Caller(1));
    }

    [Fact]
    public void All_callers_of_a_campaign_are_treated_and_it_is_an_event_that_names_some()
    {
        using PostureBench bench = new(capacity: 4_096);
        CallerKey[] callers = [.. Enumerable.Range(0, 1_500).Select(bench.Caller)];
        CampaignReport report = new()
        {
            Id = 7,
            Callers = callers[..CampaignBook.MostNamed],
            Everybody = callers,
            Size = callers.Length,
            Threshold = 2,
            Queries = 45,
            Odometer = .2,
            TotalQueries = 90,
            Reason = "They ask alike.",
        };
        bench.Engine.NoticeCampaign(report);
        bench.Tick(s_second);
        Assert.All(Enumerable.Range(0, callers.Length), caller => Assert.Equal(Posture.Guarded, bench.PostureOf(caller)));
        ShieldEvent found = Assert.Single(bench.Events, one => one.Kind == ShieldEventKind.Campaign);
        Assert.Equal(report with { Everybody = null }, found.Campaign);
        Assert.Equal("They ask alike.", found.Reason);
        Assert.DoesNotContain("verybody", found.ToJson(), StringComparison.Ordinal);
        bench.Rules = bench.RulesOf(new PostureOptions { Mode = PostureMode.Off });
        bench.Engine.NoticeCampaign(report);
        bench.Tick(s_second);
        Assert.Equal(2, bench.Events.Count(one => one.Kind == ShieldEventKind.Campaign));
    }

    [Fact]
    public void A_flood_of_notices_allocates_nothing_blocks_nobody_and_is_counted()
    {
        using PostureBench bench = new();
        CallerKey caller = bench.Caller(1);
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (int i = 0; i < 10_000; i++)
            {
                bench.Engine.Notice(caller);
            }
        }));
        Assert.InRange(Count(bench).NoticesDropped, 1, long.MaxValue);
        bench.Tick(s_second);
        long dropped = Count(bench).NoticesDropped;
        bench.Engine.Notice(caller);
        Assert.Equal(dropped, Count(bench).NoticesDropped); // there is room again
    }

    [Fact]
    public void Each_key_that_is_taken_into_the_queue_comes_out_once()
    {
        NoticeQueue queue = new(64);
        const int Threads = 4;
        const int Each = 5_000;
        int[] seen = new int[Threads * Each];
        Task[] producers = [.. Enumerable.Range(0, Threads).Select(thread => Task.Run(() =>
        {
            for (int i = 0; i < Each; i++)
            {
                ulong number = (ulong)((thread * Each) + i) + 2;
                while (!queue.TryEnqueue(new CallerKey(number, ~number)))
                {
                    Thread.Yield();
                }
            }
        }))];
        long got = 0;
        while (true)
        {
            bool ended = Array.TrueForAll(producers, producer => producer.IsCompleted);
            if (queue.TryDequeue(out CallerKey key))
            {
                Assert.Equal(~key.Low, key.High);
                seen[key.Low - 2]++;
                got++;
            }
            else if (ended)
            {
                break;
            }
        }

        Assert.Equal(Threads * Each, got);
        Assert.All(seen, times => Assert.Equal(1, times));
    }

    private static DetectionStatistics Count(PostureBench bench) =>
        new ShieldDetection(bench.Engine, new CallerWatchTable(1), null).Statistics;
}
