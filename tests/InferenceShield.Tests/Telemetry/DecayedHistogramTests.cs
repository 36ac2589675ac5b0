using FsCheck;
using FsCheck.Fluent;
using InferenceShield.Numerics;
using Xunit;

namespace InferenceShield.Tests.Telemetry;

public sealed class DecayedHistogramTests
{
    private const long Second = 1_000_000_000;

    private static readonly SipHashKey s_key = new("0123456789abcdef"u8);

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Totals_shares_and_entropy_are_those_of_the_exact_sums_of_exponentials(int stripes)
    {
        // Gaps from nothing to ten days, so that each window sees both its whole life and moments of it.
        Gen<(int Label, long Gap, int Count)> answer =
            Gen.Choose(0, 11).SelectMany(label => Gen.Choose(0, 4800).SelectMany(gap => Gen.Choose(1, 20).Select(count =>
                (label, gap < 1600 ? 0L : (long)Math.Pow(1.0075, gap), count))));
        Gen<(int Label, long Gap, int Count)[]> histories = Gen.Choose(1, 60).SelectMany(n => Gen.ArrayOf(answer, n));
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(histories.ToArbitrary(), history =>
        {
            DecayedHistogram histogram = new(s_key, buckets: 12, stripes);
            List<(int Label, long Time, int Count)> all = [];
            long now = 0;
            foreach ((int label, long gap, int count) in history)
            {
                now += gap;
                histogram.AddFrom(processor: all.Count, label, now, count);
                all.Add((label, now, count));
            }

            now += Second;
            double[] shares = new double[12];
            for (int window = 0; window < histogram.WindowCount; window++)
            {
                double length = DecayWindows.Default[window].Length.TotalNanoseconds;
                double[] counts = new double[12];
                foreach ((int label, long time, int count) in all)
                {
                    counts[label] += now - time < 256 * length ? count * Math.Exp((time - now) / length) : 0;
                }

                double total = counts.Sum();
                double entropy = counts.Where(c => c > 1e-15 * total).Sum(c => -c / total * Math.Log2(c / total));
                LabelSnapshot snapshot = histogram.Snapshot(window, now, shares);
                Assert.Equal(snapshot, histogram.Snapshot(window, now));
                double error = Math.Exp(1.001 / 256) - 1;
                if (total < 1e-100)
                {
                    Assert.InRange(snapshot.Total, 0, 1e-99);
                    continue;
                }

                Assert.InRange(snapshot.Total, total * (1 - error), total * (1 + error));
                Assert.InRange(snapshot.EntropyBits - entropy, -0.02, 0.02);
                Assert.Equal(1, shares.Sum(), 1e-12);
                for (int i = 0; i < shares.Length; i++)
                {
                    Assert.InRange(shares[i] - counts[i] / total, -2 * error, 2 * error);
                }
            }
        }));
    }

    [Fact]
    public void Entropy_of_what_is_known()
    {
        DecayedHistogram histogram = new(s_key, buckets: 8);
        Assert.Equal(default, histogram.Snapshot(0, 5 * Second));
        for (int label = 0; label < 8; label++)
        {
            histogram.Add(label, Second, 10);
            Assert.Equal(Math.Log2(label + 1), histogram.Snapshot(2, Second).EntropyBits, 1e-12);
        }

        Assert.Equal(80, histogram.Snapshot(3, Second).Total);
        histogram.Clear();
        Assert.Equal(default, histogram.Snapshot(3, Second));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Threads_lose_nothing_in_any_window(int stripes)
    {
        const int Threads = 8;
        const int Each = 150_000;
        DecayedHistogram histogram = new(s_key, buckets: 4, stripes);
        int running = Threads - 1;
        Together.Run(Threads, number =>
        {
            if (number == Threads - 1)
            {
                double total = 0;
                double[] shares = new double[4];
                while (Volatile.Read(ref running) > 0)
                {
                    LabelSnapshot snapshot = histogram.Snapshot(1, Second, shares);
                    Assert.InRange(snapshot.Total, total, (Threads - 1) * Each * 2); // the time stands still: nothing decays
                    Assert.True(snapshot.Total == 0 || Math.Abs(shares.Sum() - 1) < 1e-12);
                    Assert.Equal(Math.Round(snapshot.Total), snapshot.Total); // never part of an increment
                    total = snapshot.Total;
                }

                return;
            }

            for (int i = 0; i < Each; i++)
            {
                histogram.AddFrom(number, (i + number) & 1, Second, 1 + (i & 2));
            }

            Interlocked.Decrement(ref running);
        });
        double[] shares = new double[4];
        for (int window = 0; window < histogram.WindowCount; window++)
        {
            Assert.Equal((Threads - 1) * Each * 2, histogram.Snapshot(window, Second, shares).Total);
            Assert.Equal([0.5, 0.5, 0, 0], shares);
        }
    }

    [Fact]
    public void Threads_with_clocks_apart_lose_nothing_while_time_goes_on()
    {
        const int Each = 400_000;
        DecayedHistogram histogram = new(s_key, buckets: 2);
        Together.Run(4, number =>
        {
            for (int i = 0; i < Each; i++)
            {
                histogram.Add(0, i * 300_000L + number * 420_000_000L);
            }
        });
        double length = 60.0 * Second;
        long now = 125 * Second;
        double expected = 0;
        for (int number = 0; number < 4; number++)
        {
            for (int i = 0; i < Each; i++)
            {
                expected += Math.Exp((i * 300_000L + number * 420_000_000L - now) / length);
            }
        }

        Assert.InRange(histogram.Snapshot(0, now).Total, expected * (1 - 1.0 / 256), expected * (1 + 1.0 / 256));
    }

    [Fact]
    public void More_than_the_mantissa_holds_stays_right_though_the_time_stands_still()
    {
        DecayedHistogram histogram = new(s_key, buckets: 2);
        histogram.Add(0, Second, 1 << 30);
        for (int i = 0; i < 1_000_000; i++)
        {
            histogram.Add(0, Second);
        }

        // sqrt(1e6 * 2^8) = 16 000 is one standard deviation in the shortest window.
        Assert.InRange(histogram.Snapshot(0, Second).Total - (1 << 30), 1_000_000 - 80_000, 1_000_000 + 80_000);
        Assert.Equal((1 << 30) + 1_000_000, histogram.Snapshot(3, Second).Total);
    }

    [Fact]
    public void Months_of_silence_read_as_nothing_and_not_as_a_moment()
    {
        // 2^24 units of the shortest window are 45.5 days.
        long wrap = (1L << 24) * 60 * Second / 256;
        DecayedHistogram histogram = new(s_key);
        histogram.Add(1, Second, 1000);
        Assert.Equal(0, histogram.Snapshot(0, Second + wrap).Total);
        Assert.InRange(histogram.Snapshot(3, Second + wrap).Total, 1, 1000);
        histogram.Add(1, Second + wrap);
        Assert.Equal(1, histogram.Snapshot(0, Second + wrap).Total);
        histogram.Add(1, long.MaxValue);
        Assert.Equal(1, histogram.Snapshot(0, long.MaxValue).Total);
        Assert.Equal(1, histogram.Snapshot(3, long.MaxValue).Total);
    }

    [Fact]
    public void Labels_that_fit_keep_their_bucket_and_others_are_spread_by_the_key()
    {
        DecayedHistogram histogram = new(s_key, buckets: 64);
        DecayedHistogram same = new(s_key, buckets: 64);
        DecayedHistogram other = new(new SipHashKey("another key, 16b"u8), buckets: 64);
        int[] labels = new int[64];
        int moved = 0;
        for (int label = 0; label < 64_064; label++)
        {
            int bucket = histogram.BucketOf(label);
            Assert.Equal(bucket, same.BucketOf(label));
            Assert.InRange(bucket, 0, 63);
            labels[bucket]++;
            moved += bucket == other.BucketOf(label) ? 0 : 1;
            Assert.True(label >= 64 || bucket == label);
        }

        Assert.All(labels, n => Assert.InRange(n, 900, 1100));
        Assert.InRange(moved, 60_000, 64_000);
        Assert.InRange(histogram.BucketOf(int.MaxValue), 0, 63);
        Assert.Throws<ArgumentOutOfRangeException>(() => histogram.BucketOf(-1));
    }

    [Fact]
    public void Misuse_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new DecayedHistogram(s_key, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new DecayedHistogram(s_key, DecayedHistogram.MostBuckets + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new DecayedHistogram(s_key, 2, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new DecayedHistogram(s_key, 2, DecayedHistogram.MostStripes + 1));
        DecayedHistogram histogram = new(s_key, 4);
        Assert.Throws<ArgumentOutOfRangeException>(() => histogram.Add(0, 0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => histogram.Add(-1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => histogram.Snapshot(4, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => histogram.Snapshot(-1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => histogram.Snapshot(0, 0, new double[3]));
    }

    [Fact]
    public void Adding_and_reading_allocate_nothing_and_the_memory_is_as_stated()
    {
        Assert.InRange(Allocations.Least(() => GC.KeepAlive(new DecayedHistogram(s_key)), expected: 2048 + 160), 2048, 2048 + 160);
        DecayedHistogram histogram = new(s_key);
        Assert.Equal(0, Together.Allocated(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                histogram.Add(i, i * Second);
            }

            histogram.Snapshot(2, 1000 * Second);
        }));
    }
}
