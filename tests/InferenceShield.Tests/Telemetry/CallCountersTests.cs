using System.Reflection;
using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests.Telemetry;

/// <summary>Calls counted by many threads: exact sums, and no reading with half a call.</summary>
public sealed class CallCountersTests
{
    [Fact]
    public void Counts_are_the_sums_over_the_calls()
    {
        Gen<(int Rows, int Cost, bool Admitted)[]> calls = Properties.Sequences(
            from rows in Gen.Frequency((1, Gen.Constant(1)), (2, Gen.Choose(1, 1000)))
            from cost in Gen.Frequency((1, Gen.Constant(1)), (1, Gen.Constant(0)), (2, Gen.Choose(0, 1_000_000)))
            from admitted in Gen.Elements(true, false)
            select (rows, cost, admitted),
            40);
        Properties.Hold(calls, sequence =>
        {
            CallCounters counters = default;
            CallCounts expected = default;
            long word = Gcra.WordOf(400);
            foreach ((int rows, int cost, bool admitted) in sequence)
            {
                if (admitted)
                {
                    expected += new CallCounts(1, rows, 0, 0, cost);
                    CountAdmitted(ref counters, ref word, rows, cost);
                }
                else
                {
                    expected += new CallCounts(0, 0, 1, rows, 0);
                    counters.CountRefused(rows);
                }

                Assert.Equal(expected, counters.Read(in word));
                Assert.Equal(expected.Admitted, counters.AdmittedWith(in word));
            }

            CallerRecord record = new() { Counters = counters, Arrival = word };
            Assert.False(record.TryClear(word ^ 1, out long taken));
            Assert.Equal((0, word), (taken, record.Arrival));
            Assert.True(record.TryClear(word, out taken));
            Assert.Equal((expected.Admitted, 400), (taken, Gcra.TimeOf(record.Arrival)));
            (counters, word) = (record.Counters, record.Arrival);
            Assert.Equal(default, counters.Read(in word));
            counters.CountAdmitted(3, 30);
            Assert.Equal(new CallCounts(1, 3, 0, 0, 30), counters.Read(in word));
        });
    }

    [Fact]
    public void What_is_taken_back_is_taken_from_the_sum_wherever_it_was_counted()
    {
        for (int calls = 1; calls <= 70; calls++)
        {
            CallCounters counters = default;
            long word = 0;
            for (int i = 0; i < calls; i++)
            {
                CountAdmitted(ref counters, ref word, 1, 1);
            }

            counters.Uncount(ref word);
            Assert.Equal(0, Gcra.TimeOf(word));
            Assert.Equal(new CallCounts(calls - 1, calls - 1, 0, 0, calls - 1), counters.Read(in word));
        }
    }

    [Fact]
    public void What_is_taken_back_after_the_word_was_taken_over_is_taken_from_the_counters()
    {
        CallCounters counters = default;
        long word = Gcra.WordOf(4_000) + 3;
        counters.TakeOver(ref word, word);
        Assert.Equal(Gcra.WordOf(4_000), word);
        counters.Uncount(ref word);
        Assert.Equal(Gcra.WordOf(4_000), word);
        Assert.Equal(new CallCounts(2, 2, 0, 0, 2), counters.Read(in word));
    }

    [Fact]
    public void Eight_threads_with_any_rows_and_costs_lose_nothing()
    {
        CallCounters counters = default;
        CallCounts[] done = new CallCounts[8];
        Together.Run(done.Length, number =>
        {
            Random random = new(number);
            CallCounts own = default;
            for (int i = 0; i < 100_000; i++)
            {
                int rows = random.Next(4) == 0 ? random.Next(1, 50) : 1;
                if (random.Next(3) == 0)
                {
                    counters.CountRefused(rows);
                    own += new CallCounts(0, 0, 1, rows, 0);
                }
                else
                {
                    int cost = random.Next(2) == 0 ? 1 : random.Next(1000);
                    counters.CountAdmitted(rows, cost);
                    own += new CallCounts(1, rows, 0, 0, cost);
                }
            }

            done[number] = own;
        });
        Assert.Equal(done.Aggregate((left, right) => left + right), counters.Read());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void No_reading_holds_part_of_a_call(bool clearing)
    {
        // Where the processors are busy, the reader may get none of them before the writers are done: then once more.
        int readings = 0;
        for (int attempt = 0; attempt < 20 && readings <= 20; attempt++)
        {
            readings += ReadWhileCalling(clearing);
        }

        Assert.True(readings > 20, $"Only {readings} readings met the writers.");
    }

    private static int ReadWhileCalling(bool clearing)
    {
        // Single queries at the price of one, and batches of 7 at 100: both have words of their own.
        const int Writers = 6;
        CallerRecord record = default;
        Gcra rate = new(new RateOptions { Queries = 1_000_000, Period = TimeSpan.FromSeconds(1), Burst = 1_000_000 });
        int running = Writers;
        int readings = 0;
        Together.Run(Writers + (clearing ? 2 : 1), number =>
        {
            if (number > Writers)
            {
                while (Volatile.Read(ref running) > 0)
                {
                    record.TryClear(Volatile.Read(ref record.Arrival), out _);
                    Thread.SpinWait(20);
                }
            }
            else if (number == Writers)
            {
                CallCounts before = default;
                while (Volatile.Read(ref running) > 0)
                {
                    CallCounts counts = record.Counters.Read(in record.Arrival);
                    AssertWhole(counts);
                    Assert.True(clearing || (counts.Calls >= before.Calls && counts.RefusedCalls >= before.RefusedCalls));
                    before = counts;
                    readings++;
                }
            }
            else
            {
                for (int i = 0; i < 60_000; i++)
                {
                    if (i % 3 == 0)
                    {
                        Assert.True(record.TryChargeAndCount(rate, i * 10_000L, out _, out _));
                        record.Counters.CountRefused(1);
                    }
                    else
                    {
                        record.Counters.CountAdmitted(7, 100);
                        record.Counters.CountRefused(5);
                    }

                    Thread.SpinWait(i % 32);
                }

                Interlocked.Decrement(ref running);
            }
        });
        CallCounts last = record.Counters.Read(in record.Arrival);
        AssertWhole(last);
        Assert.True(clearing || last.Calls == Writers * 60_000, $"{last.Calls} calls counted");
        return readings;
    }

    [Fact]
    public void A_writer_that_is_suspended_half_way_holds_no_reader_for_long()
    {
        // As it is between the first and the second word of a call with 7 rows.
        object suspended = default(CallCounters);
        Set(suspended, "_begun", 1u);
        Set(suspended, "_admitted", 7L);
        CallCounters counters = (CallCounters)suspended;
        (long Before, long After) read = default;
        Thread reader = new(() =>
        {
            read.Before = counters.Read().Admitted;
            counters.Clear();
            read.After = counters.Read().Admitted;
        }) { IsBackground = true };
        reader.Start();
        Assert.True(reader.Join(TimeSpan.FromSeconds(30)), "A reader waits for the writer.");
        Assert.Equal((7, 0), read);
    }

    /// <summary>As an admission does: single queries at the price of one in the word, as long as it has room.</summary>
    private static void CountAdmitted(ref CallCounters counters, ref long word, int rows, int cost)
    {
        if (rows != 1 || cost != 1)
        {
            counters.CountAdmitted(rows, cost);
            return;
        }

        if (Gcra.CountOf(word) == Gcra.CountMask)
        {
            counters.TakeOver(ref word, word);
            Assert.Equal(0, Gcra.CountOf(word));
        }

        word++;
    }

    private static void AssertWhole(CallCounts counts)
    {
        (long batches, long rest) = Math.DivRem(counts.Admitted - counts.Calls, 6);
        Assert.True(rest == 0 && batches >= 0 && batches <= counts.Calls && counts.Cost == counts.Admitted + (93 * batches), counts.ToString());
        (batches, rest) = Math.DivRem(counts.Refused - counts.RefusedCalls, 4);
        Assert.True(rest == 0 && batches >= 0 && batches <= counts.RefusedCalls, counts.ToString());
    }

    private static void Set(object counters, string field, object value) =>
        typeof(CallCounters).GetField(field, BindingFlags.Instance | BindingFlags.NonPublic)!.SetValue(counters, value);
}
