using InferenceShield.Tests.Telemetry;

namespace InferenceShield.Tests;

/// <summary>What a shield has counted of all callers.</summary>
public sealed class ShieldStatisticsTests
{
    [Theory]
    [InlineData(ShieldMode.Enforce)]
    [InlineData(ShieldMode.ObserveOnly)]
    public void Sums_are_those_of_the_callers_and_never_hold_part_of_a_call(ShieldMode mode)
    {
        // Every call has 7 rows and costs 100; callers of odd number are out of budget after ten calls.
        const int Threads = 6;
        using Shield shield = TestShield.Build(
            configure: options =>
            {
                options.Mode = mode;
                options.Admission.Price = new PriceOptions { PerCall = 93, PerQuery = 1 };
            },
            clock: new ManualTimeProvider());
        CallerKey[] callers = [.. Enumerable.Range(0, Threads).Select(i => shield.IdentifyCaller($"caller {i}"))];
        for (int i = 1; i < Threads; i += 2)
        {
            shield.Overrides.Set(callers[i], new CallerOverride { Limit = new LimitOptions { Queries = 70, Period = TimeSpan.FromDays(1), Burst = 70 } });
        }

        int running = Threads;
        Together.Run(Threads + 1, number =>
        {
            if (number == Threads)
            {
                while (Volatile.Read(ref running) > 0)
                {
                    AssertWhole(shield.GetStatistics());
                    foreach (CallerKey caller in callers)
                    {
                        Assert.True(!shield.TryGetCaller(caller, out CallerStatistics statistics)
                            || (statistics.Admitted == 7 * statistics.Calls && statistics.Refused == 7 * statistics.RefusedCalls
                                && statistics.Cost == 100 * statistics.Calls && statistics.Repeated <= statistics.Admitted + (mode == ShieldMode.Enforce ? 0 : statistics.Refused)));
                    }
                }

                return;
            }

            byte[] input = new byte[7];
            for (int i = 0; i < 15_000; i++)
            {
                shield.Admit(callers[number], input, rows: 7);
            }

            Interlocked.Decrement(ref running);
        });
        ShieldStatistics all = shield.GetStatistics();
        CallerStatistics[] each = Array.ConvertAll(callers, caller => shield.TryGetCaller(caller, out CallerStatistics one) ? one : default);
        AssertWhole(all);
        Assert.Equal(
            (each.Sum(one => one.Calls), each.Sum(one => one.Admitted), each.Sum(one => one.Cost)),
            (all.Calls, all.Admitted, all.Cost));
        Assert.Equal((45_030, 44_970), (all.Calls, each.Sum(one => one.RefusedCalls)));
        Assert.Equal(
            mode == ShieldMode.Enforce ? (44_970, 7 * 44_970, 0L) : (0L, 0L, 7 * 44_970),
            (all.RefusedCalls, all.Refused, all.WouldBeRefused));
        Assert.Equal(mode == ShieldMode.Enforce ? 44_970 / 90_000.0 : 0, all.RefusedShare);
        Assert.Equal(14_990 / 15_000.0, each[1].RefusedShare);
        Assert.Equal(0, all.TableFull);
    }

    [Fact]
    public void A_new_shield_has_counted_nothing()
    {
        using Shield shield = TestShield.Build();
        Assert.Equal(new ShieldStatistics { PlanVersion = 1 }, shield.GetStatistics());
        Assert.Equal((0.0, 0.0), (shield.GetStatistics().RefusedShare, default(CallerStatistics).RefusedShare));
        Assert.Equal(default, shield.GetLatency());
        Assert.Empty(shield.GetDossiers());
        foreach (HistoryWindow window in Enum.GetValues<HistoryWindow>())
        {
            AnswerStatistics answers = shield.GetAnswers(window);
            Assert.Equal((default, default), (answers.Labels, answers.Values));
            Assert.All(answers.LabelShares, share => Assert.Equal(0, share));
        }
    }

    [Fact]
    public async Task Queries_for_whom_the_table_has_no_room_are_counted_once_whoever_asks()
    {
        using Shield shield = TestShield.Build(
            configure: options =>
            {
                options.Callers.Capacity = 1;
                TestShield.SetLimits(options, queries: 10, TimeSpan.FromDays(1), burst: 10);
            },
            clock: new ManualTimeProvider());
        shield.AdmitRows(1, "known");
        Assert.True(shield.AdmitRows(4, "newcomer").IsAdmitted);
        Assert.False(shield.AdmitRows(7, "another newcomer").IsAdmitted);
        Assert.Equal((11, 5, 7), (shield.GetStatistics().TableFull, shield.GetStatistics().Admitted, shield.GetStatistics().Refused));

        // The middleware of ASP.NET Core asks twice for one request: the second time is the one that counts.
        using ShieldRateLimiter limiter = new(shield.GetHandle(shield.IdentifyCaller("a third")));
        Assert.False(limiter.AttemptAcquire(8).IsAcquired);
        Assert.False((await limiter.AcquireAsync(8)).IsAcquired);
        Assert.Equal((19, 5, 15), (shield.GetStatistics().TableFull, shield.GetStatistics().Admitted, shield.GetStatistics().Refused));
        Assert.True(limiter.AttemptAcquire(2).IsAcquired);
        Assert.Equal(21, shield.GetStatistics().TableFull);
    }

    [Fact]
    public void A_caller_never_has_more_repeats_than_queries()
    {
        using Shield shield = TestShield.Build();
        CallerKey caller = shield.IdentifyCaller("caller");
        shield.Admit(caller, [1]);
        int running = 1;
        Together.Run(2, number =>
        {
            for (int i = 0; number == 0 && i < 300_000; i++)
            {
                shield.Admit(caller, [1]);
            }

            if (number == 0)
            {
                Volatile.Write(ref running, 0);
            }

            while (Volatile.Read(ref running) > 0)
            {
                Assert.True(shield.TryGetCaller(caller, out CallerStatistics statistics));
                Assert.InRange(statistics.Repeated, 0, statistics.Admitted - 1);
            }
        });
        Assert.True(shield.TryGetCaller(caller, out CallerStatistics all));
        Assert.Equal((300_001, 300_000), (all.Admitted, all.Repeated));
    }

    [Fact]
    public void Latencies_are_those_of_completed_calls_within_a_64th()
    {
        ManualTimeProvider clock = new();
        using Shield shield = TestShield.Build(
            configure: options => TestShield.SetLimits(options, queries: 200, TimeSpan.FromDays(1), burst: 200), clock: clock);
        for (int i = 1; i <= 200; i++)
        {
            Admission admission = shield.AdmitRows(1);
            clock.AdvanceTimestamps(i * 10_000);
            shield.Complete(in admission);
        }

        Admission refused = shield.AdmitRows(200);
        Assert.False(refused.IsAdmitted);
        Assert.Throws<InvalidOperationException>(() => shield.Complete(in refused));
        Assert.Throws<InvalidOperationException>(() => shield.Complete(default));
        LatencySnapshot latency = shield.GetLatency();
        Assert.Equal((200, 2_000_000), (latency.Count, latency.Max));
        Assert.InRange(latency.P50, 1_000_000 * (1 - (1 / 64.0)), 1_000_000 * (1 + (1 / 64.0)));
        Assert.InRange(latency.P95, 1_900_000 * (1 - (1 / 64.0)), 1_900_000 * (1 + (1 / 64.0)));
        Assert.InRange(latency.P99, 1_980_000 * (1 - (1 / 64.0)), 1_980_000 * (1 + (1 / 64.0)));

        using Shield other = TestShield.Build();
        Admission foreign = other.AdmitRows(1);
        Assert.Throws<InvalidOperationException>(() => shield.Complete(in foreign));
        Assert.Equal((200, 0), (shield.GetLatency().Count, other.GetLatency().Count));
    }

    [Fact]
    public void A_call_that_only_would_have_been_refused_has_a_latency()
    {
        ManualTimeProvider clock = new();
        using Shield shield = TestShield.Build(
            configure: options =>
            {
                options.Mode = ShieldMode.ObserveOnly;
                TestShield.SetLimits(options, queries: 1, TimeSpan.FromDays(1), burst: 1);
            },
            clock: clock);
        shield.AdmitRows(1);
        Admission admission = shield.AdmitRows(1);
        Assert.True(admission.WouldBeRefused);
        clock.AdvanceTimestamps(5000);
        shield.Complete(in admission);
        Assert.Equal(new LatencySnapshot(1, 5000, 5000, 5000, 5000), shield.GetLatency());
    }

    private static void AssertWhole(ShieldStatistics statistics)
    {
        Assert.Equal(
            (7 * statistics.Calls, 7 * statistics.RefusedCalls, 100 * statistics.Calls, 0),
            (statistics.Admitted, statistics.Refused, statistics.Cost, statistics.WouldBeRefused % 7));
    }
}
