using System.Runtime.CompilerServices;

namespace InferenceShield;

/// <summary>The callers the shield knows: a fixed number of records, found by keyed hash, without a lock.</summary>
/// <remarks>
/// <para>Open addressing with linear probing over 1.5 x capacity records. Keys are outputs of a keyed hash, so callers
/// cannot aim at a probe sequence.</para>
/// <para>Invariant: a record's KeyLow goes once from 0 to a value and never changes again, and so does KeyHigh after
/// it. A thread that finds its own KeyLow with KeyHigh still 0 publishes its own KeyHigh instead of waiting: nobody
/// ever waits for another thread. Should two keys share KeyLow, the record belongs to whoever published KeyHigh and
/// the other probes on. All key words are read with acquire semantics and written by compare-and-swap.</para>
/// <para>A full table (or a probe run longer than <see cref="LongestProbe"/>) hands out the overflow record, which all
/// newcomers share; callers already in the table keep their own.</para>
/// </remarks>
internal sealed class CallerTable
{
    /// <summary>A run this long does not occur at two thirds load unless the table is full.</summary>
    private const int LongestProbe = 256;

    private readonly CallerRecord[] _records;
    private readonly int _slots;
    private int _count;

    public CallerTable(int capacity)
    {
        Capacity = capacity;
        _slots = checked(capacity + (capacity + 1) / 2);
        _records = new CallerRecord[_slots + 1];
    }

    public int Capacity { get; }

    /// <summary>Callers that have a record of their own; momentarily up to the number of running threads too high.</summary>
    public int Count => Math.Min(Volatile.Read(ref _count), Capacity);

    /// <summary>The slot of the record that newcomers share when the table is full.</summary>
    public int OverflowSlot => _slots;

    public ref CallerRecord this[int slot] => ref _records[slot];

    /// <summary>The caller's slot, claimed if new; <see cref="OverflowSlot"/> when there is no room.</summary>
    public int FindOrAdd(CallerKey key)
    {
        int slot = Home(key);
        bool reserved = false;
        for (int probe = 0; probe < LongestProbe && probe < _slots; probe++)
        {
            ref CallerRecord record = ref _records[slot];
            ulong low = Volatile.Read(ref record.KeyLow);
            if (low == 0)
            {
                if (!reserved && !TryReserve())
                {
                    return OverflowSlot;
                }

                reserved = true;
                low = Interlocked.CompareExchange(ref record.KeyLow, key.Low, 0);
                if (low == 0)
                {
                    reserved = false;
                    if (TryOwn(ref record, key))
                    {
                        return slot;
                    }

                    goto Next; // another key with the same KeyLow published first
                }
            }

            if (low == key.Low && TryOwn(ref record, key))
            {
                if (reserved)
                {
                    Interlocked.Decrement(ref _count);
                }

                return slot;
            }

        Next:
            slot = slot + 1 == _slots ? 0 : slot + 1;
        }

        if (reserved)
        {
            Interlocked.Decrement(ref _count);
        }

        return OverflowSlot;
    }

    /// <summary>The caller's slot, or -1 if it has no record of its own.</summary>
    public int Find(CallerKey key)
    {
        int slot = Home(key);
        for (int probe = 0; probe < LongestProbe && probe < _slots; probe++)
        {
            ref CallerRecord record = ref _records[slot];
            ulong low = Volatile.Read(ref record.KeyLow);
            if (low == 0)
            {
                return -1;
            }

            if (low == key.Low && Volatile.Read(ref record.KeyHigh) == key.High)
            {
                return slot;
            }

            slot = slot + 1 == _slots ? 0 : slot + 1;
        }

        return -1;
    }

    /// <summary>Restates every caller's debt under a new rate: see <see cref="Gcra.Restate"/>.</summary>
    public void Restate(Gcra caller, Gcra callerBefore, Gcra overflow, Gcra overflowBefore, long now)
    {
        for (int slot = 0; slot < _slots; slot++)
        {
            caller.Restate(ref _records[slot].TheoreticalArrival, callerBefore, now);
        }

        overflow.Restate(ref _records[_slots].TheoreticalArrival, overflowBefore, now);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryOwn(ref CallerRecord record, CallerKey key)
    {
        ulong high = Volatile.Read(ref record.KeyHigh);
        if (high == 0)
        {
            high = Interlocked.CompareExchange(ref record.KeyHigh, key.High, 0);
        }

        return high == 0 || high == key.High;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Home(CallerKey key) => (int)Math.BigMul(key.High, (ulong)_slots, out _);

    private bool TryReserve()
    {
        // Look first: a flood of new names against a full table must not fight over the counter.
        if (Volatile.Read(ref _count) >= Capacity)
        {
            return false;
        }

        if (Interlocked.Increment(ref _count) <= Capacity)
        {
            return true;
        }

        Interlocked.Decrement(ref _count);
        return false;
    }
}
