using System.Numerics;
using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

public sealed class GcraTests
{
    private static readonly Gen<RateOptions> s_rates =
        from queries in Gen.Elements(1, 2, 3, 7, 10, 60, 1000, 999_983)
        from period in Gen.Elements(1L, 17, 1000, 60_000, 3_600_000, 86_400_000)
        from burst in Gen.Frequency((3, Gen.Choose(1, 5)), (1, Gen.Choose(6, 300)))
        where queries <= period * 1000
        select new RateOptions { Queries = queries, Period = TimeSpan.FromMilliseconds(period), Burst = burst };

    [Fact]
    public void Decides_as_a_token_bucket_in_exact_arithmetic()
    {
        // Steps in thousandths of what one query costs, so that every sequence meets the edge from both sides.
        Gen<(RateOptions Rate, (int Thousandths, int Extra, int Rows)[] Steps)> cases =
            from rate in s_rates
            from steps in Properties.Sequences(
                from thousandths in Gen.Frequency((2, Gen.Constant(0)), (3, Gen.Choose(0, 1500)), (2, Gen.Constant(1000)), (1, Gen.Choose(0, 400_000)))
                from extra in Gen.Elements(-Gcra.Quantum, 0, Gcra.Quantum)
                from rows in Gen.Frequency((3, Gen.Constant(1)), (1, Gen.Choose(1, 6)), (1, Gen.Choose(1, rate.Burst)))
                select (thousandths, extra, Math.Min(rows, rate.Burst)), 120)
            select (rate, steps);
        Properties.Hold(cases, test =>
        {
            Gcra gcra = new(test.Rate);
            BigInteger period = new BigInteger(test.Rate.Period.Ticks) * 100;
            BigInteger quantum = new BigInteger(test.Rate.Queries) * Gcra.Quantum;
            BigInteger cost = (period + quantum - 1) / quantum * Gcra.Quantum;
            BigInteger full = cost * test.Rate.Burst;
            BigInteger level = full;
            long now = 0;
            long state = 0;
            foreach ((int thousandths, int extra, int rows) in test.Steps)
            {
                long step = Math.Max(0, (long)(cost * thousandths / 1000) + extra) & -Gcra.Quantum;
                now += step;
                level = BigInteger.Min(full, level + step);
                BigInteger price = cost * rows;
                bool expected = level >= price;
                Assert.Equal(expected, gcra.TryCharge(ref state, now, rows, out long wait));
                Assert.Equal(expected ? 0 : price - level, wait);
                level -= expected ? price : 0;
            }
        }, tests: 400);
    }

    [Fact]
    public void Never_admits_more_than_burst_and_rate_allow_and_a_rested_caller_no_less()
    {
        Properties.Hold(s_rates, rate =>
        {
            Gcra gcra = new(rate);
            long state = 0;
            long now = 0;
            BigInteger admitted = 0;
            BigInteger period = new BigInteger(rate.Period.Ticks) * 100;
            for (int i = 0; i < 2000; i++)
            {
                if (gcra.TryCharge(ref state, now, 1, out long wait))
                {
                    admitted++;
                    Assert.True((admitted - rate.Burst) * period <= new BigInteger(now) * rate.Queries);
                }
                else
                {
                    now += wait;
                }
            }

            // Whoever asks as soon as he may gets all but what rounding a query's cost up to a quantum takes.
            Assert.True((admitted + 1 - rate.Burst) * (period + (rate.Queries * Gcra.Quantum)) >= new BigInteger(now) * rate.Queries);
        }, tests: 100);
    }

    [Fact]
    public void A_query_costs_its_share_of_the_period_rounded_up()
    {
        Assert.Equal(333_333_336, Gcra.IncrementOf(new RateOptions { Queries = 3, Period = TimeSpan.FromSeconds(1), Burst = 1 }));
        Assert.Equal(3_600_000_000, Gcra.IncrementOf(new RateOptions { Queries = 1000, Period = TimeSpan.FromHours(1), Burst = 1 }));
        Assert.Equal(1000, Gcra.IncrementOf(new RateOptions { Queries = 1_000_000, Period = TimeSpan.FromSeconds(1), Burst = 1 }));
        Assert.Equal(31L * 86_400 * 1_000_000_000, Gcra.IncrementOf(new RateOptions { Queries = 1, Period = TimeSpan.FromDays(31), Burst = 1 }));
    }

    [Fact]
    public void The_slowest_rate_and_largest_burst_allowed_do_not_overflow()
    {
        // 366 days to refill, asked after 30 years.
        Gcra gcra = new(new RateOptions { Queries = 1, Period = TimeSpan.FromDays(6), Burst = 61 });
        long state = 0;
        long now = 30L * 365 * 86_400 * 1_000_000_000;
        Assert.True(gcra.TryCharge(ref state, now, 61, out _));
        Assert.False(gcra.TryCharge(ref state, now, 61, out long wait));
        Assert.Equal(366L * 86_400 * 1_000_000_000, wait);
    }

    [Fact]
    public void No_charge_refund_raise_or_restatement_touches_the_count()
    {
        Gcra gcra = new(new RateOptions { Queries = 10, Period = TimeSpan.FromSeconds(1), Burst = 100 });
        Gcra tighter = new(new RateOptions { Queries = 1, Period = TimeSpan.FromSeconds(7), Burst = 100 });
        for (long count = 0; count <= Gcra.CountMask; count++)
        {
            long counted = count;
            long plain = 0;
            Assert.Equal(count < Gcra.CountMask, gcra.TryChargeOne(ref counted, 4000));
            Assert.Equal(count < Gcra.CountMask ? count + 1 : count, Gcra.CountOf(counted));
            Assert.Equal(count < Gcra.CountMask ? 100_004_000 : 0, Gcra.TimeOf(counted));
            counted = count;
            Both(gcra.TryCharge(ref counted, 4000, 3, out _), gcra.TryCharge(ref plain, 4000, 3, out _));
            tighter.Restate(ref counted, gcra, 8000);
            tighter.Restate(ref plain, gcra, 8000);
            Both(counted - count, plain);
            tighter.Refund(ref counted, 2, 8000, clock: null);
            tighter.Refund(ref plain, 2, 8000, clock: null);
            Both(counted - count, plain);
            Gcra.Raise(ref counted, 60_000_000_000);
            Gcra.Raise(ref plain, 60_000_000_000);
            Both(counted - count, plain);
            Both(60_000_000_000, Gcra.TimeOf(counted));
            Both(tighter.WaitFor(counted, 4, 90), tighter.WaitFor(plain, 4, 90));
        }

        static void Both<T>(T expected, T actual) => Assert.Equal(expected, actual);
    }

    [Fact]
    public void A_restated_debt_is_rounded_up_to_a_quantum_and_never_forgiven()
    {
        Gcra slow = new(new RateOptions { Queries = 1, Period = TimeSpan.FromTicks(3), Burst = 5 });
        Gcra fast = new(new RateOptions { Queries = 1, Period = TimeSpan.FromTicks(1), Burst = 5 });
        for (long debt = Gcra.Quantum; debt <= 300; debt += Gcra.Quantum)
        {
            long word = Gcra.WordOf(8_000 + debt);
            fast.Restate(ref word, slow, 8_000);
            Assert.InRange(3 * (Gcra.TimeOf(word) - 8_000), debt, debt + (3 * Gcra.Quantum));
        }
    }

    [Fact]
    public void One_query_is_charged_as_any_number()
    {
        Gcra gcra = new(new RateOptions { Queries = 3, Period = TimeSpan.FromMilliseconds(17), Burst = 5 });
        Random random = new(5);
        long one = 0;
        long any = 0;
        long now = 0;
        for (int i = 0; i < 10_000; i++)
        {
            now += random.Next(4) * 1_000_000L;
            one &= ~Gcra.CountMask;
            bool expected = gcra.TryCharge(ref any, now, 1, out _);
            Assert.Equal(expected, gcra.TryChargeOne(ref one, now));
            Assert.Equal((Gcra.TimeOf(any), expected ? 1 : 0), (Gcra.TimeOf(one), Gcra.CountOf(one)));
        }
    }

    [Fact]
    public void A_refusal_leaves_the_state_as_it_was()
    {
        Gcra gcra = new(new RateOptions { Queries = 1, Period = TimeSpan.FromSeconds(1), Burst = 2 });
        long state = 0;
        Assert.True(gcra.TryCharge(ref state, 5, 2, out _));
        long before = state;
        Assert.False(gcra.TryCharge(ref state, 5, 1, out _));
        Assert.Equal(before, state);
    }

    [Fact]
    public void A_clock_that_steps_back_lends_no_time()
    {
        Gcra gcra = new(new RateOptions { Queries = 1, Period = TimeSpan.FromSeconds(1), Burst = 3 });
        const long Second = 1_000_000_000;
        long state = 0;
        Assert.True(gcra.TryCharge(ref state, 10 * Second, 3, out _));
        Assert.False(gcra.TryCharge(ref state, 4 * Second, 1, out long wait));
        Assert.Equal(7 * Second, wait);
        Assert.False(gcra.TryCharge(ref state, (11 * Second) - 1, 1, out _));
        Assert.True(gcra.TryCharge(ref state, 11 * Second, 1, out _));
        Assert.False(gcra.TryCharge(ref state, 11 * Second, 1, out _));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public void Threads_together_get_exactly_the_burst_while_time_stands(int rows)
    {
        Gcra gcra = new(new RateOptions { Queries = 1, Period = TimeSpan.FromSeconds(1), Burst = 10_003 });
        long state = 0;
        long admitted = 0;
        Threads.Run(8, _ =>
        {
            long mine = 0;
            for (int i = 0; i < 5000; i++)
            {
                mine += gcra.TryCharge(ref state, 77, rows, out long _) ? rows : 0;
            }

            Interlocked.Add(ref admitted, mine);
        });
        Assert.Equal(10_003 / rows * rows, admitted);
    }
}
