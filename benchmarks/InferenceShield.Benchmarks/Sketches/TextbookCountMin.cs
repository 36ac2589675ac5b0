using InferenceShield.Numerics;

namespace InferenceShield.Benchmarks;

/// <summary>Count-Min as one writes it from the paper, for comparison: 4 rows, scalar loops, Math.Min. It finds the
/// counters as <see cref="CountMinSketch"/> does, so that what is compared is the work on them.</summary>
internal sealed class TextbookCountMin(int widthBits)
{
    private const int Depth = 4;

    private readonly int[] _counters = new int[Depth << widthBits];

    /// <summary>For one thread.</summary>
    public int AddAndEstimate(ulong hash)
    {
        for (int row = 0; row < Depth; row++)
        {
            _counters[CountMinRows.Index(hash, row, widthBits)]++;
        }

        return Estimate(hash);
    }

    /// <summary>As fast as it gets without vectors: counters found once, the loops unrolled.</summary>
    public int AddAndEstimateUnrolled(ulong hash)
    {
        (int first, int second, int third, int fourth) = CountMinRows.Indices(hash, widthBits);
        return Math.Min(Math.Min(++_counters[first], ++_counters[second]), Math.Min(++_counters[third], ++_counters[fourth]));
    }

    /// <summary>For many threads.</summary>
    public int AddAndEstimateAtomically(ulong hash)
    {
        for (int row = 0; row < Depth; row++)
        {
            Interlocked.Increment(ref _counters[CountMinRows.Index(hash, row, widthBits)]);
        }

        return Estimate(hash);
    }

    /// <summary>Conservative update, for one thread.</summary>
    public int AddConservatively(ulong hash)
    {
        int estimate = Estimate(hash) + 1;
        for (int row = 0; row < Depth; row++)
        {
            ref int counter = ref _counters[CountMinRows.Index(hash, row, widthBits)];
            counter = Math.Max(counter, estimate);
        }

        return estimate;
    }

    public int Estimate(ulong hash)
    {
        int least = int.MaxValue;
        for (int row = 0; row < Depth; row++)
        {
            least = Math.Min(least, _counters[CountMinRows.Index(hash, row, widthBits)]);
        }

        return least;
    }
}
