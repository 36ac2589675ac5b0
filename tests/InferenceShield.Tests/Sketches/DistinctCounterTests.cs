namespace InferenceShield.Tests;

/// <summary>What holds for every distinct counter, whatever its registers mean.</summary>
public abstract class DistinctCounterTests<TSketch>
    where TSketch : class
{
    private const int HeaderSize = 16;

    protected abstract TSketch Create(int precision, SketchKey key);

    protected abstract bool AddHash(TSketch sketch, ulong hash);

    protected abstract bool AddNumber(TSketch sketch, ulong item);

    protected abstract bool AddBytes(TSketch sketch, ReadOnlySpan<byte> item);

    protected abstract IReadOnlyList<double> Estimates(TSketch sketch);

    protected abstract void Merge(TSketch sketch, TSketch other);

    protected abstract void MergeShared(TSketch sketch, TSketch other);

    protected abstract TSketch Downsize(TSketch sketch, int precision);

    protected abstract int CopyState(TSketch sketch, Span<byte> destination);

    protected abstract TSketch Restore(ReadOnlySpan<byte> state, SketchKey key);

    protected abstract double StandardError(int precision);

    /// <summary>A register that no items make at precision 5.</summary>
    protected abstract byte ImpossibleAtPrecision5 { get; }

    /// <summary>The state fingerprints of all precisions: hashes, then numbers and bytes under the key.</summary>
    protected abstract (string Hashes, string Items) ExpectedFingerprints { get; }

    [Fact]
    public void States_are_what_they_have_always_been()
    {
        List<byte[]> hashes = [];
        List<byte[]> items = [];
        for (int precision = 4; precision <= 16; precision++)
        {
            foreach (int count in (int[])[0, 1, 10, 1000, 100_000])
            {
                hashes.Add(State(Filled(precision, SketchInputs.Hashes((ulong)(precision * 1000 + count), count))));
            }

            TSketch sketch = Create(precision, SketchInputs.Key);
            byte[] bytes = [.. Enumerable.Range(0, 200).Select(value => (byte)value)];
            for (int i = 0; i < bytes.Length; i++)
            {
                AddNumber(sketch, (ulong)i);
                AddBytes(sketch, bytes.AsSpan(i));
            }

            items.Add(State(sketch));
        }

        Assert.Equal(ExpectedFingerprints.Hashes, SketchInputs.Fingerprint(hashes));
        Assert.Equal(ExpectedFingerprints.Items, SketchInputs.Fingerprint(items));
    }

    [Theory]
    [MemberData(nameof(SketchInputs.Precisions), MemberType = typeof(SketchInputs))]
    public void A_merge_is_the_union(int precision)
    {
        ulong[] hashes = SketchInputs.Hashes(1, 5000);
        byte[] union = State(Filled(precision, hashes));
        for (int other = precision; other <= 16; other++)
        {
            foreach (bool shared in (bool[])[false, true])
            {
                TSketch left = Filled(precision, hashes.AsSpan(0, 3000));
                TSketch right = Filled(other, hashes.AsSpan(2000));
                if (shared)
                {
                    MergeShared(left, right);
                }
                else
                {
                    Merge(left, right);
                }

                Assert.Equal(union, State(left));
            }
        }
    }

    [Theory]
    [MemberData(nameof(SketchInputs.Precisions), MemberType = typeof(SketchInputs))]
    public void Downsizing_is_building_smaller(int precision)
    {
        ulong[] hashes = SketchInputs.Hashes(2, 20_000);
        foreach (int count in (int[])[0, 1, 50, 20_000])
        {
            TSketch sketch = Filled(precision, hashes.AsSpan(0, count));
            for (int smaller = 4; smaller <= precision; smaller++)
            {
                Assert.Equal(State(Filled(smaller, hashes.AsSpan(0, count))), State(Downsize(sketch, smaller)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(SketchInputs.Precisions), MemberType = typeof(SketchInputs))]
    public void Adding_again_and_merging_with_oneself_change_nothing(int precision)
    {
        ulong[] hashes = SketchInputs.Hashes(3, 10_000);
        TSketch sketch = Filled(precision, hashes);
        byte[] state = State(sketch);
        Assert.All(hashes, hash => Assert.False(AddHash(sketch, hash)));
        Merge(sketch, sketch);
        MergeShared(sketch, sketch);
        Assert.Equal(state, State(sketch));
    }

    [Fact]
    public void An_add_returns_whether_the_state_changed()
    {
        TSketch sketch = Create(6, SketchInputs.Key);
        foreach (ulong hash in SketchInputs.Hashes(4, 3000))
        {
            byte[] before = State(sketch);
            Assert.Equal(AddHash(sketch, hash), !before.AsSpan().SequenceEqual(State(sketch)));
        }
    }

    [Fact]
    public void The_order_does_not_matter()
    {
        ulong[] hashes = SketchInputs.Hashes(5, 20_000);
        byte[] state = State(Filled(8, hashes));
        Array.Reverse(hashes);
        Assert.Equal(state, State(Filled(8, hashes)));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(12)]
    public void Many_threads_make_the_state_that_one_makes(int precision)
    {
        ulong[] hashes = SketchInputs.Hashes(6, 200_000);
        byte[] expected = State(Filled(precision, hashes));
        for (int round = 0; round < 5; round++)
        {
            TSketch sketch = Create(precision, SketchInputs.Key);
            TSketch half = Filled(precision, hashes.AsSpan(100_000));
            SketchInputs.RunTogether(4, index =>
            {
                // Neighbours meet at the same registers: three threads add, in different orders, and one merges.
                for (int i = 0; i < 100_000 && index < 3; i++)
                {
                    AddHash(sketch, hashes[index == 1 ? 99_999 - i : i]);
                }

                for (int i = 0; i < 20 && index == 3; i++)
                {
                    MergeShared(sketch, half);
                    Assert.All(Estimates(sketch), estimate => Assert.True(double.IsFinite(estimate)));
                }
            });
            Assert.Equal(expected, State(sketch));
        }
    }

    [Theory]
    [MemberData(nameof(SketchInputs.Precisions), MemberType = typeof(SketchInputs))]
    public void A_state_restores(int precision)
    {
        TSketch sketch = Filled(precision, SketchInputs.Hashes(7, 5000));
        TSketch restored = Restore(State(sketch), SketchInputs.Key);
        Assert.Equal(State(sketch), State(restored));
        Assert.Equal(Estimates(sketch), Estimates(restored));
    }

    [Fact]
    public void Random_bytes_are_refused_or_harmless()
    {
        ulong seed = 8;
        int accepted = 0;
        for (int round = 0; round < 3000; round++)
        {
            int precision = 4 + round % 5;
            byte[] state = State(Create(precision, SketchInputs.Key));
            // Whole registers of noise, then registers that are mostly 0, then noise anywhere, the preamble included.
            for (int i = round % 3 == 2 ? 0 : HeaderSize; i < state.Length; i++)
            {
                byte noise = (byte)SketchInputs.Next(ref seed);
                state[i] = round % 3 == 0 || SketchInputs.Next(ref seed) % 16 == 0 ? noise : state[i];
            }

            try
            {
                TSketch sketch = Restore(state, SketchInputs.Key);
                accepted++;
                AddHash(sketch, SketchInputs.Next(ref seed));
                Merge(sketch, Restore(state, SketchInputs.Key));
                Downsize(sketch, 4);
                Assert.All(Estimates(sketch), estimate => Assert.InRange(estimate, 0, Math.ScaleB(1, 64)));
            }
            catch (SketchStateException exception)
            {
                Assert.NotEmpty(exception.Message);
            }
        }

        Assert.InRange(accepted, 1, 2999);
    }

    [Fact]
    public void A_damaged_state_says_what_is_wrong()
    {
        byte[] state = State(Filled(5, SketchInputs.Hashes(9, 100)));
        Refused(state[..^1], "has 47 bytes");
        Refused([.. state, 0], "has 49 bytes");
        Refused(state[..15], "Not the state of a sketch");
        Refused([], "Not the state of a sketch");
        Refused(With(state, 0, (byte)'x'), "Not the state of a sketch");
        Refused(With(state, 4, 2), "format version 2");
        Refused(With(state, 5, 9), "of kind 9");
        Refused(With(state, 6, 3), "parameters 3");
        Refused(With(state, 6, 17), "parameters 17");
        Refused(With(state, 7, 1), "parameters 5 and 1");
        Refused(With(state, 8, (byte)(state[8] ^ 1)), "another sketch key");
        Refused(With(state, 20, ImpossibleAtPrecision5), "Register 4");
        Assert.Throws<SketchStateException>(() => Restore(state, SketchInputs.OtherKey));
        Assert.Throws<ArgumentNullException>(() => Restore(state, null!));
    }

    [Fact]
    public void Full_registers_estimate_no_more_than_there_are_hashes()
    {
        TSketch sketch = Create(6, SketchInputs.Key);
        for (ulong index = 0; index < 64; index++)
        {
            for (int level = 0; level <= 58; level++)
            {
                AddHash(sketch, (index << 58) | (level == 58 ? 0 : 1UL << level));
            }
        }

        Assert.All(Estimates(sketch), estimate => Assert.Equal(Math.ScaleB(1, 64), estimate));
    }

    [Fact]
    public void Nothing_added_is_estimated_as_0_and_one_item_as_1()
    {
        for (int precision = 4; precision <= 16; precision++)
        {
            TSketch sketch = Create(precision, SketchInputs.Key);
            Assert.All(Estimates(sketch), estimate => Assert.Equal(0, estimate));
            AddNumber(sketch, 1);
            Assert.All(Estimates(sketch), estimate => Assert.Equal(1, estimate, 0.15));
        }
    }

    [Fact]
    public void Sequential_numbers_are_counted_within_4_standard_errors()
    {
        for (int precision = 6; precision <= 16; precision++)
        {
            TSketch sketch = Create(precision, SketchInputs.Key);
            ulong item = 0;
            foreach (int count in (int[])[100, 10_000, 300_000])
            {
                for (; item < (ulong)count; item++)
                {
                    AddNumber(sketch, item);
                }

                Assert.All(Estimates(sketch), estimate => Assert.Equal(1, estimate / count, 4 * StandardError(precision)));
            }
        }
    }

    [Fact]
    public void A_number_is_its_8_bytes()
    {
        TSketch sketch = Create(8, SketchInputs.Key);
        AddNumber(sketch, 0x0123456789abcdef);
        Assert.False(AddBytes(sketch, Convert.FromHexString("efcdab8967452301")));
    }

    [Fact]
    public void What_makes_no_sense_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Create(3, SketchInputs.Key));
        Assert.Throws<ArgumentOutOfRangeException>(() => Create(17, SketchInputs.Key));
        Assert.Throws<ArgumentNullException>(() => Create(4, null!));
        TSketch sketch = Create(6, SketchInputs.Key);
        Assert.Throws<ArgumentNullException>(() => Merge(sketch, null!));
        Assert.Throws<ArgumentException>(() => Merge(sketch, Create(5, SketchInputs.Key)));
        Assert.Throws<ArgumentException>(() => MergeShared(sketch, Create(6, SketchInputs.OtherKey)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Downsize(sketch, 7));
        Assert.Throws<ArgumentOutOfRangeException>(() => Downsize(sketch, 3));
        Assert.Throws<ArgumentException>(() => CopyState(sketch, new byte[79]));
        Assert.Throws<ArgumentOutOfRangeException>(() => StandardError(3));
        Assert.Throws<ArgumentOutOfRangeException>(() => StandardError(17));
    }

    [Fact]
    public void Adding_and_estimating_allocate_nothing()
    {
        TSketch sketch = Create(12, SketchInputs.Key);
        TSketch other = Filled(12, SketchInputs.Hashes(10, 1000));
        byte[] state = new byte[16 + 4096];
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (ulong i = 0; i < 100; i++)
            {
                AddNumber(sketch, i);
                AddHash(sketch, i << 40);
                AddBytes(sketch, state);
            }

            Merge(sketch, other);
            MergeShared(sketch, other);
            CopyState(sketch, state);
            EstimateOnce(sketch);
        }));
    }

    protected abstract double EstimateOnce(TSketch sketch);

    protected TSketch Filled(int precision, ReadOnlySpan<ulong> hashes)
    {
        TSketch sketch = Create(precision, SketchInputs.Key);
        foreach (ulong hash in hashes)
        {
            AddHash(sketch, hash);
        }

        return sketch;
    }

    protected byte[] State(TSketch sketch)
    {
        byte[] state = new byte[1 << 17];
        return state[..CopyState(sketch, state)];
    }

    private static byte[] With(byte[] state, int index, byte value)
    {
        byte[] changed = [.. state];
        changed[index] = value;
        return changed;
    }

    private void Refused(byte[] state, string because) =>
        Assert.Contains(because, Assert.Throws<SketchStateException>(() => Restore(state, SketchInputs.Key)).Message, StringComparison.Ordinal);
}
