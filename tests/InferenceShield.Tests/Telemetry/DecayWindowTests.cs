using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace InferenceShield.Tests.Telemetry;

public sealed class DecayWindowTests
{
    private static readonly TimeSpan[] s_lengths =
        [DecayWindow.Shortest, TimeSpan.FromSeconds(7.3), TimeSpan.FromMinutes(1), TimeSpan.FromHours(1), TimeSpan.FromDays(1), TimeSpan.FromDays(30), DecayWindow.Longest];

    public static TheoryData<TimeSpan> Lengths => [.. s_lengths];

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Units_are_a_256th_of_the_window_and_never_go_back(TimeSpan length)
    {
        DecayWindow window = new(length);
        long unit = length.Ticks * 100 / 256;
        Assert.Equal(0, window.UnitOf(long.MinValue));
        Assert.Equal(0, window.UnitOf(-1));
        Random random = new(1);
        for (int i = 0; i < 5_000; i++)
        {
            long now = random.NextInt64() >> (i % 40);
            UInt128 early = (UInt128)now + ((UInt128)unit * (ulong)now >> 64) + 1;
            Assert.InRange((UInt128)window.UnitOf(now), (UInt128)(now / unit), early / (ulong)unit);
            Assert.True(window.UnitOf(now) <= window.UnitOf(now + 1));
        }

        // The boundaries of units over the first three years of a clock.
        for (long k = 1; k * unit < 100_000_000_000_000_000; k = k * 3 / 2 + 1)
        {
            Assert.Equal(k - 1, window.UnitOf(k * unit - 1 - unit / 180));
            Assert.Equal(k, window.UnitOf(k * unit));
        }
    }

    [Fact]
    public void Decay_is_the_exponential_and_ends_at_the_oldest_age()
    {
        for (int age = 0; age < DecayWindow.OldestUnits; age++)
        {
            double expected = Math.Exp(-age / 256.0);
            Assert.InRange(DecayWindow.Decay(age), expected * (1 - 1e-14), expected * (1 + 1e-14));
        }

        Assert.Equal(0, DecayWindow.Decay(DecayWindow.OldestUnits));
        Assert.Equal(0, DecayWindow.Decay(long.MaxValue));
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void A_word_gives_back_its_count_at_any_time_of_a_63_bit_clock(TimeSpan length)
    {
        DecayWindow window = new(length);
        Random random = new(2);
        for (int i = 0; i < 5_000; i++)
        {
            long unit = i == 0 ? window.UnitOf(long.MaxValue) : window.UnitOf(random.NextInt64() >> (i % 40));
            long count = 1L << (i % 63);
            ulong word = window.Add(0, unit, count, (ulong)random.NextInt64());
            Assert.NotEqual(0UL, word);
            Assert.Equal(count, window.Read(word, unit));
            Assert.Equal(count, window.Read(word, unit - 1)); // before its time: as at its time
            Assert.Equal(count * DecayWindow.Decay(100), window.Read(word, unit + 100));
            Assert.Equal(0, window.Read(word, unit + DecayWindow.OldestUnits));
        }
    }

    [Fact]
    public void What_is_old_never_looks_fresh_again()
    {
        // A word of the first unit, read at every age at which fewer bits for the unit would wrap.
        foreach (TimeSpan length in s_lengths)
        {
            DecayWindow window = new(length);
            ulong word = window.Add(0, 3, 1000, 0);
            for (int bits = 17; 1L << bits < window.UnitOf(long.MaxValue); bits++)
            {
                Assert.Equal(0, window.Read(word, 3 + (1L << bits)));
                ulong again = window.Add(word, 3 + (1L << bits), 1, 0);
                Assert.Equal(1, window.Read(again, 3 + (1L << bits)));
            }
        }
    }

    [Fact]
    public void Counts_are_exact_up_to_the_stated_number()
    {
        DecayWindow minute = new(TimeSpan.FromMinutes(1));
        ulong word = minute.Add(0, 5, (1 << 23) - 100_000, 0);
        for (int i = 0; i < 100_000; i++)
        {
            word = minute.Add(word, 5, 1, 0xFFFF_FFFF_FFFF_FFFF - word * 3);
        }

        Assert.Equal(1 << 23, minute.Read(word, 5));
        DecayWindow month = new(TimeSpan.FromDays(30));
        word = month.Add(0, 5, (1L << 39) - 1, 0);
        Assert.Equal(1L << 39, month.Read(month.Add(word, 5, 1, 0), 5));
    }

    [Fact]
    public void Greater_counts_stay_right_on_average()
    {
        DecayWindow minute = new(TimeSpan.FromMinutes(1));
        double start = 1L << 30;
        ulong word = minute.Add(0, 5, start, 0);
        for (uint i = 0; i < 4_000_000; i++)
        {
            word = minute.Add(word, 5, 1, i * 1_000_003UL);
        }

        // One standard deviation is sqrt(4e6 * 2^8) = 32 000.
        Assert.InRange(minute.Read(word, 5) - start, 4_000_000 - 5 * 32_000, 4_000_000 + 5 * 32_000);
    }

    [Fact]
    public void The_order_of_events_does_not_matter()
    {
        DecayWindow minute = new(TimeSpan.FromMinutes(1));
        Gen<(int Unit, int Amount)[]> events = Gen.Choose(1, 40).SelectMany(n => Gen.ArrayOf(
            Gen.Choose(0, 2000).SelectMany(unit => Gen.Choose(1, 50).Select(amount => (unit, amount))), n));
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(500), Prop.ForAll(events.ToArbitrary(), all =>
        {
            ulong word = 0;
            foreach ((int unit, int amount) in all)
            {
                word = minute.Add(word, unit, amount, (ulong)unit);
            }

            int last = all.Max(e => e.Unit);
            double expected = all.Sum(e => e.Amount * Math.Exp((e.Unit - last) / 256.0));
            return Math.Abs(minute.Read(word, last) - expected) <= expected * all.Length * Math.Pow(2, -22);
        }));
    }

    [Fact]
    public void Lengths_out_of_range_and_out_of_order_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new DecayWindow(DecayWindow.Shortest - TimeSpan.FromTicks(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new DecayWindow(DecayWindow.Longest + TimeSpan.FromTicks(1)));
        Assert.Throws<ArgumentException>(() => DecayWindows.Prepare([]));
        Assert.Throws<ArgumentException>(() => DecayWindows.Prepare([TimeSpan.FromHours(1), TimeSpan.FromHours(1)]));
        Assert.Equal(4, DecayWindows.Default.Length);
    }
}
