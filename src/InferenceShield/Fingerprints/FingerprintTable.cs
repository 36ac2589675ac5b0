using System.Numerics;
using System.Runtime.InteropServices;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Which remembered queries hold a hash: a fixed number of 64-bit words, without a lock.</summary>
/// <remarks>
/// <para>A hash belongs to one bucket of eight words (one cache line). A word holds the 32-bit id of a query and 32 bits
/// of the hash; 0 is free. Which bucket and which bits follow from the hash and a secret factor, so nobody without the
/// secret can aim at a bucket: a flood pushes out entries in the order of their age, wherever they are, and one
/// repeated input reaches no more than its own fingerprint's buckets.</para>
/// <para>A new entry takes a free or expired word, else the oldest; where half of the bucket has the same hash, the
/// oldest of those, so that a window that everybody sends does not drive out its neighbours.</para>
/// <para>An entry expires when as many newer queries as the capacity have been seen: ids are compared by their
/// difference, which is right until an id stands still for 2^31 queries; such an entry could come back for a while and
/// would have to share half of its hashes to matter.</para>
/// <para>Memory order: a word is one atomic value and is replaced by compare-and-swap, tried twice; a lost race costs one hash
/// of one fingerprint. A query's record is written before any of its entries; a reader that finds an entry finds that
/// record, or a later one in its place, whose generation tells. Nobody waits for another thread.</para>
/// </remarks>
internal sealed class FingerprintTable
{
    /// <summary>Words for each hash. At 2, a bucket gets four entries in a lifetime on average, and more than eight in 5 % of
    /// cases: so many of the hashes of the very oldest queries have been pushed out early, and under 1 % on average.</summary>
    private const int WordsPerHash = 2;

    private const int SameHashLimit = BucketScan.BucketSize / 2;

    private readonly ulong[] _words;
    private readonly int _offset;
    private readonly ulong _buckets;
    private readonly ulong[] _records;
    private readonly int _generationShift;
    private readonly ulong _factor;
    private long _latest;

    /// <param name="capacity">Queries remembered: a power of two, at least 256.</param>
    /// <param name="hashes">Hashes of a query.</param>
    /// <param name="factor">Secret.</param>
    public FingerprintTable(int capacity, int hashes, ulong factor)
    {
        Capacity = capacity;
        _factor = factor | 1;
        _generationShift = BitOperations.Log2((uint)capacity);
        _records = new ulong[capacity];
        _buckets = ((ulong)capacity * WordsPerHash * (ulong)hashes + BucketScan.BucketSize - 1) / BucketScan.BucketSize;

        // Pinned, so that it stays aligned to cache lines: a bucket is then one.
        _words = GC.AllocateArray<ulong>(checked((int)(_buckets * BucketScan.BucketSize) + BucketScan.BucketSize - 1), pinned: true);
        long address = Marshal.UnsafeAddrOfPinnedArrayElement(_words, 0);
        _offset = (int)((64 - (address & 63)) & 63) / sizeof(ulong);
    }

    public int Capacity { get; }

    public long MemoryBytes => sizeof(ulong) * ((long)_words.Length + _records.Length);

    /// <summary>The queries seen so far.</summary>
    public long Latest => Volatile.Read(ref _latest);

    /// <summary>Gives the next query its id and makes its record.</summary>
    public uint Claim(int hashes, uint callerTag)
    {
        uint id = (uint)Interlocked.Increment(ref _latest);
        Volatile.Write(ref _records[id & (uint)(Capacity - 1)], RecordOf(id, hashes, callerTag));
        return id;
    }

    /// <summary>Counts how many of the hashes each remembered query holds.</summary>
    /// <param name="hashes">Distinct.</param>
    /// <param name="latest">The latest query that can be found.</param>
    /// <param name="votes">Empty.</param>
    public void Find(ReadOnlySpan<ulong> hashes, uint latest, FingerprintVotes votes)
    {
        foreach (ulong hash in hashes)
        {
            int start = Locate(hash, out uint tag);
            uint found = BucketScan.Find(_words, start, tag);
            for (; found != 0; found &= found - 1)
            {
                ulong word = Volatile.Read(ref _words[start + BitOperations.TrailingZeroCount(found)]);
                uint id = (uint)(word >> 32);
                if ((uint)word == tag && latest - id < (uint)Capacity)
                {
                    votes.Add(id);
                }
            }
        }
    }

    /// <summary>The record of a query, if it is still there.</summary>
    public bool TryRead(uint id, out int hashes, out uint callerTag)
    {
        ulong record = Volatile.Read(ref _records[id & (uint)(Capacity - 1)]);
        hashes = (int)(record >> 32) & 0xFF;
        callerTag = (uint)record;
        return record != 0 && record == RecordOf(id, hashes, callerTag);
    }

    /// <summary>Remembers that a query holds these hashes.</summary>
    public void Add(ReadOnlySpan<ulong> hashes, uint id)
    {
        foreach (ulong hash in hashes)
        {
            int start = Locate(hash, out uint tag);
            for (int attempt = 0; attempt < 2; attempt++)
            {
                ref ulong victim = ref _words[start + ChooseVictim(start, tag, id, out ulong expected)];
                if (Interlocked.CompareExchange(ref victim, ((ulong)id << 32) | tag, expected) == expected)
                {
                    break;
                }
            }
        }
    }

    /// <summary>The bucket of a hash.</summary>
    internal int BucketOf(ulong hash) => Locate(hash, out _);

    /// <summary>Goes on as if this many queries had been seen.</summary>
    internal void SkipTo(long latest) => Volatile.Write(ref _latest, latest);

    private int ChooseVictim(int start, uint tag, uint id, out ulong expected)
    {
        uint same = BucketScan.Find(_words, start, tag);
        int chosen = BitOperations.PopCount(same) < SameHashLimit
            ? BucketScan.Oldest(_words, start, id)
            : OldestOf(same, start, id);
        expected = Volatile.Read(ref _words[start + chosen]);
        return chosen;
    }

    private int OldestOf(uint places, int start, uint id)
    {
        int oldest = 0;
        uint age = 0;
        for (; places != 0; places &= places - 1)
        {
            int place = BitOperations.TrailingZeroCount(places);
            uint own = BucketScan.AgeOf(Volatile.Read(ref _words[start + place]), id);
            if (own >= age)
            {
                (oldest, age) = (place, own);
            }
        }

        return oldest;
    }

    private int Locate(ulong hash, out uint tag)
    {
        // The hashes of a fingerprint are all large: multiply and fold until the place no longer shows it.
        ulong mixed = hash * _factor;
        mixed = (mixed ^ (mixed >> 32)) * _factor;
        tag = Math.Max((uint)mixed, 1);
        return _offset + ((int)Math.BigMul(mixed, _buckets, out _) * BucketScan.BucketSize);
    }

    private ulong RecordOf(uint id, int hashes, uint callerTag) =>
        ((ulong)(id >> _generationShift) << 40) | ((ulong)(uint)hashes << 32) | callerTag;
}
