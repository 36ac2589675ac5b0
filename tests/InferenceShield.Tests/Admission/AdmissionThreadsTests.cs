namespace InferenceShield.Tests;

/// <summary>Limits of several levels under threads: never one query more, and none less once the threads have ended.</summary>
public sealed class AdmissionThreadsTests
{
    private const int ThreadCount = 8;
    private static readonly DateTimeOffset s_start = new(2028, 2, 29, 12, 0, 0, TimeSpan.Zero);

    /// <summary>Two tenants with two callers each, one network, one model; the tightest limit decides how much is admitted in all.</summary>
    public static TheoryData<string, long, Action<AdmissionOptions>> Tightest { get; } = new()
    {
        { "callers' rate", 4 * 500, options => options.PerCaller.Burst = 500 },
        { "callers' daily queries", 4 * 700, options => options.PerCaller.DailyQueries = 700 },
        { "tenants' rate", 2 * 1001, options => options.PerTenant!.Burst = 1001 },
        { "tenants' monthly queries", 2 * 900, options => options.PerTenant!.MonthlyQueries = 900 },
        { "network's rate", 1777, options => options.PerNetwork!.Burst = 1777 },
        { "network's daily cost", 1600, options => options.PerNetwork!.DailyCost = 3200 },
        { "model's rate", 1999, options => options.PerModel!.Burst = 1999 },
        { "model's monthly cost", 1500, options => options.PerModel!.MonthlyCost = 3000 },
        { "all at once", 1000, options =>
        {
            options.PerCaller.Burst = 250;
            options.PerTenant!.DailyQueries = 500;
            options.PerNetwork!.Burst = 1000;
            options.PerModel!.DailyCost = 2000;
        }
        },
    };

    [Theory]
    [MemberData(nameof(Tightest))]
    public void While_time_stands_all_threads_together_get_exactly_the_tightest_limit(string limit, long expected, Action<AdmissionOptions> configure)
    {
        using Shield shield = Build(new DatedTimeProvider(s_start), configure);
        CallerHandle[] callers = [.. Enumerable.Range(0, 4).Select(number => Handle(shield, number))];
        long admitted = 0;
        Threads.Run(ThreadCount, thread =>
        {
            for (int i = 0; i < 1500; i++)
            {
                if (shield.Admit(callers[(thread + i) % 4], [], 1).IsAdmitted)
                {
                    Interlocked.Increment(ref admitted);
                }
            }
        });

        // A thread may be refused while another's charge is about to be taken back. What is left of it must be there afterwards.
        Assert.InRange(admitted, expected * 9 / 10, expected);
        foreach (CallerHandle caller in callers)
        {
            while (shield.Admit(caller, [], 1).IsAdmitted)
            {
                admitted++;
            }
        }

        Assert.True(expected == admitted, $"{limit}: {admitted} admitted, {expected} expected.");
        Assert.Equal(admitted, shield.GetStatistics().Admitted);
        Assert.Equal(2 * admitted, shield.GetStatistics().Cost);
        Assert.True(shield.TryGetNetwork(callers[0].Network, out CallerStatistics network));
        Assert.Equal(admitted, network.Admitted);
        Assert.Equal(shield.GetStatistics().Refused, network.Refused);
    }

    [Fact]
    public void While_the_clock_runs_no_level_gets_more_than_its_burst_and_rate()
    {
        DatedTimeProvider clock = new(s_start);
        using Shield shield = Build(clock, options =>
        {
            options.PerCaller = new LimitOptions { Queries = 400, Period = TimeSpan.FromSeconds(1), Burst = 40 };
            options.Overflow = new RateOptions { Queries = 1, Period = TimeSpan.FromSeconds(1), Burst = 1 };
            options.PerTenant = new LimitOptions { Queries = 700, Period = TimeSpan.FromSeconds(1), Burst = 70 };
            options.PerNetwork = new LimitOptions { Queries = 1300, Period = TimeSpan.FromSeconds(1), Burst = 60 };
            options.PerModel = new LimitOptions { Queries = 1200, Period = TimeSpan.FromSeconds(1), Burst = 55 };
        });
        CallerHandle[] callers = [.. Enumerable.Range(0, 4).Select(number => Handle(shield, number))];
        const int Milliseconds = 4000;
        Threads.Run(ThreadCount, thread =>
        {
            for (int i = 0; i < Milliseconds; i++)
            {
                if (thread == 0)
                {
                    clock.Advance(TimeSpan.FromMilliseconds(1));
                }

                shield.Admit(callers[(thread + i) % 4], [], 1);
            }
        });
        Assert.InRange(shield.GetStatistics().Admitted, 55, 55 + (1200 * Milliseconds / 1000));
        foreach (CallerHandle caller in callers)
        {
            Assert.True(shield.TryGetCaller(caller.Caller, out CallerStatistics statistics));
            Assert.InRange(statistics.Admitted, 1, 40 + (400 * Milliseconds / 1000));
            Assert.True(shield.TryGetTenant(caller.Tenant, out statistics));
            Assert.InRange(statistics.Admitted, 1, 70 + (700 * Milliseconds / 1000));
        }
    }

    [Fact]
    public void On_the_system_clock_nobody_gets_more_than_burst_and_rate_and_one_tick_of_the_coarse_clock()
    {
        using Shield shield = Build(TimeProvider.System, options =>
        {
            options.PerCaller = new LimitOptions { Queries = 20_000, Period = TimeSpan.FromSeconds(1), Burst = 100 };
            options.Overflow = new RateOptions { Queries = 1, Period = TimeSpan.FromSeconds(1), Burst = 1 };
            options.PerModel = new LimitOptions { Queries = 30_000, Period = TimeSpan.FromSeconds(1), Burst = 120 };
        });
        CallerHandle[] callers = [.. Enumerable.Range(0, 2).Select(number => Handle(shield, number))];
        long start = TimeProvider.System.GetTimestamp();
        Threads.Run(ThreadCount, thread =>
        {
            // So many at the least: a busy processor may begin with a thread when the time is over.
            for (int admitted = 0; admitted < 100 || TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromMilliseconds(400);)
            {
                admitted += shield.Admit(callers[thread % 2], [], 1).IsAdmitted ? 1 : 0;
            }
        });
        double seconds = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        const double Tick = 0.016;
        Assert.InRange(shield.GetStatistics().Admitted, 120, 120 + (30_000 * (seconds + Tick)));
        foreach (CallerHandle caller in callers)
        {
            Assert.True(shield.TryGetCaller(caller.Caller, out CallerStatistics statistics));
            Assert.InRange(statistics.Admitted, 100, 100 + (20_000 * (seconds + Tick)));
        }
    }

    private static CallerHandle Handle(Shield shield, int number) => shield.GetHandle(
        shield.IdentifyCaller($"caller {number}"), shield.IdentifyCaller($"tenant {number % 2}"), shield.IdentifyCaller("network"));

    private static Shield Build(TimeProvider clock, Action<AdmissionOptions> configure) => TestShield.Build(
        configure: options =>
        {
            options.Admission = new AdmissionOptions
            {
                PerCaller = Wide(),
                PerTenant = Wide(),
                PerNetwork = Wide(),
                PerModel = Wide(),
                Price = new PriceOptions { PerQuery = 2 },
                MaxRowsPerCall = 1,
                Overflow = new RateOptions { Queries = 1, Period = TimeSpan.FromDays(1), Burst = 1 },
            };
            configure(options.Admission);
        },
        clock: clock);

    private static LimitOptions Wide() => new() { Queries = 10, Period = TimeSpan.FromHours(1), Burst = 50_000 };
}
