using System.Numerics;

namespace InferenceShield;

/// <summary>A counter to which threads on different processors add without sharing a cache line.</summary>
/// <remarks>
/// <para>One cell of <see cref="CounterCell.SizeInBytes"/> bytes a processor, up to <see cref="MostStripes"/>; for counters of
/// a shield, not of a caller. Thread-safe. <see cref="Add"/> is wait-free, allocates nothing and loses nothing: a thread
/// that is moved to another processor half-way adds atomically to the cell it chose.</para>
/// <para>Consistency: <see cref="Sum"/> holds every Add that ended before it began and none that began after it ended; of
/// those in between, any. While nothing is subtracted, later sums are never smaller. Two counters are not one instant.</para>
/// </remarks>
internal sealed class StripedCounter
{
    /// <summary>More processors share cells, a few to each.</summary>
    public const int MostStripes = 64;

    private readonly CounterCell[] _cells;
    private readonly int _mask;

    public StripedCounter()
        : this(Math.Min(Environment.ProcessorCount, MostStripes))
    {
    }

    /// <summary>Makes one for another number of processors.</summary>
    /// <param name="stripes">1 to <see cref="MostStripes"/>; rounded up to a power of two.</param>
    public StripedCounter(int stripes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(stripes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(stripes, MostStripes);
        stripes = (int)BitOperations.RoundUpToPowerOf2((uint)stripes);
        _mask = stripes - 1;

        // The first cell stays unused, for the array's length lies beside it and every Add reads that; so does the last,
        // for what object follows the array is chance.
        _cells = new CounterCell[stripes + 2];
    }

    /// <summary>All that was added, less what was subtracted; wraps like any 64-bit integer.</summary>
    public long Sum
    {
        get
        {
            long sum = 0;
            for (int i = 1; i < _cells.Length - 1; i++)
            {
                sum += Volatile.Read(ref _cells[i].Value);
            }

            return sum;
        }
    }

    /// <summary>Adds any number, 0 and negative ones included.</summary>
    public void Add(long amount) => AddFrom(Thread.GetCurrentProcessorId(), amount);

    /// <summary>Adds as a thread on the given processor would.</summary>
    public void AddFrom(int processor, long amount) => Interlocked.Add(ref _cells[1 + (processor & _mask)].Value, amount);

    /// <summary>Adds 1.</summary>
    public void Increment() => Add(1);
}
