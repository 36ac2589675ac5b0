namespace InferenceShield.Tests;

public sealed class SpaceSavingTests
{
    [Theory]
    [InlineData(32, 300, 2)]
    [InlineData(100, 5000, 3)]
    [InlineData(1024, 20_000, 4)]
    public void Bounds_hold_and_everything_frequent_is_there(int capacity, int items, double skew)
    {
        SpaceSaving summary = new(capacity, SketchInputs.Key);
        long[] counts = Fill(summary, items, skew, 200_000, 1);
        Assert.Equal(counts.Sum(), summary.Total);
        CheckBounds(summary, counts);

        HeavyHitter[] all = Top(summary, summary.Capacity);
        Assert.Equal(all.OrderByDescending(entry => entry.Count), all);
        HashSet<ulong> found = [.. all.Select(entry => entry.Item)];
        Assert.All(counts.Index().Where(entry => entry.Item > summary.MaximumError), entry => Assert.Contains((ulong)entry.Index, found));
    }

    [Fact]
    public void A_skewed_stream_gives_its_top_exactly()
    {
        SpaceSaving summary = new(1024, SketchInputs.Key);
        long[] counts = Fill(summary, 20_000, 6, 300_000, 2);
        ulong[] expected = [.. counts.Index().OrderByDescending(entry => entry.Item).Take(20).Select(entry => (ulong)entry.Index)];
        Assert.Equal(expected, Top(summary, 20).Select(entry => entry.Item));

        // The theory's figure for one summary; dealing to stripes adds some imbalance.
        Assert.InRange(summary.MaximumError, 0, 2 * summary.Total * summary.RelativeStandardError);
    }

    [Fact]
    public void A_stream_of_few_items_is_counted_exactly()
    {
        SpaceSaving summary = new(64, SketchInputs.Key);
        for (int i = 0; i < 1000; i++)
        {
            summary.Add((ulong)(i % 10), 2);
        }

        Assert.Equal(Enumerable.Repeat((200L, 0L), 10), Top(summary, 64).Select(entry => (entry.Count, entry.Error)));
        Assert.Equal(0, summary.MaximumError);
        Assert.False(summary.TryGet(99, out HeavyHitter absent));
        Assert.Equal(new HeavyHitter(99, 0, 0), absent);
        Assert.True(summary.TryGet(3, out HeavyHitter present));
        Assert.Equal((new HeavyHitter(3, 200, 0), 200), (present, present.GuaranteedCount));
    }

    [Fact]
    public void Merges_keep_the_bounds_and_the_error_of_one_summary()
    {
        SpaceSaving left = new(256, SketchInputs.Key);
        SpaceSaving right = new(256, SketchInputs.Key);
        long[] counts = Fill(left, 4000, 3, 100_000, 3);
        long[] more = Fill(right, 4000, 2, 50_000, 4);
        long most = left.MaximumError + right.MaximumError;
        left.Merge(right);
        long[] both = [.. counts.Zip(more, (a, b) => a + b)];
        Assert.Equal(both.Sum(), left.Total);
        Assert.InRange(left.MaximumError, 0, most);
        CheckBounds(left, both);
    }

    [Fact]
    public void Merging_exact_summaries_is_adding_to_one()
    {
        SpaceSaving left = new(256, SketchInputs.Key);
        SpaceSaving right = new(256, SketchInputs.Key);
        SpaceSaving both = new(256, SketchInputs.Key);
        for (ulong i = 0; i < 60; i++)
        {
            (i % 3 == 0 ? left : right).Add(i, (int)i + 1);
            left.Add(7, 100);
            right.Add(7, 50);
            both.Add(i, (int)i + 1);
            both.Add(7, 150);
        }

        left.Merge(right);
        Assert.Equal(Top(both, 256), Top(left, 256));
    }

    [Fact]
    public void Halving_keeps_the_bounds_of_half_the_counts()
    {
        SpaceSaving summary = new(64, SketchInputs.Key);
        long[] counts = Fill(summary, 500, 3, 20_001, 5);
        summary.Halve();
        Assert.All(counts, (count, item) =>
        {
            summary.TryGet((ulong)item, out HeavyHitter bounds);
            Assert.InRange(count / 2.0, bounds.GuaranteedCount, bounds.Count);
        });
        Assert.Equal(10_000, summary.Total);
    }

    [Fact]
    public void Threads_lose_no_count()
    {
        SpaceSaving summary = new(64, SketchInputs.Key);
        SketchInputs.RunTogether(4, index =>
        {
            HeavyHitter[] top = new HeavyHitter[5];
            for (ulong i = 0; i < 30_000; i++)
            {
                summary.Add(i % 40);
                if (i % 5000 == 0)
                {
                    int written = summary.CopyTopTo(top);
                    Assert.All(top.AsSpan(0, written).ToArray(), entry => Assert.InRange(entry.Count, 1, 120_000));
                }
            }
        });

        // An add may have been missed, if a thread was stopped while it held a stripe: then the error says so.
        Assert.Equal(120_000, summary.Total);
        for (ulong item = 0; item < 40; item++)
        {
            Assert.True(summary.TryGet(item, out HeavyHitter bounds));
            Assert.InRange(3000, bounds.GuaranteedCount, bounds.Count);
        }
    }

    [Fact]
    public void Merges_in_both_directions_do_not_wait_for_each_other()
    {
        SpaceSaving left = new(128, SketchInputs.Key);
        SpaceSaving right = new(128, SketchInputs.Key);
        Fill(left, 500, 2, 1000, 6);
        Fill(right, 500, 2, 1000, 7);
        SketchInputs.RunTogether(2, index =>
        {
            for (int i = 0; i < 10; i++)
            {
                (index == 0 ? left : right).Merge(index == 0 ? right : left);
            }
        });
        Assert.True(left.Total > 1000 && right.Total > 1000);
    }

    [Fact]
    public void States_are_what_they_have_always_been_and_restore()
    {
        List<byte[]> states = [];
        foreach (int capacity in (int[])[32, 96, 1024])
        {
            SpaceSaving summary = new(capacity, SketchInputs.Key);
            for (ulong i = 0; i < 5000; i++)
            {
                summary.Add(i * i % 700, 1 + (int)(i % 3));
            }

            summary.Add("bytes"u8);
            states.Add(State(summary));
            SpaceSaving restored = SpaceSaving.FromState(states[^1], SketchInputs.Key);
            Assert.Equal(states[^1], State(restored));
            Assert.Equal(Top(summary, 50), Top(restored, 50));
        }

        Assert.Equal("2c5264463941a0a4c5626d0742c10f18", SketchInputs.Fingerprint(states));
    }

    [Fact]
    public void Damaged_states_are_refused_or_harmless()
    {
        SpaceSaving summary = new(64, SketchInputs.Key);
        Fill(summary, 200, 2, 3000, 8);
        byte[] state = State(summary);
        Assert.Throws<SketchStateException>(() => SpaceSaving.FromState(state.AsSpan(0, 20), SketchInputs.Key));
        Assert.Throws<SketchStateException>(() => SpaceSaving.FromState(state, SketchInputs.OtherKey));
        ulong seed = 9;
        int accepted = 0;
        for (int round = 0; round < 3000; round++)
        {
            byte[] damaged = [.. state];
            for (int i = 0; i <= round % 3; i++)
            {
                damaged[(int)(SketchInputs.Next(ref seed) % (ulong)damaged.Length)] = (byte)SketchInputs.Next(ref seed);
            }

            try
            {
                SpaceSaving restored = SpaceSaving.FromState(damaged, SketchInputs.Key);
                restored.Add(1, int.MaxValue);
                restored.Merge(restored);
                restored.Halve();
                Assert.All(Top(restored, 10), entry => Assert.InRange(entry.GuaranteedCount, 0, entry.Count));
                accepted++;
            }
            catch (SketchStateException exception)
            {
                Assert.NotEmpty(exception.Message);
            }
        }

        Assert.InRange(accepted, 1, 2999);
    }

    [Fact]
    public void What_makes_no_sense_is_refused()
    {
        SketchKey key = SketchInputs.Key;
        Assert.Throws<ArgumentOutOfRangeException>(() => new SpaceSaving(31, key));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SpaceSaving(SpaceSaving.MaximumCapacity + 1, key));
        Assert.Throws<ArgumentNullException>(() => new SpaceSaving(32, null!));
        SpaceSaving summary = new(33, key);
        Assert.Equal(64, summary.Capacity);
        Assert.Throws<ArgumentOutOfRangeException>(() => summary.Add(1, 0));
        Assert.Throws<ArgumentException>(() => summary.Merge(new SpaceSaving(32, key)));
        Assert.Throws<ArgumentException>(() => summary.Merge(new SpaceSaving(64, SketchInputs.OtherKey)));
        Assert.Throws<ArgumentNullException>(() => summary.Merge(null!));
        Assert.Throws<ArgumentException>(() => summary.CopyStateTo(new byte[summary.StateSize - 1]));
        Assert.Equal(0, summary.CopyTopTo([]));
    }

    [Fact]
    public void Hash_0_is_an_item_like_any_other()
    {
        SpaceSaving summary = new(32, SketchInputs.Key);
        summary.AddHash(0, 3);
        Assert.True(summary.TryGetHash(0, out HeavyHitter bounds));
        Assert.Equal(new HeavyHitter(0, 3, 0), bounds);
        summary.Clear();
        Assert.False(summary.TryGetHash(0, out _));
        Assert.Equal(0, summary.Total);
    }

    [Fact]
    public void Nothing_allocates()
    {
        SpaceSaving summary = new(64, SketchInputs.Key);
        HeavyHitter[] top = new HeavyHitter[8];
        byte[] state = State(summary);
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (ulong i = 0; i < 200; i++)
            {
                summary.Add(i);
            }

            summary.Add(state);
            summary.TryGet(1, out _);
            summary.CopyTopTo(top);
            summary.Merge(summary);
            summary.Halve();
            summary.CopyStateTo(state);
        }));
    }

    private static long[] Fill(SpaceSaving summary, int items, double skew, int adds, int seed)
    {
        long[] counts = new long[items];
        Random random = new(seed);
        for (int i = 0; i < adds; i++)
        {
            int item = (int)(items * Math.Pow(random.NextDouble(), skew));
            counts[item]++;
            summary.Add((ulong)item);
        }

        return counts;
    }

    private static void CheckBounds(SpaceSaving summary, long[] counts) =>
        Assert.All(counts, (count, item) =>
        {
            summary.TryGet((ulong)item, out HeavyHitter bounds);
            Assert.InRange(count, bounds.GuaranteedCount, bounds.Count);
        });

    private static HeavyHitter[] Top(SpaceSaving summary, int count)
    {
        HeavyHitter[] top = new HeavyHitter[count];
        return top[..summary.CopyTopTo(top)];
    }

    private static byte[] State(SpaceSaving summary)
    {
        byte[] state = new byte[summary.StateSize];
        Assert.Equal(state.Length, summary.CopyStateTo(state));
        return state;
    }
}
