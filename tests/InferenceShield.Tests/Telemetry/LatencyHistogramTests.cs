using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace InferenceShield.Tests.Telemetry;

public sealed class LatencyHistogramTests
{
    [Fact]
    public void Quantiles_are_those_of_the_sorted_list_within_the_stated_error()
    {
        // Log-uniform over the whole range, and lists in which a few values repeat.
        Gen<long> duration = Gen.Choose(0, 1_000_000).Select(x =>
            Math.Clamp((long)(LatencyHistogram.Lowest * Math.Pow(10, 9e-6 * x)), LatencyHistogram.Lowest, LatencyHistogram.Highest));
        Gen<long[]> lists = Gen.Choose(1, 300).SelectMany(n => Gen.ArrayOf(duration, n));
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(500), Prop.ForAll(lists.ToArbitrary(), durations =>
        {
            LatencyHistogram histogram = new();
            foreach (long nanoseconds in durations)
            {
                histogram.Record(nanoseconds);
            }

            long[] sorted = [.. durations.Order()];
            LatencySnapshot snapshot = histogram.Snapshot();
            return snapshot.Count == sorted.Length && snapshot.Max == sorted[^1]
                && IsNear(snapshot.P50, NearestRank(sorted, 50))
                && IsNear(snapshot.P95, NearestRank(sorted, 95))
                && IsNear(snapshot.P99, NearestRank(sorted, 99));
        }));
    }

    [Fact]
    public void Every_bucket_holds_its_error_at_both_ends()
    {
        for (long value = LatencyHistogram.Lowest; value <= LatencyHistogram.Highest; value += Math.Max(1, value / 97))
        {
            LatencyHistogram histogram = new();
            histogram.Record(value);
            histogram.Record(long.MaxValue); // so that the maximum does not correct the quantile
            Assert.True(IsNear(histogram.Snapshot().P50, value), $"{value} read as {histogram.Snapshot().P50}");
        }
    }

    [Fact]
    public void The_stated_error_is_the_actual_one()
    {
        Assert.True(LatencyHistogram.RelativeError <= 0.03);
        double worst = 0;
        for (int value = 1024; value < 2048; value++)
        {
            LatencyHistogram histogram = new();
            histogram.Record(value);
            histogram.Record(long.MaxValue);
            worst = Math.Max(worst, Math.Abs(histogram.Snapshot().P50 - value) / (double)value);
        }

        Assert.Equal(LatencyHistogram.RelativeError, worst, 1e-12);
    }

    [Fact]
    public void Values_out_of_range_are_counted_at_its_ends()
    {
        LatencyHistogram histogram = new();
        Assert.Equal(default, histogram.Snapshot());
        histogram.Record(long.MinValue);
        histogram.Record(-1);
        histogram.Record(0);
        Assert.Equal(new LatencySnapshot(3, 0, 0, 0, 0), histogram.Snapshot());
        for (int i = 0; i < 7; i++)
        {
            histogram.Record(long.MaxValue);
        }

        LatencySnapshot snapshot = histogram.Snapshot();
        Assert.Equal(10, snapshot.Count);
        Assert.Equal(long.MaxValue, snapshot.Max);
        Assert.InRange(snapshot.P50, LatencyHistogram.Highest, 280_000_000_000);
    }

    [Fact]
    public void Threads_lose_nothing_and_snapshots_hold_together()
    {
        const int Threads = 7;
        const int Each = 500_000;
        LatencyHistogram histogram = new();
        int running = Threads;
        Together.Run(Threads + 1, number =>
        {
            if (number < Threads)
            {
                for (int i = 0; i < Each; i++)
                {
                    histogram.Record(100L << ((i + number) % 30));
                }

                Interlocked.Decrement(ref running);
                return;
            }

            long count = 0;
            while (Volatile.Read(ref running) > 0)
            {
                LatencySnapshot snapshot = histogram.Snapshot();
                Assert.True(snapshot.P50 <= snapshot.P95 && snapshot.P95 <= snapshot.P99 && snapshot.P99 <= snapshot.Max);
                Assert.InRange(snapshot.Count, count, Threads * Each);
                count = snapshot.Count;
            }
        });
        Assert.Equal(Threads * Each, histogram.Snapshot().Count);
        Assert.Equal(100L << 29, histogram.Snapshot().Max);
    }

    [Fact]
    public void The_maximum_is_never_behind_what_was_recorded()
    {
        LatencyHistogram histogram = new();
        long next = 0;
        Together.Run(4, _ =>
        {
            long end = Environment.TickCount64 + 300;
            for (int i = 0; i % 1000 != 0 || Environment.TickCount64 < end; i++)
            {
                long latest = Interlocked.Increment(ref next);
                histogram.Record(latest);
                Assert.True(histogram.Max >= latest);
            }
        });
        Assert.Equal(next, histogram.Max);
    }

    [Fact]
    public void Recording_and_reading_allocate_nothing_and_the_memory_is_as_stated()
    {
        Assert.InRange(Allocations.Least(() => GC.KeepAlive(new LatencyHistogram()), expected: 8192 + 128), 8192, 8192 + 128);
        LatencyHistogram histogram = new();
        Assert.Equal(0, Together.Allocated(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                histogram.Record(i * 1000);
            }

            histogram.Snapshot();
        }));
    }

    private static long NearestRank(long[] sorted, int percent) => sorted[(sorted.Length * percent + 99) / 100 - 1];

    private static bool IsNear(long read, long actual) => Math.Abs(read - actual) <= LatencyHistogram.RelativeError * actual;
}
