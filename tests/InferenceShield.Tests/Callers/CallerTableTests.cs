using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

public sealed class CallerTableTests
{
    /// <summary>A time at which no record is as good as fresh, so that none is evicted.</summary>
    private const long Never = -1;

    [Fact]
    public void Behaves_as_a_dictionary_with_a_capacity()
    {
        // Few different words, so that keys share the first half, the second half, the home slot, or all but one bit.
        Gen<ulong> low = Gen.Choose(1, 6).Select(value => (ulong)value);
        Gen<ulong> high = Gen.Elements(1UL, 2UL, ulong.MaxValue, ulong.MaxValue - 1, 1UL << 63, 0x5555_5555_5555_5555UL);
        Gen<CallerKey> key = low.Zip(high, (first, second) => new CallerKey(first, second));
        Gen<(int Capacity, CallerKey[] Keys)> cases =
            from capacity in Gen.Choose(1, 40)
            from keys in Properties.Sequences(key, 80)
            select (capacity, keys);
        Properties.Hold(cases, test =>
        {
            CallerTable table = new(test.Capacity);
            Dictionary<CallerKey, int> model = [];
            foreach (CallerKey caller in test.Keys)
            {
                Assert.Equal(model.GetValueOrDefault(caller, -1), table.Find(caller));
                int slot = table.FindOrAdd(caller, Never);
                if (model.TryGetValue(caller, out int known))
                {
                    Assert.Equal(known, slot);
                }
                else if (model.Count < test.Capacity)
                {
                    Assert.NotEqual(table.OverflowSlot, slot);
                    Assert.DoesNotContain(slot, model.Values);
                    model.Add(caller, slot);
                }
                else
                {
                    Assert.Equal(table.OverflowSlot, slot);
                }

                Assert.Equal(model.Count, table.Count);
            }

            Assert.All(model, entry => Assert.Equal(entry.Value, table.Find(entry.Key)));
        }, tests: 400);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(1000)]
    [InlineData(50_000)]
    public void Holds_exactly_its_capacity_and_known_callers_keep_their_slots_when_full(int capacity)
    {
        CallerTable table = new(capacity);
        CallerKey[] known = RandomKeys(capacity, seed: 1);
        int[] slots = Array.ConvertAll(known, key => table.FindOrAdd(key, Never));
        Assert.DoesNotContain(table.OverflowSlot, slots);
        Assert.Equal(capacity, slots.Distinct().Count());
        Assert.Equal(capacity, table.Count);

        foreach (CallerKey newcomer in RandomKeys(1000, seed: 2))
        {
            Assert.Equal(table.OverflowSlot, table.FindOrAdd(newcomer, Never));
            Assert.Equal(-1, table.Find(newcomer));
        }

        Assert.Equal(capacity, table.Count);
        Assert.Equal(slots, Array.ConvertAll(known, key => table.FindOrAdd(key, Never)));
        Assert.Equal(slots, Array.ConvertAll(known, key => table.Find(key)));
    }

    [Fact]
    public void Keys_that_share_their_first_half_have_records_of_their_own()
    {
        CallerTable table = new(100);
        CallerKey[] keys = [.. Enumerable.Range(1, 100).Select(i => new CallerKey(42, (ulong)i * 0x9E37_79B9_7F4A_7C15))];
        int[] slots = Array.ConvertAll(keys, key => table.FindOrAdd(key, Never));
        Assert.Equal(100, slots.Distinct().Count());
        Assert.Equal(slots, Array.ConvertAll(keys, key => table.FindOrAdd(key, Never)));
        Assert.Equal(-1, table.Find(new CallerKey(42, 43)));
    }

    [Fact]
    public void A_window_has_an_end_and_counts_nobody_it_could_not_place()
    {
        CallerTable table = new(10_000);
        CallerKey[] sameHome = [.. Enumerable.Range(2, 300).Select(i => new CallerKey((ulong)i, 7))];
        int[] slots = Array.ConvertAll(sameHome, key => table.FindOrAdd(key, Never));
        int placed = slots.Count(slot => slot != table.OverflowSlot);
        Assert.Equal(CallerTable.Window, placed);
        Assert.Equal(placed, table.Count);
        Assert.Equal(slots, Array.ConvertAll(sameHome, key => table.FindOrAdd(key, Never)));
    }

    [Fact]
    public void The_overflow_record_is_nobodys_slot()
    {
        CallerTable table = new(3);
        table[table.OverflowSlot].Repeated = 5;
        Assert.All(RandomKeys(3, seed: 3), key => Assert.Equal(0, table[table.FindOrAdd(key, Never)].Repeated));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Threads_that_insert_the_same_callers_agree_on_one_record_each(bool sharedFirstHalf)
    {
        const int ThreadCount = 8;
        const int KeyCount = 500;
        for (int round = 0; round < 40; round++)
        {
            CallerTable table = new(KeyCount * (sharedFirstHalf ? 4 : 2)); // four that share a home need room around it
            CallerKey[] keys = RandomKeys(KeyCount, seed: round);
            if (sharedFirstHalf)
            {
                // Neighbours differ in their second half only, by too little to have another home.
                keys = [.. keys.Select((key, i) => new CallerKey(keys[i / 4].Low, keys[i / 4].High + (ulong)(i % 4)))];
            }

            int[][] slots = new int[ThreadCount][];
            Threads.Run(ThreadCount, thread =>
            {
                int[] mine = slots[thread] = new int[KeyCount];
                int[] order = [.. Enumerable.Range(0, KeyCount)];
                if (thread % 2 == 1)
                {
                    new Random(thread + (round * ThreadCount)).Shuffle(order);
                }

                foreach (int i in order)
                {
                    mine[i] = table.FindOrAdd(keys[i], Never);
                    Interlocked.Increment(ref table[mine[i]].Repeated);
                }
            });

            Assert.All(slots, mine => Assert.Equal(slots[0], mine));
            Assert.Equal(KeyCount, slots[0].Distinct().Count());
            Assert.Equal(KeyCount, table.Count);
            Assert.DoesNotContain(table.OverflowSlot, slots[0]);
            Assert.All(slots[0], slot => Assert.Equal(ThreadCount, table[slot].Repeated));
            Assert.Equal(slots[0], Array.ConvertAll(keys, key => table.Find(key)));
        }
    }

    [Fact]
    public void Threads_that_flood_the_table_fill_it_to_its_capacity_and_no_further()
    {
        const int ThreadCount = 8;
        const int Capacity = 500;
        for (int round = 0; round < 20; round++)
        {
            CallerTable table = new(Capacity);
            CallerKey[] keys = RandomKeys(2000, seed: 100 + round);
            int[][] slots = new int[ThreadCount][];
            Threads.Run(ThreadCount, thread =>
            {
                int[] order = [.. Enumerable.Range(0, keys.Length)];
                new Random(thread + (round * ThreadCount)).Shuffle(order);
                int[] mine = slots[thread] = new int[keys.Length];
                foreach (int i in order)
                {
                    mine[i] = table.FindOrAdd(keys[i], Never);
                }
            });

            // A thread may have met a moment without room; whoever got a record got the one the caller has now.
            int[] final = Array.ConvertAll(keys, key => table.FindOrAdd(key, Never));
            Assert.All(slots, mine => Assert.All(
                mine.Zip(final), pair => Assert.True(pair.First == table.OverflowSlot || pair.First == pair.Second)));
            Assert.Equal(Capacity, table.Count);
            Assert.Equal(Capacity, final.Where(slot => slot != table.OverflowSlot).Distinct().Count());
            Assert.Equal(Capacity, final.Count(slot => slot != table.OverflowSlot));
        }
    }

    [Fact]
    public void A_caller_that_returns_while_its_record_is_given_away_does_not_get_another_that_knows_nothing_of_what_it_asked()
    {
        // Homes far apart, so that the one does not hold the other's lock.
        CallerKey early = new(5, ulong.MaxValue / 2);
        CallerKey late = new(6, ulong.MaxValue / 4);
        Dictionary<CallerKey, long> asked = [];
        int meanwhile = CallerTable.None;
        CallerTable table = null!;
        table = new CallerTable(4)
        {
            Departed = (caller, count, _) =>
            {
                meanwhile = table.FindOrAdd(caller, 1);
                asked[caller] = count;
            },
            AskedBefore = caller => asked.GetValueOrDefault(caller),
        };
        table[table.FindOrAdd(early, 1)].Counters.CountAdmitted(7, 7);
        table[table.FindOrAdd(new CallerKey(7, 7), 1)].Arrival = long.MaxValue;
        table[table.FindOrAdd(new CallerKey(8, 8), 1)].Arrival = long.MaxValue;

        // One that could be had meanwhile, and is not the oldest.
        table[table.FindOrAdd(new CallerKey(9, early.High + 9), 1)].Arrival = Gcra.WordOf(4);

        Assert.NotEqual(table.OverflowSlot, table.FindOrAdd(late, 1));
        Assert.Equal(table.OverflowSlot, meanwhile);
        table[table.Find(late)].Arrival = 0;
        Assert.Equal(7, table[table.FindOrAdd(early, 1)].Asked);
    }

    [Fact]
    public void A_record_in_which_nothing_was_asked_departs_unsaid()
    {
        int departures = 0;
        CallerTable table = new(1) { Departed = (_, _, _) => departures++ };
        table.FindOrAdd(new CallerKey(5, 5), 1);
        table.FindOrAdd(new CallerKey(6, 6), 1);
        Assert.Equal(1, table.Evictions);
        Assert.Equal(0, departures);
    }

    [Fact]
    public void A_thread_that_read_its_clock_before_an_eviction_cannot_spend_twice_what_has_worn_off_since()
    {
        // Burst 1, one query a second. The caller asks at 400 s and, its record given away meanwhile, at 500 s; a call that was
        // held up since 400 s comes last and must be refused, as it would have been by the record of old.
        const long Second = 1_000_000_000;
        Gcra rate = new(new RateOptions { Queries = 1, Period = TimeSpan.FromSeconds(1), Burst = 1 });
        CallerKey caller = new(5, 5);
        CallerKey other = new(6, 6);
        CallerTable table = new(2);
        Assert.True(rate.TryCharge(ref table[table.FindOrAdd(caller, 400 * Second)].Arrival, 400 * Second, 1, out _));
        int unused = table.FindOrAdd(new CallerKey(7, 4), 400 * Second);
        table[unused].Odometer = 1;
        table.FindOrAdd(other, 500 * Second);
        Assert.Equal(CallerTable.None, table.Find(caller));
        table[unused].Odometer = 0; // and may be given away: its word is as old as the table
        int slot = table.FindOrAdd(caller, 500 * Second);
        Assert.NotEqual(table.OverflowSlot, slot);
        Assert.False(rate.TryCharge(ref table[slot].Arrival, 400 * Second, 1, out _));
        Assert.True(rate.TryCharge(ref table[slot].Arrival, 500 * Second, 1, out _));
    }

    private static CallerKey[] RandomKeys(int count, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => new CallerKey((ulong)random.NextInt64() << 1, ((ulong)random.NextInt64() << 1) | ((ulong)random.Next() & 1)))];
    }
}
