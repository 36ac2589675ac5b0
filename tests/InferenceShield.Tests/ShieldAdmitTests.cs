using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Logging;

namespace InferenceShield.Tests;

/// <summary>Shield.Admit: who may ask, how often, and what is counted.</summary>
public sealed class ShieldAdmitTests
{
    private static readonly TimeSpan s_tick = TimeSpan.FromTicks(1);

    [Fact]
    public void A_refused_caller_is_refused_at_every_instant_before_the_stated_wait_and_admitted_at_it()
    {
        Gen<(int Queries, int PeriodMs, int Burst, int[] Rows, int Probes)> cases =
            from queries in Gen.Elements(1, 3, 7, 60, 1000)
            from period in Gen.Elements(1, 1000, 3_600_000)
            from burst in Gen.Choose(1, 20)
            from rows in Properties.Sequences(Gen.Choose(1, burst), 12)
            from probes in Gen.Choose(2, 30)
            select (queries, period, burst, rows, probes);
        Properties.Hold(cases, test =>
        {
            ManualTimeProvider clock = new(TimeSpan.TicksPerSecond);
            using Shield shield = Limited(test.Queries, TimeSpan.FromMilliseconds(test.PeriodMs), test.Burst, clock);
            foreach (int rows in test.Rows)
            {
                Admission first = shield.AdmitRows(rows);
                if (first.IsAdmitted)
                {
                    Assert.Equal(TimeSpan.Zero, first.RetryAfter);
                    Assert.Equal(AdmissionReason.WithinLimits, first.Reason);
                    continue;
                }

                Assert.Equal(AdmissionReason.Rate, first.Reason);
                Assert.True(first.RetryAfter > TimeSpan.Zero);
                Assert.True(first.RetryAfterSeconds >= 1);
                TimeSpan waited = TimeSpan.Zero;
                IEnumerable<TimeSpan> instants = Enumerable.Range(1, test.Probes)
                    .Select(i => TimeSpan.FromTicks((first.RetryAfter.Ticks - 1) * i / test.Probes));
                foreach (TimeSpan instant in instants)
                {
                    clock.Advance(instant - waited);
                    waited = instant;
                    Admission again = shield.AdmitRows(rows);
                    Assert.False(again.IsAdmitted);
                    Assert.Equal(first.RetryAfter - waited, again.RetryAfter);
                }

                clock.Advance(first.RetryAfter - waited);
                Assert.True(shield.AdmitRows(rows).IsAdmitted);
            }
        });
    }

    [Theory]
    [InlineData(1_000_000_000)]
    [InlineData(3_579_545)]
    [InlineData(1_193_182)]
    public void The_stated_wait_is_enough_on_clocks_of_any_frequency(long frequency)
    {
        ManualTimeProvider clock = new(frequency);
        using Shield shield = Limited(queries: 7, TimeSpan.FromSeconds(1), burst: 1, clock);
        for (int i = 0; i < 500; i++)
        {
            Assert.True(shield.AdmitRows(1).IsAdmitted);
            TimeSpan wait = shield.AdmitRows(1).RetryAfter;

            // The last timestamp that is at least TimeSpan's resolution before the wait, and the first that is not before it.
            BigInteger exact = new BigInteger(wait.Ticks) * frequency;
            long early = (long)((exact - frequency) / TimeSpan.TicksPerSecond);
            long enough = (long)((exact + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond);
            clock.AdvanceTimestamps(early);
            Assert.False(shield.AdmitRows(1).IsAdmitted);
            clock.AdvanceTimestamps(enough - early);
        }
    }

    [Fact]
    public void A_rested_caller_gets_exactly_the_burst_at_once()
    {
        ManualTimeProvider clock = new();
        using Shield shield = Limited(queries: 60, TimeSpan.FromMinutes(1), burst: 17, clock);
        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < 17; i++)
            {
                Assert.True(shield.AdmitRows(1).IsAdmitted);
            }

            Assert.False(shield.AdmitRows(1).IsAdmitted);
            clock.Advance(TimeSpan.FromSeconds(17)); // refilled to the brim, and no further however long it rests
            clock.Advance(TimeSpan.FromDays(round));
        }
    }

    [Fact]
    public void The_sustained_rate_is_exact_over_months()
    {
        ManualTimeProvider clock = new();
        using Shield shield = Limited(queries: 10, TimeSpan.FromHours(1), burst: 5, clock);
        CallerKey caller = shield.IdentifyCaller("caller");
        TimeSpan end = TimeSpan.FromDays(90);
        long admitted = 0;
        for (TimeSpan now = TimeSpan.Zero; now <= end;)
        {
            Admission admission = shield.Admit(caller, [], 1);
            if (admission.IsAdmitted)
            {
                admitted++;
                continue;
            }

            now += admission.RetryAfter;
            clock.Advance(admission.RetryAfter);
        }

        Assert.Equal(5 + (90 * 24 * 10), admitted);
    }

    [Fact]
    public void A_refusal_charges_nothing()
    {
        ManualTimeProvider clock = new();
        using Shield shield = Limited(queries: 1, TimeSpan.FromSeconds(1), burst: 3, clock);
        Assert.True(shield.AdmitRows(3).IsAdmitted);
        for (int i = 0; i < 1000; i++)
        {
            Assert.False(shield.AdmitRows(1 + (i % 3)).IsAdmitted);
        }

        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(shield.AdmitRows(1).IsAdmitted);
        Assert.Equal(new CallerStatistics { Calls = 2, Admitted = 4, RefusedCalls = 1000, Refused = 1999, Repeated = 3, Cost = 4 }, Statistics(shield, "caller"));
    }

    [Fact]
    public void A_batch_is_charged_as_its_rows_and_admitted_whole_or_not_at_all()
    {
        Gen<(int Burst, int[] Rows)> cases =
            from burst in Gen.Choose(1, 50)
            from rows in Properties.Sequences(Gen.Choose(1, burst), 20)
            select (burst, rows);
        Properties.Hold(cases, test =>
        {
            ManualTimeProvider clock = new();
            using Shield shield = Limited(queries: 1, TimeSpan.FromHours(1), test.Burst, clock);
            int left = test.Burst;
            foreach (int rows in test.Rows)
            {
                Admission admission = shield.AdmitRows(rows);
                Assert.Equal(rows <= left, admission.IsAdmitted);
                Assert.Equal(rows, admission.Rows);
                left -= admission.IsAdmitted ? rows : 0;
            }

            // What is left is what single rows get.
            for (; left > 0; left--)
            {
                Assert.True(shield.AdmitRows(1).IsAdmitted);
            }

            Assert.False(shield.AdmitRows(1).IsAdmitted);
        });
    }

    [Fact]
    public void Eight_threads_of_one_caller_get_exactly_the_burst_while_time_stands()
    {
        ManualTimeProvider clock = new();
        using Shield shield = Limited(queries: 1000, TimeSpan.FromSeconds(1), burst: 5000, clock);
        CallerKey caller = shield.IdentifyCaller("caller");
        for (int round = 1; round <= 3; round++)
        {
            long admitted = 0;
            Threads.Run(8, _ =>
            {
                long mine = 0;
                for (int i = 0; i < 2500; i++)
                {
                    mine += shield.Admit(caller, [], 1).IsAdmitted ? 1 : 0;
                }

                Interlocked.Add(ref admitted, mine);
            });
            Assert.Equal(5000, admitted);
            ShieldStatistics statistics = shield.GetStatistics();
            Assert.Equal((5000L * round, 15_000L * round), (statistics.Admitted, statistics.Refused));
            clock.Advance(TimeSpan.FromSeconds(5));
        }
    }

    [Fact]
    public void Eight_threads_never_get_more_than_burst_and_rate_while_the_clock_runs()
    {
        ManualTimeProvider clock = new();
        using Shield shield = Limited(queries: 1000, TimeSpan.FromSeconds(1), burst: 50, clock);
        CallerKey caller = shield.IdentifyCaller("caller");
        long admitted = 0;
        Threads.Run(8, thread =>
        {
            for (int i = 0; i < 4000; i++)
            {
                if (thread == 0)
                {
                    clock.Advance(TimeSpan.FromMilliseconds(1));
                }

                if (shield.Admit(caller, [], 1).IsAdmitted)
                {
                    Interlocked.Increment(ref admitted);
                }
            }
        });
        Assert.InRange(admitted, 50, 50 + 4000);
        Assert.Equal(admitted, shield.GetStatistics().Admitted);
    }

    [Fact]
    public void A_clock_that_steps_back_lends_no_time()
    {
        ManualTimeProvider clock = new();
        using Shield shield = Limited(queries: 1, TimeSpan.FromSeconds(1), burst: 2, clock);
        clock.Advance(TimeSpan.FromSeconds(100));
        Assert.True(shield.AdmitRows(2).IsAdmitted);
        clock.Advance(TimeSpan.FromSeconds(-50));
        Admission denied = shield.AdmitRows(1);
        Assert.False(denied.IsAdmitted);
        Assert.Equal(TimeSpan.FromSeconds(51), denied.RetryAfter);
        clock.Advance(TimeSpan.FromSeconds(-1000));
        Assert.False(shield.AdmitRows(1).IsAdmitted);
        clock.Advance(TimeSpan.FromSeconds(1050 + 1));
        Assert.True(shield.AdmitRows(1).IsAdmitted);
        Assert.False(shield.AdmitRows(1).IsAdmitted);
    }

    [Fact]
    public void Callers_have_budgets_of_their_own()
    {
        using Shield shield = Limited(queries: 1, TimeSpan.FromHours(1), burst: 2, new ManualTimeProvider());
        Assert.True(shield.AdmitRows(2, "alice").IsAdmitted);
        Assert.False(shield.AdmitRows(1, "alice").IsAdmitted);
        Assert.True(shield.AdmitRows(2, "bob").IsAdmitted);
        Assert.Equal(2, shield.GetStatistics().Callers);
        Assert.Equal(new CallerStatistics { Calls = 1, Admitted = 2, RefusedCalls = 1, Refused = 1, Repeated = 1, Cost = 2 }, Statistics(shield, "alice"));
        Assert.Equal(new CallerStatistics { Calls = 1, Admitted = 2, Repeated = 1, Cost = 2 }, Statistics(shield, "bob"));
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(-1, "-1")]
    [InlineData(17, "17")]
    [InlineData(1_000_000, "1,000,000")]
    public void A_batch_of_a_size_no_waiting_would_help_is_an_error(int rows, string text)
    {
        using Shield shield = Limited(queries: 1, TimeSpan.FromHours(1), burst: 16, new ManualTimeProvider());
        CallerKey caller = shield.IdentifyCaller("caller");
        string message = Assert.Throws<InvalidQueryException>(() => shield.Admit(caller, new byte[16], rows)).Message;
        Assert.Equal($"The batch has {text} rows; one call may hold 1 to 16. Split it into several calls.", message);
        if (rows >= 0)
        {
            Assert.Throws<InvalidQueryException>(() => shield.Admit(caller, new InputDigest[rows]));
        }

        Assert.False(shield.TryGetCaller(caller, out _));
        Assert.True(shield.Admit(caller, new byte[16], 16).IsAdmitted);
    }

    [Fact]
    public void The_largest_batch_can_be_set_below_the_burst()
    {
        using Shield shield = TestShield.Build(configure: options => options.Admission.MaxRowsPerCall = 4);
        Assert.Equal(4, shield.MaxRowsPerCall);
        Assert.True(shield.AdmitRows(4).IsAdmitted);
        Assert.Throws<InvalidQueryException>(() => shield.AdmitRows(5));
    }

    [Fact]
    public void Bytes_that_do_not_divide_into_rows_are_a_misuse()
    {
        using Shield shield = TestShield.Build();
        CallerKey caller = shield.IdentifyCaller("caller");
        ArgumentException exception = Assert.Throws<ArgumentException>(() => shield.Admit(caller, new byte[10], 3));
        Assert.StartsWith("The input has 10 bytes, which is not a multiple of its 3 rows.", exception.Message, StringComparison.Ordinal);
        Assert.False(shield.TryGetCaller(caller, out _));
    }

    [Fact]
    public void Repeats_of_the_latest_query_are_counted_row_by_row()
    {
        using Shield shield = TestShield.Build();
        CallerKey caller = shield.IdentifyCaller("caller");
        byte[] a = [1, 2, 3, 4];
        byte[] b = [1, 2, 3, 5];
        shield.Admit(caller, a);
        Assert.Equal(0, Statistics(shield, "caller").Repeated);
        shield.Admit(caller, a);
        Assert.Equal(1, Statistics(shield, "caller").Repeated);
        shield.Admit(caller, b);
        shield.Admit(caller, a);
        Assert.Equal(1, Statistics(shield, "caller").Repeated);
        shield.Admit(caller, [.. a, .. a, .. b, .. b], rows: 4);
        Assert.Equal(4, Statistics(shield, "caller").Repeated);
        shield.Admit(shield.IdentifyCaller("other"), b);
        Assert.Equal(0, Statistics(shield, "other").Repeated);
    }

    [Fact]
    public void Digests_and_bytes_of_the_same_rows_are_the_same_query()
    {
        using Shield shield = TestShield.Build();
        CallerKey caller = shield.IdentifyCaller("caller");
        byte[] rows = [1, 2, 3, 4];
        shield.Admit(caller, rows, rows: 2);
        Admission admission = shield.Admit(caller, [shield.Digest([3, 4]), shield.Digest([3, 4])]);
        Assert.True(admission.IsAdmitted);
        Assert.Equal(2, admission.Rows);
        Assert.Equal(new CallerStatistics { Calls = 2, Admitted = 4, Repeated = 2, Cost = 4 }, Statistics(shield, "caller"));
    }

    [Fact]
    public void Queries_that_differ_in_the_first_of_several_inputs_are_no_repeats()
    {
        using Shield shield = TestShield.Build();
        CallerKey caller = shield.IdentifyCaller("caller");
        shield.Admit(caller, [shield.Digest(shield.Digest([1]), [9])]);
        shield.Admit(caller, [shield.Digest(shield.Digest([2]), [9])]);
        Assert.Equal(0, Statistics(shield, "caller").Repeated);
        shield.Admit(caller, [shield.Digest(shield.Digest([2]), [9])]);
        Assert.Equal(1, Statistics(shield, "caller").Repeated);
    }

    [Fact]
    public void Digests_are_charged_and_refused_as_rows()
    {
        using Shield shield = Limited(queries: 1, TimeSpan.FromHours(1), burst: 3, new ManualTimeProvider());
        CallerKey caller = shield.IdentifyCaller("caller");
        InputDigest digest = shield.Digest([1]);
        Assert.True(shield.Admit(caller, [digest, digest]).IsAdmitted);
        Admission denied = shield.Admit(caller, [digest, digest]);
        Assert.False(denied.IsAdmitted);
        Assert.Equal(TimeSpan.FromHours(1), denied.RetryAfter);
        Assert.True(shield.Admit(caller, [digest]).IsAdmitted);
        Assert.Equal(new CallerStatistics { Calls = 2, Admitted = 3, RefusedCalls = 1, Refused = 2, Repeated = 2, Cost = 3 }, Statistics(shield, "caller"));
    }

    [Fact]
    public void An_unknown_caller_has_no_statistics_and_asking_does_not_make_one()
    {
        using Shield shield = TestShield.Build();
        Assert.False(shield.TryGetCaller(shield.IdentifyCaller("nobody"), out CallerStatistics statistics));
        Assert.Equal(default, statistics);
        Assert.Equal(0, shield.GetStatistics().Callers);
    }

    [Fact]
    public void Newcomers_to_a_full_table_share_one_strict_bucket_and_known_callers_keep_their_own()
    {
        ManualTimeProvider clock = new();
        using Shield shield = Crowded(clock);
        Fill(shield);

        Assert.Equal(1, shield.CallerTableLoad);
        Assert.True(shield.AdmitRows(1, "newcomer 1").IsAdmitted);
        Assert.True(shield.AdmitRows(1, "newcomer 2").IsAdmitted);
        Admission denied = shield.AdmitRows(1, "newcomer 3");
        Assert.False(denied.IsAdmitted);
        Assert.Equal(AdmissionReason.CallerTableFull, denied.Reason);
        Assert.Equal(TimeSpan.FromMinutes(10), denied.RetryAfter);

        Assert.True(shield.AdmitRows(7, "known 0").IsAdmitted);
        Assert.Equal(AdmissionReason.Rate, shield.AdmitRows(7, "known 0").Reason);

        clock.Advance(TimeSpan.FromMinutes(10));
        Assert.True(shield.AdmitRows(1, "newcomer 3").IsAdmitted);
        Assert.False(shield.AdmitRows(1, "newcomer 1").IsAdmitted);
        Assert.False(shield.TryGetCaller(shield.IdentifyCaller("newcomer 1"), out _));

        ShieldStatistics statistics = shield.GetStatistics();
        Assert.Equal(5, statistics.TableFull);
        Assert.Equal(2 + 7, statistics.Refused);
        Assert.Equal(4, statistics.Callers);
    }

    [Fact]
    public void A_batch_larger_than_the_shared_bucket_is_refused_by_value_and_charges_nothing()
    {
        using Shield shield = Crowded(new ManualTimeProvider());
        Fill(shield);
        Admission denied = shield.AdmitRows(3, "newcomer");
        Assert.False(denied.IsAdmitted);
        Assert.Equal(AdmissionReason.CallerTableFull, denied.Reason);
        Assert.Equal(TimeSpan.FromHours(1), denied.RetryAfter);
        Assert.True(shield.AdmitRows(2, "newcomer").IsAdmitted);
        Assert.Equal((5L, 3L), (shield.GetStatistics().TableFull, shield.GetStatistics().Refused));
    }

    [Fact]
    public void A_full_table_is_logged_at_most_once_a_minute()
    {
        ManualTimeProvider clock = new();
        using RecordingLoggerFactory logger = new();
        using Shield shield = Crowded(clock, logger);
        Fill(shield);
        Assert.Empty(logger.Messages("CallerTableFull"));
        for (int i = 0; i < 100; i++)
        {
            shield.AdmitRows(1, $"newcomer {i}");
        }

        Assert.Equal(
            "Shield 'model': a table of callers (4), tenants or networks is full; newcomers share one bucket. Raise Callers:Capacity, TenantCapacity or NetworkCapacity if they are honest",
            Assert.Single(logger.Messages("CallerTableFull")));
        Assert.Contains(logger.Entries, entry => entry is { Level: LogLevel.Warning, Event.Name: "CallerTableFull" });
        clock.Advance(TimeSpan.FromSeconds(60) - s_tick);
        shield.AdmitRows(1, "newcomer");
        Assert.Single(logger.Messages("CallerTableFull"));
        clock.Advance(s_tick);
        Threads.Run(8, thread => shield.AdmitRows(1, $"newcomer of thread {thread}"));
        Assert.Equal(2, logger.Messages("CallerTableFull").Length);
        Assert.Equal(100 + 1 + 8, shield.GetStatistics().TableFull);
    }

    [Fact]
    public void Nothing_that_is_logged_names_a_caller()
    {
        using RecordingLoggerFactory logger = new();
        using Shield shield = Crowded(new ManualTimeProvider(), logger);
        Fill(shield);
        shield.AdmitRows(1, "new-here");
        Assert.NotEmpty(logger.Entries);
        Assert.All(logger.Entries, entry => Assert.DoesNotContain("known", entry.Message));
        Assert.All(logger.Entries, entry => Assert.DoesNotContain("new-here", entry.Message));
        Assert.All(logger.Entries, entry => Assert.DoesNotContain("caller:", entry.Message));
    }

    [Fact]
    public void A_disposed_shield_answers_nobody()
    {
        Shield shield = TestShield.Build();
        CallerKey caller = shield.IdentifyCaller("caller");
        shield.Dispose();
        shield.Dispose();
        Assert.Throws<ObjectDisposedException>(() => shield.IdentifyCaller("caller"));
        Assert.Throws<ObjectDisposedException>(() => shield.IdentifyCaller("caller"u8));
        Assert.Throws<ObjectDisposedException>(() => shield.Admit(caller, [], 1));
        Assert.Throws<ObjectDisposedException>(() => shield.Admit(caller, [default(InputDigest)]));
        Assert.Throws<ObjectDisposedException>(() => shield.Digest([1]));
        Assert.Throws<ObjectDisposedException>(() => shield.Digest(default(InputDigest), [1]));
        Assert.Throws<ObjectDisposedException>(() => shield.Reload(TestShield.Options()));
    }

    private static Shield Limited(int queries, TimeSpan period, int burst, TimeProvider clock) =>
        TestShield.Build(configure: options => TestShield.SetLimits(options, queries, period, burst), clock: clock);

    /// <summary>Room for four callers; newcomers share 6 queries an hour and a burst of 2.</summary>
    private static Shield Crowded(TimeProvider clock, RecordingLoggerFactory? logger = null) => TestShield.Build(
        configure: options =>
        {
            options.Callers.Capacity = 4;
            options.Admission.PerCaller = new LimitOptions { Queries = 60, Period = TimeSpan.FromHours(1), Burst = 8 };
            options.Admission.Overflow = new RateOptions { Queries = 6, Period = TimeSpan.FromHours(1), Burst = 2 };
        },
        clock: clock,
        logger: logger);

    private static void Fill(Shield shield)
    {
        for (int i = 0; i < 4; i++)
        {
            // With an override, even one that changes nothing, its record is never given to a newcomer.
            shield.Overrides.Set(shield.IdentifyCaller($"known {i}"), new CallerOverride());
            Assert.True(shield.AdmitRows(1, $"known {i}").IsAdmitted);
        }
    }

    private static CallerStatistics Statistics(Shield shield, string caller)
    {
        Assert.True(shield.TryGetCaller(shield.IdentifyCaller(caller), out CallerStatistics statistics));
        return statistics;
    }
}
