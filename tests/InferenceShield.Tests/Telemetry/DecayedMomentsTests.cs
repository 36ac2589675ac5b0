using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace InferenceShield.Tests.Telemetry;

public sealed class DecayedMomentsTests
{
    private const long Second = 1_000_000_000;

    [Theory]
    [InlineData(1, 0)]
    [InlineData(4, 0)]
    [InlineData(1, 1_000_000)]
    public void Mean_and_variance_are_those_of_the_weighted_list(int stripes, int offset)
    {
        Gen<(float Value, long Gap)> answer = Gen.Choose(-1000, 1000).SelectMany(value => Gen.Choose(0, 4800).Select(gap =>
            (offset + value / 8f, gap < 1600 ? 0L : (long)Math.Pow(1.0075, gap))));
        Gen<(float Value, long Gap)[]> histories = Gen.Choose(1, 60).SelectMany(n => Gen.ArrayOf(answer, n));
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(histories.ToArbitrary(), history =>
        {
            DecayedMoments moments = new(stripes);
            List<(float Value, long Time)> all = [];
            long now = 0;
            foreach ((float value, long gap) in history)
            {
                now += gap;
                all.Add((value, now));
                if (all.Count % 3 == 0)
                {
                    moments.Add([value, float.NaN, value], now);
                    all.Add((value, now));
                }
                else if (all.Count % 3 == 1)
                {
                    moments.AddFrom(processor: all.Count / 3, new Moments(1, 0, 1, value, 0), now);
                }
                else
                {
                    moments.Add(value, now);
                }
            }

            now += Second;
            for (int window = 0; window < moments.WindowCount; window++)
            {
                // The reference has the units, not the updating: those are tested by themselves.
                DecayWindow decay = DecayWindows.Default[window];
                double[] weights = [.. all.Select(a => Math.Exp((decay.UnitOf(a.Time) - decay.UnitOf(now)) / 256.0))];
                double weight = weights.Sum();
                double mean = all.Select((a, i) => weights[i] * a.Value).Sum() / weight;
                double variance = all.Select((a, i) => weights[i] * (a.Value - mean) * (a.Value - mean)).Sum() / weight;
                ValueSnapshot snapshot = moments.Snapshot(window, now);
                Assert.Equal(all.Count, snapshot.Count);
                Assert.Equal(0, snapshot.Skipped);
                Assert.InRange(snapshot.Weight, weight * (1 - 1e-12), weight * (1 + 1e-12));
                Assert.Equal(mean, snapshot.Mean, 1e-12 * (1000 + Math.Abs(mean)));
                Assert.Equal(variance, snapshot.Variance, 1e-5);
            }
        }));
    }

    [Fact]
    public void Values_in_one_call_count_as_if_they_came_one_by_one()
    {
        float[] values = [1.5f, -3, 8, 8, 0.25f, float.NaN, float.PositiveInfinity, 7];
        DecayedMoments together = new();
        DecayedMoments apart = new();
        together.Add(values, 5 * Second);
        together.Add([float.NaN], 5 * Second);
        together.Add([], 5 * Second);
        foreach (float value in values)
        {
            apart.Add(value, 5 * Second);
        }

        ValueSnapshot one = together.Snapshot(1, 6 * Second);
        ValueSnapshot other = apart.Snapshot(1, 6 * Second);
        Assert.Equal(6, one.Count);
        Assert.Equal(other.Count, one.Count);
        Assert.Equal(other.Weight, one.Weight, 1e-12);
        Assert.Equal(other.Mean, one.Mean, 1e-12);
        Assert.Equal(other.Variance, one.Variance, 1e-12);
    }

    [Fact]
    public void A_huge_value_is_forgotten_without_a_trace()
    {
        DecayedMoments moments = new();
        moments.Add(float.MaxValue, Second);
        moments.Add(2, Second * 60 * 1000);
        moments.Add(4, Second * 60 * 1000);
        ValueSnapshot snapshot = moments.Snapshot(0, Second * 60 * 1000);
        Assert.Equal(new ValueSnapshot(3, 0, 2, 3, 1), snapshot);
        Assert.True(double.IsFinite(moments.Snapshot(3, Second * 60 * 1000).Variance));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public void A_snapshot_is_never_torn_and_every_value_is_counted_or_skipped(int stripes)
    {
        const int Threads = 6;
        const int Each = 300_000;
        DecayedMoments moments = new(stripes);
        int running = Threads;
        Together.Run(Threads + 2, number =>
        {
            if (number < Threads)
            {
                for (int i = 0; i < Each; i++)
                {
                    moments.Add([1, 3], Second);
                }

                Interlocked.Decrement(ref running);
                return;
            }

            // After any number of whole Adds the mean is 2 and the sum of squares is the weight: to the last bit, since all
            // of these are whole numbers. Parts of two updates would show.
            long count = 0;
            while (Volatile.Read(ref running) > 0)
            {
                ValueSnapshot snapshot = moments.Snapshot(number - Threads, Second);
                Assert.True(snapshot.Weight == 0 || (snapshot.Mean == 2 && snapshot.Variance == 1), snapshot.ToString());
                Assert.Equal(snapshot.Count - snapshot.Skipped, snapshot.Weight);
                Assert.InRange(snapshot.Count, count, 2 * Threads * Each);
                count = snapshot.Count;
            }
        });
        for (int window = 0; window < moments.WindowCount; window++)
        {
            ValueSnapshot last = moments.Snapshot(window, Second);
            Assert.Equal(2 * Threads * Each, last.Count);
            Assert.Equal(last.Count - last.Skipped, last.Weight);
            Assert.True(last.Skipped < last.Count / 2, last.ToString());
        }
    }

    [Fact]
    public void Guards_keep_their_distance()
    {
        Assert.Equal(128, Unsafe.SizeOf<MomentsGuard>());
        Assert.Equal(64, Marshal.OffsetOf<MomentsGuard>(nameof(MomentsGuard.Busy)).ToInt32());
        Assert.Equal(72, Marshal.OffsetOf<MomentsGuard>(nameof(MomentsGuard.Version)).ToInt32());
        Assert.Equal(40, Unsafe.SizeOf<Moments>());
    }

    [Fact]
    public void Misuse_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new DecayedMoments(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new DecayedMoments(DecayedMoments.MostStripes + 1));
        DecayedMoments moments = new();
        Assert.Throws<ArgumentOutOfRangeException>(() => moments.Snapshot(-1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => moments.Snapshot(4, 0));
        Assert.Equal(default, moments.Snapshot(0, Second));
    }

    [Fact]
    public void Adding_and_reading_allocate_nothing_and_the_memory_is_as_stated()
    {
        Assert.InRange(Allocations.Least(() => GC.KeepAlive(new DecayedMoments()), expected: 600), 400, 600);
        DecayedMoments moments = new();
        float[] values = [1, 2, 3];
        Assert.Equal(0, Together.Allocated(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                moments.Add(i, i * Second);
                moments.Add(values, i * Second);
            }

            moments.Snapshot(2, 1000 * Second);
        }));
    }
}
