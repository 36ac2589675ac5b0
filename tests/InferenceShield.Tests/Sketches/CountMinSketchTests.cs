namespace InferenceShield.Tests;

public sealed class CountMinSketchTests
{
    public static TheoryData<int, CountMinUpdate> Shapes
    {
        get
        {
            TheoryData<int, CountMinUpdate> shapes = [];
            for (int depth = 1; depth <= CountMinSketch.MaximumDepth; depth++)
            {
                shapes.Add(depth, CountMinUpdate.Atomic);
                shapes.Add(depth, CountMinUpdate.Conservative);
            }

            return shapes;
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void No_estimate_is_too_small_and_few_are_much_too_great(int depth, CountMinUpdate update)
    {
        CountMinSketch sketch = new(depth, 256, SketchInputs.Key, update);
        int[] counts = new int[2000];
        Random random = new(1);
        for (int i = 0; i < 100_000; i++)
        {
            int item = (int)(2000 * Math.Pow(random.NextDouble(), 4));
            int count = random.Next(1, 4);
            counts[item] += count;
            Assert.True(sketch.Add((ulong)item, count) >= counts[item]);
        }

        long bound = (long)(sketch.Epsilon * sketch.Total);
        Assert.Equal(counts.Sum(count => (long)count), sketch.Total);
        Assert.All(counts, (count, item) => Assert.True(sketch.Estimate((ulong)item) >= count));
        Assert.InRange(counts.Index().Count(entry => sketch.Estimate((ulong)entry.Index) > entry.Item + bound), 0, sketch.Delta * counts.Length);
    }

    [Fact]
    public void Conservative_estimates_are_never_above_atomic_ones()
    {
        CountMinSketch atomic = new(4, 128, SketchInputs.Key);
        CountMinSketch conservative = new(4, 128, SketchInputs.Key, CountMinUpdate.Conservative);
        long[] sums = new long[2];
        foreach (ulong item in SketchInputs.Hashes(2, 20_000))
        {
            atomic.Add(item % 3000);
            conservative.Add(item % 3000);
        }

        for (ulong item = 0; item < 3000; item++)
        {
            Assert.True(conservative.Estimate(item) <= atomic.Estimate(item));
            sums[0] += atomic.Estimate(item);
            sums[1] += conservative.Estimate(item);
        }

        Assert.True(sums[1] < 0.8 * sums[0], $"atomic {sums[0]}, conservative {sums[1]}");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public void Many_threads_lose_no_count(int depth)
    {
        CountMinSketch sketch = new(depth, 64, SketchInputs.Key);
        CountMinSketch expected = new(depth, 64, SketchInputs.Key);
        SketchInputs.RunTogether(4, _ =>
        {
            for (ulong i = 0; i < 50_000; i++)
            {
                sketch.Add(i % 7);
            }
        });
        for (ulong i = 0; i < 200_000; i++)
        {
            expected.Add(i % 50_000 % 7);
        }

        Assert.Equal(State(expected), State(sketch));
    }

    [Fact]
    public void Halving_while_others_add_loses_no_count()
    {
        CountMinSketch sketch = new(4, 64, SketchInputs.Key);
        int halved = 0;
        SketchInputs.RunTogether(4, index =>
        {
            for (ulong i = 0; i < 20_000; i++)
            {
                if (index == 3 && i % 1000 == 0)
                {
                    halved += sketch.TryHalve() ? 1 : 0;
                }

                sketch.Add(1);
            }
        });

        // Whatever the order: at least as if all had been added before the halvings, and no counter below 0.
        Assert.Equal(20, halved);
        Assert.InRange(sketch.Estimate(1), 1, 80_000);
        Assert.All(Counters(sketch), counter => Assert.InRange(counter, 0, 80_000));
    }

    [Theory]
    [InlineData(CountMinUpdate.Atomic)]
    [InlineData(CountMinUpdate.Conservative)]
    public void Halving_halves(CountMinUpdate update)
    {
        CountMinSketch sketch = new(4, 1024, SketchInputs.Key, update);
        sketch.Add(1, 1001);
        sketch.Add(2, 1);
        Assert.True(sketch.TryHalve());
        Assert.Equal((500, 0, 500), (sketch.Estimate(1), sketch.Estimate(2), (int)sketch.Total - (int)sketch.Total % 10));
    }

    [Theory]
    [InlineData(3, CountMinUpdate.Atomic)]
    [InlineData(4, CountMinUpdate.Atomic)]
    [InlineData(3, CountMinUpdate.Conservative)]
    [InlineData(4, CountMinUpdate.Conservative)]
    public void Counters_stop_at_2_to_the_30(int depth, CountMinUpdate update)
    {
        CountMinSketch sketch = new(depth, 16, SketchInputs.Key, update);
        for (int i = 0; i < 16_400; i++)
        {
            sketch.Add(1, CountMinSketch.MaximumIncrement);
        }

        Assert.Equal(CountMinSketch.MaximumCount, sketch.Estimate(1));
        Assert.Equal(CountMinSketch.MaximumCount, sketch.Add(1));
        sketch.Merge(sketch);
        Assert.Equal(CountMinSketch.MaximumCount, sketch.Estimate(1));
        Assert.Equal(State(sketch), State(CountMinSketch.FromState(State(sketch), SketchInputs.Key)));
    }

    [Fact]
    public void A_merge_of_atomic_sketches_is_the_sketch_of_both_streams()
    {
        CountMinSketch left = new(4, 256, SketchInputs.Key);
        CountMinSketch right = new(4, 256, SketchInputs.Key);
        CountMinSketch both = new(4, 256, SketchInputs.Key);
        foreach (ulong hash in SketchInputs.Hashes(3, 5000))
        {
            ((hash & 1) == 0 ? left : right).AddHash(hash);
            both.AddHash(hash);
        }

        left.Merge(right);
        Assert.Equal(State(both), State(left));
        Assert.Throws<ArgumentException>(() => left.Merge(new CountMinSketch(4, 128, SketchInputs.Key)));
        Assert.Throws<ArgumentException>(() => left.Merge(new CountMinSketch(3, 256, SketchInputs.Key)));
        Assert.Throws<ArgumentException>(() => left.Merge(new CountMinSketch(4, 256, SketchInputs.OtherKey)));
    }

    [Fact]
    public void A_merge_of_conservative_sketches_is_never_too_small()
    {
        CountMinSketch left = new(4, 64, SketchInputs.Key, CountMinUpdate.Conservative);
        CountMinSketch right = new(4, 64, SketchInputs.Key, CountMinUpdate.Conservative);
        for (ulong i = 0; i < 5000; i++)
        {
            left.Add(i % 100);
            right.Add(i % 250);
        }

        left.Merge(right);
        Assert.Equal(10_000, left.Total);
        for (ulong i = 0; i < 250; i++)
        {
            Assert.True(left.Estimate(i) >= (i < 100 ? 70 : 20));
        }
    }

    [Fact]
    public void Bytes_and_numbers_are_the_same_items()
    {
        CountMinSketch sketch = new(4, 1024, SketchInputs.Key);
        sketch.Add(0x0123456789abcdef, 7);
        Assert.Equal(8, sketch.Add(Convert.FromHexString("efcdab8967452301")));
        Assert.Equal(8, sketch.Estimate(Convert.FromHexString("efcdab8967452301").AsSpan()));
        Assert.Equal(8, sketch.EstimateHash(SketchInputs.Key.Hash(0x0123456789abcdef)));
        sketch.Clear();
        Assert.Equal((0, 0L), (sketch.Estimate(0x0123456789abcdef), sketch.Total));
    }

    [Theory]
    [InlineData(0.01, 0.02, 512, 4)]
    [InlineData(0.001, 0.01, 4096, 5)]
    [InlineData(0.16, 0.99, 32, 1)]
    public void The_size_follows_from_the_error(double epsilon, double delta, int width, int depth)
    {
        CountMinSketch sketch = CountMinSketch.Create(epsilon, delta, SketchInputs.Key);
        Assert.Equal((width, depth), (sketch.Width, sketch.Depth));
        Assert.True(sketch.Epsilon <= epsilon && sketch.Delta <= delta);
        Assert.Equal(1.0 / width, sketch.RelativeStandardError);
    }

    [Fact]
    public void What_makes_no_sense_is_refused()
    {
        SketchKey key = SketchInputs.Key;
        Assert.Throws<ArgumentOutOfRangeException>(() => new CountMinSketch(0, 16, key));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CountMinSketch(9, 16, key));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CountMinSketch(4, 8, key));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CountMinSketch(4, 1 << 25, key));
        Assert.Throws<ArgumentException>(() => new CountMinSketch(4, 48, key));
        Assert.Throws<ArgumentNullException>(() => new CountMinSketch(4, 16, null!));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CountMinSketch(4, 16, key, (CountMinUpdate)2));
        Assert.Throws<ArgumentOutOfRangeException>(() => CountMinSketch.Create(0, 0.1, key));
        Assert.Throws<ArgumentOutOfRangeException>(() => CountMinSketch.Create(double.NaN, 0.1, key));
        Assert.Throws<ArgumentOutOfRangeException>(() => CountMinSketch.Create(0.1, 1, key));
        Assert.Throws<ArgumentOutOfRangeException>(() => CountMinSketch.Create(0.1, double.NaN, key));
        CountMinSketch sketch = new(4, 16, key);
        Assert.Throws<ArgumentOutOfRangeException>(() => sketch.Add(1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => sketch.Add(1, CountMinSketch.MaximumIncrement + 1));
        Assert.Throws<ArgumentException>(() => sketch.CopyStateTo(new byte[sketch.StateSize - 1]));
    }

    [Fact]
    public void States_are_what_they_have_always_been()
    {
        List<byte[]> states = [];
        for (int depth = 1; depth <= CountMinSketch.MaximumDepth; depth++)
        {
            foreach (CountMinUpdate update in Enum.GetValues<CountMinUpdate>())
            {
                CountMinSketch sketch = new(depth, 64 << (depth % 3), SketchInputs.Key, update);
                for (ulong i = 0; i < 1000; i++)
                {
                    sketch.Add(i * i % 300, 1 + (int)(i % 5));
                }

                states.Add(State(sketch));
                Assert.Equal(states[^1], State(CountMinSketch.FromState(states[^1], SketchInputs.Key)));
            }
        }

        Assert.Equal("ae17e67b23b052954ab99812a47c40e1", SketchInputs.Fingerprint(states));
    }

    [Fact]
    public void Damaged_states_are_refused_or_harmless()
    {
        CountMinSketch sketch = new(2, 16, SketchInputs.Key, CountMinUpdate.Conservative);
        sketch.Add(1);
        byte[] state = State(sketch);
        Assert.Throws<SketchStateException>(() => CountMinSketch.FromState(state.AsSpan(0, 20), SketchInputs.Key));
        Assert.Throws<SketchStateException>(() => CountMinSketch.FromState(state, SketchInputs.OtherKey));
        ulong seed = 5;
        for (int round = 0; round < 5000; round++)
        {
            byte[] damaged = [.. state];
            for (int i = 0; i <= round % 4; i++)
            {
                damaged[(int)(SketchInputs.Next(ref seed) % (ulong)damaged.Length)] = (byte)SketchInputs.Next(ref seed);
            }

            try
            {
                CountMinSketch restored = CountMinSketch.FromState(damaged, SketchInputs.Key);
                restored.Add(1, CountMinSketch.MaximumIncrement);
                restored.TryHalve();
                restored.Merge(restored);
                Assert.InRange(restored.Estimate(1), 0, CountMinSketch.MaximumCount);
            }
            catch (SketchStateException exception)
            {
                Assert.NotEmpty(exception.Message);
            }
        }
    }

    [Theory]
    [InlineData(CountMinUpdate.Atomic)]
    [InlineData(CountMinUpdate.Conservative)]
    public void Nothing_allocates(CountMinUpdate update)
    {
        CountMinSketch sketch = new(4, 64, SketchInputs.Key, update);
        byte[] state = State(sketch);
        Assert.Equal(0, Allocations.Least(() =>
        {
            sketch.Add(1);
            sketch.Add(state);
            sketch.Estimate(1);
            sketch.Merge(sketch);
            sketch.TryHalve();
            sketch.CopyStateTo(state);
        }));
    }

    private static byte[] State(CountMinSketch sketch)
    {
        byte[] state = new byte[sketch.StateSize];
        Assert.Equal(state.Length, sketch.CopyStateTo(state));
        return state;
    }

    private static IEnumerable<int> Counters(CountMinSketch sketch) =>
        State(sketch).Skip(32).Chunk(4).Select(bytes => BitConverter.ToInt32(bytes));
}
