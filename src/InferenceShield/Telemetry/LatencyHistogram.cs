using System.Numerics;

namespace InferenceShield;

/// <summary>Counts durations in log-linear buckets, so that quantiles can be read with a bounded relative error.</summary>
/// <remarks>
/// <para>Each power of two is cut into 32 equal buckets, as HdrHistogram does (Tene, 2012), and a bucket is read as its
/// middle: off by at most 1/64, 1.6 %, between <see cref="Lowest"/> and <see cref="Highest"/> nanoseconds. What is
/// shorter counts in the first bucket, what is longer in the last. 1024 counts of 64 bits: 8 KiB.</para>
/// <para>Thread-safe and lock-free; recording is two reads, one atomic increment and, for a new maximum, one
/// compare-and-swap, and allocates nothing.</para>
/// <para>Consistency of a snapshot: each count is read once, and the quantiles and the number are of these very counts, so
/// P50 &lt;= P95 &lt;= P99 &lt;= Max always. It holds every recording that ended before it began and none that began after
/// it ended. A recording raises Max before it is counted, so nothing counted is above Max.</para>
/// </remarks>
internal sealed class LatencyHistogram
{
    /// <summary>From here on the relative error holds; the first bucket begins at 64 ns.</summary>
    public const long Lowest = 100;

    /// <summary>Up to here the relative error holds; the last bucket ends at 275 s.</summary>
    public const long Highest = 100_000_000_000;

    /// <summary>A quantile is off by at most this share of itself.</summary>
    public const double RelativeError = 1.0 / 64;

    private const int FirstExponent = 6;
    private const int EndExponent = 38;
    private const int BucketBits = 5;
    private const int BucketCount = (EndExponent - FirstExponent) << BucketBits;

    private readonly long[] _counts = new long[BucketCount];
    private long _max;

    /// <summary>The longest duration so far, in nanoseconds; 0 if there was none.</summary>
    public long Max => Volatile.Read(ref _max);

    /// <summary>Counts one duration.</summary>
    /// <param name="nanoseconds">Any; one below 0 counts as 0.</param>
    /// <param name="calls">How many calls it stands for: 1 or more.</param>
    public void Record(long nanoseconds, int calls = 1)
    {
        long max = Max;
        while (nanoseconds > max)
        {
            // Ends after few turns: the compare-and-swap fails only if the maximum grew meanwhile.
            long seen = Interlocked.CompareExchange(ref _max, nanoseconds, max);
            max = seen == max ? nanoseconds : seen;
        }

        Interlocked.Add(ref _counts[BucketOf(nanoseconds)], calls);
    }

    /// <summary>Number, quantiles and maximum since the start. About 1 microsecond; allocates nothing.</summary>
    public LatencySnapshot Snapshot()
    {
        Span<long> counts = stackalloc long[BucketCount];
        long total = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            counts[i] = Volatile.Read(ref _counts[i]);
            total += counts[i];
        }

        // After the counts: acquire reads keep their order, so this maximum covers all that was counted.
        long max = Max;
        return new LatencySnapshot(
            total,
            Math.Min(max, Quantile(counts, total, 50)),
            Math.Min(max, Quantile(counts, total, 95)),
            Math.Min(max, Quantile(counts, total, 99)),
            max);
    }

    private static int BucketOf(long nanoseconds)
    {
        if (nanoseconds < 1L << FirstExponent)
        {
            return 0;
        }

        int exponent = BitOperations.Log2((ulong)nanoseconds);
        return exponent < EndExponent
            ? ((exponent - FirstExponent) << BucketBits) | ((int)(nanoseconds >> (exponent - BucketBits)) & ((1 << BucketBits) - 1))
            : BucketCount - 1;
    }

    private static long MiddleOf(int bucket)
    {
        int shift = (bucket >> BucketBits) + FirstExponent - BucketBits;
        long lower = (long)((1 << BucketBits) | (bucket & ((1 << BucketBits) - 1))) << shift;
        return lower + (1L << (shift - 1));
    }

    private static long Quantile(ReadOnlySpan<long> counts, long total, int percent)
    {
        // Nearest rank, rounded up; in 128 bits, for a count may be any long.
        long rank = (long)(((Int128)total * percent + 99) / 100);
        long below = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            below += counts[i];
            if (below >= rank && below > 0)
            {
                return MiddleOf(i);
            }
        }

        return 0;
    }
}
