using System.Numerics;

namespace InferenceShield;

/// <summary>The latest items that many threads note and one reads. Fixed memory; nobody waits; no allocation.</summary>
/// <remarks>A writer takes the next ticket, and the ticket's place by making its sequence odd; it is even, and tells the ticket, once the
/// item is whole. Who finds the place busy, lapped by a whole ring, leaves its item out, which is counted. A reader takes an item for
/// whole if the sequence was the ticket's before and after; the writer's release store and the reader's barrier keep contents between the
/// two.</remarks>
internal sealed class LatestRing<T>
    where T : unmanaged
{
    private readonly Entry[] _entries;
    private long _next;
    private long _missed;

    /// <param name="capacity">Items kept; rounded up to a power of two.</param>
    public LatestRing(int capacity) => _entries = new Entry[BitOperations.RoundUpToPowerOf2((uint)capacity)];

    public int Capacity => _entries.Length;

    /// <summary>Items left out because their place was busy.</summary>
    public long Missed => Volatile.Read(ref _missed);

    /// <summary>Tickets taken so far: the latest items are those before it.</summary>
    public long Next => Volatile.Read(ref _next);

    /// <summary>Keeps an item in the place of the oldest.</summary>
    public void Add(in T item)
    {
        long ticket = Interlocked.Increment(ref _next) - 1;
        ref Entry entry = ref _entries[ticket & (_entries.Length - 1)];
        long sequence = Volatile.Read(ref entry.Sequence);
        if ((sequence & 1) != 0 || Interlocked.CompareExchange(ref entry.Sequence, sequence | 1, sequence) != sequence)
        {
            Interlocked.Increment(ref _missed);
            return;
        }

        entry.Item = item;
        Volatile.Write(ref entry.Sequence, (ticket + 1) << 1);
    }

    /// <summary>Copies the item of a ticket, if it is still there and whole.</summary>
    public bool TryRead(long ticket, out T item)
    {
        ref Entry entry = ref _entries[ticket & (_entries.Length - 1)];
        long sequence = Volatile.Read(ref entry.Sequence);
        item = entry.Item;
        Volatile.ReadBarrier();
        return sequence == (ticket + 1) << 1 && Volatile.Read(ref entry.Sequence) == sequence;
    }

    private struct Entry
    {
        public long Sequence;
        public T Item;
    }
}
