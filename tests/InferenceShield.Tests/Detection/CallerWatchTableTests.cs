using InferenceShield.Lab;

namespace InferenceShield.Tests;

/// <summary>The table of watched callers.</summary>
public sealed class CallerWatchTableTests
{
    private const long HalfDay = 12L * 3600 * 1_000_000_000;

    [Fact]
    public void A_caller_finds_its_state_again()
    {
        CallerWatchTable table = new(1000);
        Assert.Equal(1008, table.Capacity);
        for (int round = 0; round < 3; round++)
        {
            for (ulong caller = 2; caller < 300; caller++)
            {
                Assert.True(table.TryEnter(Key(caller), round, out int slot));
                Assert.Equal(round, table[slot].TotalQueries);
                table[slot].TotalQueries++;
                table.Exit(slot);
            }
        }

        Assert.Equal(298, table.Count);
        Assert.True(table.TryEnterExisting(Key(7), out int own));
        table.Exit(own);
        Assert.False(table.TryEnterExisting(Key(301), out _));
        Assert.False(table.TryEnter(default, 0, out _));
        List<CallerKey> copied = [];
        for (int slot = 0; slot < table.Slots; slot++)
        {
            if (table.TryCopy(slot, out CallerKey caller, out CallerWatch watch))
            {
                Assert.Equal(3, watch.TotalQueries);
                copied.Add(caller);
            }
        }

        Assert.Equal(298, copied.Distinct().Count());
        Assert.Equal(0, table.Missed);
    }

    [Fact]
    public void Whoever_cannot_get_in_is_left_out_and_counted()
    {
        CallerWatchTable table = new(16);
        Assert.True(table.TryEnter(Key(5), 0, out int slot));
        Threads.Run(1, _ => Assert.False(table.TryEnter(Key(5), 0, out int none)));
        Assert.Equal(1, table.Missed);
        Threads.Run(1, _ => Assert.False(table.TryCopy(slot, out CallerKey _, out CallerWatch _)));
        table.Exit(slot);
        Assert.True(table.TryEnter(Key(5), 0, out slot));
        table.Exit(slot);
        Assert.Equal(1, table.Missed);
    }

    [Fact]
    public void A_newcomer_displaces_the_caller_that_asked_least_and_longest_ago()
    {
        CallerWatchTable table = new(16);
        for (ulong caller = 0; caller < 16; caller++)
        {
            Ask(table, caller, 100 + (int)caller, caller == 9 ? 0 : 3 * HalfDay);
        }

        // 109 three half days ago weigh less than 100 now.
        Ask(table, 100, 1, 3 * HalfDay);
        Assert.Equal(16, table.Count);
        Assert.False(Knows(table, 9));
        Assert.Equal(1, table.Evictions);

        // A flood of new names displaces only its own.
        for (ulong caller = 101; caller < 2000; caller++)
        {
            Ask(table, caller, 1, 3 * HalfDay);
        }

        for (ulong caller = 0; caller < 16; caller++)
        {
            Assert.Equal(caller != 9, Knows(table, caller));
        }

        // A clock that went back makes nobody idle, and nothing goes wrong.
        Ask(table, 3000, 1, long.MinValue);
        Ask(table, 3001, 1, long.MaxValue);
        Assert.Equal(16, table.Count);
        Assert.True(Knows(table, 3001));
    }

    [Fact]
    public void An_alarmed_caller_stays_while_others_without_an_alarm_are_in_its_set()
    {
        CallerWatchTable table = new(16);
        for (ulong caller = 0; caller < 16; caller++)
        {
            Ask(table, caller, caller % 2 == 0 ? 2 : 1000, 0, alarmed: caller % 2 == 0);
        }

        for (ulong caller = 100; caller < 108; caller++)
        {
            Ask(table, caller, 5000, 9 * HalfDay, alarmed: true);
        }

        Assert.All(Enumerable.Range(0, 16), caller => Assert.Equal(caller % 2 == 0, Knows(table, (ulong)caller)));

        // All are alarmed: the one with the least queries goes.
        Ask(table, 2, 1, 9 * HalfDay, alarmed: true);
        Ask(table, 200, 9, 9 * HalfDay);
        Assert.Equal(15, Enumerable.Range(0, 8).Count(caller => Knows(table, (ulong)caller * 2)) + Enumerable.Range(100, 8).Count(caller => Knows(table, (ulong)caller)));
        Assert.True(Knows(table, 2));
    }

    [Fact]
    public void An_alarm_keeps_a_state_for_a_week_without_queries()
    {
        CallerWatchTable table = new(16);
        for (ulong caller = 0; caller < 16; caller++)
        {
            Ask(table, caller, 8, 0, alarmed: true);
        }

        for (int query = 0; query < 20; query++)
        {
            Ask(table, 100, 1, 14 * HalfDay);
            Ask(table, 101, 1, 14 * HalfDay);
        }

        Assert.True(table.TryEnterExisting(Key(100), out int slot));
        Assert.Equal(20, table[slot].TotalQueries);
        table.Exit(slot);
        Assert.True(Knows(table, 101));
    }

    /// <summary>Threads that measure, as long as that takes, and update the one state, on fewer processors than there are threads.</summary>
    [Fact]
    public void A_caller_that_asks_from_many_threads_is_not_spared_its_queries()
    {
        const int Count = 8;
        const int Queries = 10_000;
        CallerWatchTable table = new(16);
        DetectionCalibration calibration = WatchCases.Calibration(4);
        QuerySignals[] queries = WatchCases.Queries(9, 512);
        Threads.Run(Count, _ =>
        {
            for (int i = 0; i < Queries; i++)
            {
                Thread.SpinWait(100);
                if (table.TryEnter(Key(5), i, out int slot))
                {
                    CallerUpdate.Apply(calibration, ref table[slot], in queries[i % queries.Length], i);
                    table.Exit(slot);
                }
            }
        });
        Assert.InRange(table.Missed, 0, Count * Queries / 50);
    }

    [Fact]
    public void A_clock_that_went_back_keeps_nobodys_place()
    {
        CallerWatchTable table = new(16);
        Ask(table, 1, 2, 20 * HalfDay); // and then the clock was set right
        for (ulong caller = 2; caller <= 16; caller++)
        {
            Ask(table, caller, 50, 0);
        }

        Ask(table, 17, 1, 0);
        Assert.False(Knows(table, 1));
        Assert.All(Enumerable.Range(2, 16), caller => Assert.True(Knows(table, (ulong)caller)));
    }

    [Fact]
    public void A_hundred_thousand_states_take_no_more_than_256_MB() =>
        Assert.InRange(CallerWatchTable.SizeOf(100_000), 100_000, 256L << 20);

    [Fact]
    public void A_state_that_goes_to_another_caller_is_empty()
    {
        CallerWatchTable table = new(16);
        DetectionCalibration calibration = WatchCases.Calibration(4);
        QuerySignals[] queries = WatchCases.Queries(9, 64, 2);
        for (ulong caller = 0; caller < 40; caller++)
        {
            Assert.True(table.TryEnter(Key(caller), 0, out int slot));
            Assert.Equal(0, table[slot].Queries);
            Assert.Equal(default, table[slot].Cells.Count);
            Assert.Empty(CallerUpdate.Verdicts(calibration, in table[slot]));
            foreach (ref QuerySignals query in queries.AsSpan(0, 8))
            {
                CallerUpdate.Apply(calibration, ref table[slot], in query, 0);
            }

            table.Exit(slot);
        }
    }

    /// <summary>Threads that update, evict and copy in two sets: a state's fields are all its caller's, from one update.</summary>
    [Fact]
    public void Nothing_is_torn_and_nobody_sees_another_callers_state()
    {
        const int Callers = 80;
        CallerWatchTable table = new(32);
        int[] entered = new int[4];
        Threads.Run(4, thread =>
        {
            SeededRandom random = new(3, (ulong)thread);
            for (int i = 0; i < 20_000; i++)
            {
                if (thread == 0)
                {
                    if (table.TryCopy(random.NextInt32(table.Slots), out CallerKey owner, out CallerWatch copy))
                    {
                        Check(in copy, owner);
                    }

                    continue;
                }

                CallerKey caller = Key((ulong)random.NextInt32(Callers));
                if (table.TryEnter(caller, random.NextInt32(1000), out int slot))
                {
                    entered[thread]++;
                    ref CallerWatch watch = ref table[slot];
                    Check(in watch, caller);
                    watch.TotalQueries++;
                    watch.Tenant = caller;
                    for (int at = 0; at < CallerWatch.Ring; at++)
                    {
                        watch.SimHashes[at] = caller.Low + (ulong)watch.TotalQueries;
                    }

                    watch.Cells[CellBitmap.Words - 1] = caller.Low + (ulong)watch.TotalQueries;
                    table.Exit(slot);
                }
            }
        });
        Assert.Equal(3 * 20_000, entered.Sum() + (int)table.Missed);
        Assert.True(table.Evictions > 100);
        Assert.Equal(32, table.Count);
        List<CallerKey> owners = [];
        for (int slot = 0; slot < table.Slots; slot++)
        {
            Assert.True(table.TryCopy(slot, out CallerKey owner, out CallerWatch copy));
            Check(in copy, owner);
            owners.Add(owner);
        }

        Assert.Equal(32, owners.Distinct().Count());
    }

    private static void Check(in CallerWatch watch, CallerKey owner)
    {
        if (watch.TotalQueries == 0)
        {
            Assert.True(watch.Tenant.IsEmpty && watch.SimHashes[0] == 0 && watch.Cells[CellBitmap.Words - 1] == 0, "A new state is not empty.");
            return;
        }

        ulong expected = owner.Low + (ulong)watch.TotalQueries;
        Assert.Equal(owner, watch.Tenant);
        Assert.Equal(expected, watch.Cells[CellBitmap.Words - 1]);
        for (int at = 0; at < CallerWatch.Ring; at++)
        {
            Assert.Equal(expected, watch.SimHashes[at]);
        }
    }

    private static void Ask(CallerWatchTable table, ulong caller, int queries, long now, bool alarmed = false)
    {
        Assert.True(table.TryEnter(Key(caller), now, out int slot));
        table[slot].TotalQueries += queries;
        table[slot].Alarms[0].Epochs = (ushort)(alarmed ? 1 : 0);
        table.Exit(slot);
    }

    private static bool Knows(CallerWatchTable table, ulong caller)
    {
        bool knows = table.TryEnterExisting(Key(caller), out int slot);
        if (knows)
        {
            table.Exit(slot);
        }

        return knows;
    }

    private static CallerKey Key(ulong caller) => new((caller * 0x9E3779B97F4A7C15) + 12345, (caller + 1) * 0xBF58476D1CE4E5B9);
}
