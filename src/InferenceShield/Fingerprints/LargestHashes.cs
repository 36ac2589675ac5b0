using System.Numerics;

namespace InferenceShield;

/// <summary>Collects the N largest distinct hashes of a stream, exactly, in about one step a hash.</summary>
/// <remarks>
/// Hashes are spread evenly, so their leading bits above the floor are a place in a table that is both a hash table
/// (equal hashes meet, and the second is dropped) and in order (the largest are found from the top, without sorting).
/// When the memory is full the floor rises to just below the N largest and the rest is forgotten; what follows has
/// to reach the floor. Should hashes cluster all the same, a sort takes over: slower, never wrong.
/// Not thread-safe.
/// </remarks>
internal sealed class LargestHashes
{
    private const int BucketBits = 9;
    private const int Buckets = 1 << BucketBits;

    private readonly ushort[] _heads = new ushort[Buckets]; // index + 1 of the first value; 0 if none
    private readonly ulong[] _occupied = new ulong[Buckets / 64]; // one bit a bucket
    private readonly ushort[] _next = new ushort[Memory];
    private readonly ulong[] _values = new ulong[Memory];
    private readonly ulong[] _spare = new ulong[Memory];
    private int _wanted;
    private int _limit;
    private int _shift;

    /// <summary>The runtime sets up its sort at the first use: not in the middle of a query.</summary>
    public LargestHashes() => _spare.AsSpan(0, 2).Sort();

    /// <summary>Distinct hashes held at once when the most are wanted; for N, four times N.</summary>
    public const int Memory = 512;

    /// <summary>The most hashes that can be wanted.</summary>
    public const int MostWanted = 128;

    /// <summary>Hashes below it are not among the N largest, or were not asked for.</summary>
    public ulong Floor { get; private set; }

    /// <summary>Distinct hashes held.</summary>
    public int Count { get; private set; }

    /// <summary>Starts anew.</summary>
    /// <param name="wanted">N: 1 to <see cref="MostWanted"/>.</param>
    /// <param name="floor">The least hash to collect.</param>
    public void Reset(int wanted, ulong floor)
    {
        _wanted = wanted;
        _limit = wanted * (Memory / MostWanted);
        Clear(floor);
    }

    /// <summary>Adds hashes, in any order and as often as they come.</summary>
    public void Add(ReadOnlySpan<ulong> hashes)
    {
        foreach (ulong hash in hashes)
        {
            if (hash >= Floor && TryInsert(hash) && Count == _limit)
            {
                Raise();
            }
        }
    }

    /// <summary>Writes the N largest of the distinct hashes, or all if there are fewer, in no order.</summary>
    /// <param name="largest">At least N long.</param>
    /// <returns>How many were written.</returns>
    public int CopyTo(Span<ulong> largest)
    {
        int count = TakeFromTop(out int start, out _);
        if (count > _wanted)
        {
            Span<ulong> last = _spare.AsSpan(start, count - start);
            last.Sort();
            last.Reverse();
            count = _wanted;
        }

        _spare.AsSpan(0, count).CopyTo(largest);
        return count;
    }

    private void Clear(ulong floor)
    {
        Array.Clear(_heads);
        Array.Clear(_occupied);
        Count = 0;
        Floor = floor;
        _shift = Math.Max(0, 64 - BitOperations.LeadingZeroCount(ulong.MaxValue - floor) - BucketBits);
    }

    private bool TryInsert(ulong hash)
    {
        int bucket = (int)((hash - Floor) >> _shift) & (Buckets - 1);
        ref ushort head = ref _heads[bucket];
        for (int i = head; i != 0; i = _next[i - 1])
        {
            if (_values[i - 1] == hash)
            {
                return false;
            }
        }

        _values[Count] = hash;
        _next[Count] = head;
        head = (ushort)++Count;
        _occupied[bucket >> 6] |= 1UL << bucket; // the shift counts modulo 64
        return true;
    }

    private void Raise()
    {
        int kept = TakeFromTop(out _, out int bucket);
        ulong floor = Floor + ((ulong)bucket << _shift);
        if (kept > _limit / 2)
        {
            Span<ulong> all = _spare.AsSpan(0, kept);
            all.Sort();
            all.Reverse();
            kept = _wanted;
            floor = _spare[kept - 1];
        }

        Clear(floor);
        for (int i = 0; i < kept; i++)
        {
            TryInsert(_spare[i]);
        }
    }

    /// <summary>Copies whole buckets, the highest first, until as many hashes are there as are wanted, or all.</summary>
    /// <param name="start">Where the last bucket's hashes start.</param>
    /// <param name="bucket">The last bucket.</param>
    /// <returns>How many hashes were copied to the spare memory.</returns>
    private int TakeFromTop(out int start, out int bucket)
    {
        int count = 0;
        start = 0;
        bucket = 0;
        for (int word = _occupied.Length - 1; word >= 0; word--)
        {
            for (ulong bits = _occupied[word]; bits != 0; bits ^= 1UL << bucket)
            {
                bucket = (word << 6) + BitOperations.Log2(bits);
                start = count;
                for (int i = _heads[bucket]; i != 0; i = _next[i - 1])
                {
                    _spare[count++] = _values[i - 1];
                }

                if (count >= _wanted)
                {
                    return count;
                }
            }
        }

        return count;
    }
}
