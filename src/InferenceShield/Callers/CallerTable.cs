using System.Runtime.CompilerServices;

namespace InferenceShield;

/// <summary>The callers (tenants, networks) the shield knows: a fixed number of records, found by keyed hash.</summary>
/// <remarks>
/// <para>Open addressing. A key may lie in any of the <see cref="Window"/> slots from its home on; homes are keyed hashes, so
/// nobody can aim. <c>_tags</c> holds the first halves of the keys, side by side, to be searched with vectors; a record
/// holds the second half, which says whose it is.</para>
/// <para>Invariant: a tag leaves 0 (never used) only by compare-and-swap to <see cref="Claimed"/>, and a record's KeyHigh leaves
/// a caller's value only by compare-and-swap to 0 (limbo). Whoever swaps is alone on the slot until it publishes
/// tag and KeyHigh again, in this order (release): so a KeyHigh that can be swapped has its tag beside it. A caller has one
/// record at most: all that insert it hold the same try-lock, chosen by its home, and none inserts it while a record that may be
/// its is in limbo. Looking up takes no lock. A newcomer waits for that lock at most through <see cref="MostLooks"/> looks, in the
/// end with sleep between them, about a second; then it is served from the overflow record this time.</para>
/// <para>A charge is made first and checked afterwards: whoever finds, after charging, that the record is no longer its caller's
/// takes the charge back and looks the caller up again. The evicting thread first puts the record in limbo and then looks
/// at the charges, and gives the record back if there is one. Both do so across a full fence, so one of them sees the other: no
/// charge is lost. Evicting leaves the charges' words as they are, for they are as good as fresh: so a charge that comes late
/// and is taken back leaves nothing behind. A newcomer's word is raised to the time of the latest eviction, for it may have been
/// this caller's: a thread that read its clock long ago does not get twice what was worn off since.</para>
/// <para>Room is made by evicting, of the key's own window, the record that has been as good as fresh for the longest time.
/// Records with a charge, quota use, posture, override, dossier or odometer are never evicted; if there is no other, newcomers
/// share the overflow record.</para>
/// </remarks>
internal sealed class CallerTable
{
    /// <summary>Slots in which a key may lie: sixteen cache lines of tags.</summary>
    /// <remarks>At two thirds load some callers in 50,000 found no free slot among 64; a test holds 50,000 with 128.</remarks>
    public const int Window = 128;

    /// <summary>Bytes a caller takes: one and a half slots of record and tag.</summary>
    public const int BytesPerCaller = (CallerRecord.SizeInBytes + sizeof(ulong)) * 3 / 2;

    /// <summary>No slot.</summary>
    public const int None = -1;

    /// <summary>A slot that may be the caller's, while another thread decides whether to evict it.</summary>
    private const int InLimbo = -2;

    private const ulong Claimed = 1;
    private const ulong FirstKey = 2;
    private const int LockCount = 1024;
    private const int MostLooks = 1000;

    private readonly ulong[] _tags;
    private readonly CallerRecord[] _records;
    private readonly int[] _locks = new int[LockCount];
    private readonly int _homes;
    private int _count;
    private long _evictions;
    private long _latestEviction = long.MinValue;

    public CallerTable(int capacity)
    {
        Capacity = capacity;
        _homes = checked(capacity + ((capacity + 1) / 2));
        int slots = checked(_homes + Window);
        _tags = new ulong[slots];
        _records = new CallerRecord[slots + 1];
    }

    /// <summary>Called with a caller, the queries admitted of it, if any, and those before, when its record goes to somebody else.</summary>
    public Action<CallerKey, long, long>? Departed { get; init; }

    /// <summary>What a newcomer's record says from the start: see <see cref="CallerRecord.Standing"/>.</summary>
    public Func<CallerKey, ulong>? StandingOf { get; set; }

    /// <summary>Queries that a newcomer is known to have asked before.</summary>
    public Func<CallerKey, long>? AskedBefore { get; init; }

    public int Capacity { get; }

    /// <summary>Callers that have a record of their own; while others insert, at most one a thread too high.</summary>
    public int Count => Math.Min(Volatile.Read(ref _count), Capacity);

    /// <summary>Records given to another caller so far.</summary>
    public long Evictions => Volatile.Read(ref _evictions);

    /// <summary>The slot of the record that newcomers share when there is no room.</summary>
    public int OverflowSlot => _tags.Length;

    public ref CallerRecord this[int slot] => ref _records[slot];

    /// <summary>Whether a slot found before is still this caller's.</summary>
    /// <remarks>Looks at half of the key: that the slot went to a caller with the same half has a chance of 2^-64. The overflow record's is
    /// 0, which no key has.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsOwner(int slot, CallerKey key) =>
        (uint)slot < (uint)_records.Length && Volatile.Read(ref _records[slot].KeyHigh) == key.High;

    /// <summary>The caller's slot, or -1 if it has no record of its own.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(CallerKey key)
    {
        // Most are at home, as long as the table is not nearly full.
        int home = Home(key);
        return Volatile.Read(ref _tags[home]) == key.Low && Volatile.Read(ref _records[home].KeyHigh) == key.High
            ? home
            : FindAway(key, home);
    }

    /// <summary>The caller's slot, made if new; <see cref="OverflowSlot"/> when there is no room.</summary>
    /// <param name="key">Who.</param>
    /// <param name="now">Nanoseconds; records that are as good as fresh by then may be evicted.</param>
    public int FindOrAdd(CallerKey key, long now)
    {
        int slot = Find(key);
        return slot >= 0 ? slot : Add(key, now);
    }

    /// <summary>The caller's slot, for those who can wait until it is certain.</summary>
    /// <param name="key">Who.</param>
    /// <param name="now">Nanoseconds.</param>
    /// <param name="adds">Whether to make a record if there is none and there is room.</param>
    /// <returns><see cref="None"/>, or <see cref="OverflowSlot"/> for want of room, only if it has no record.</returns>
    public int FindForSure(CallerKey key, long now, bool adds)
    {
        int home = Home(key);
        ref int insertLock = ref _locks[home % LockCount];
        SpinWait spin = default;
        while (true)
        {
            if (Interlocked.CompareExchange(ref insertLock, 1, 0) == 0)
            {
                try
                {
                    int slot = Search(key, home);
                    if (slot != InLimbo)
                    {
                        return slot == None && adds ? Insert(key, home, now) : slot;
                    }
                }
                finally
                {
                    Volatile.Write(ref insertLock, 0);
                }
            }

            spin.SpinOnce();
        }
    }

    /// <summary>Whether a newcomer would get a record of its own.</summary>
    public bool HasRoom(CallerKey key, long now)
    {
        int home = Home(key);
        return (Count < Capacity && _tags.AsSpan(home, Window).Contains(0UL)) || OldestFresh(home, now) >= 0;
    }

    /// <summary>Every caller that has a record from before the first step to after the last; others perhaps.</summary>
    public IEnumerable<(CallerKey Key, int Slot)> Enumerate()
    {
        for (int slot = 0; slot < _tags.Length; slot++)
        {
            if (TryGetKey(slot, out CallerKey key))
            {
                yield return (key, slot);
            }
        }
    }

    /// <summary>Whose a slot is.</summary>
    /// <returns>False if it is nobody's.</returns>
    public bool TryGetKey(int slot, out CallerKey key)
    {
        SpinWait spin = default;
        ulong low = Volatile.Read(ref _tags[slot]);
        while (low >= FirstKey)
        {
            // Every word twice: one reading could hold the halves of two callers that had the slot in turn.
            ulong high = Volatile.Read(ref _records[slot].KeyHigh);
            ulong lowAgain = Volatile.Read(ref _tags[slot]);
            if (high != 0 && lowAgain == low && Volatile.Read(ref _records[slot].KeyHigh) == high)
            {
                key = new CallerKey(low, high);
                return true;
            }

            // In limbo, or given away just now. Who is in limbo may come back, and would be missing: wait for the few steps it takes.
            spin.SpinOnce(sleep1Threshold: -1);
            low = Volatile.Read(ref _tags[slot]);
        }

        key = default;
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Home(CallerKey key) => (int)Math.BigMul(key.High, (ulong)_homes, out _);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int FindAway(CallerKey key, int home)
    {
        int slot = Search(key, home);
        return slot >= 0 ? slot : None;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int Add(CallerKey key, long now)
    {
        int home = Home(key);
        ref int insertLock = ref _locks[home % LockCount];
        SpinWait spin = default;
        for (int look = 0; look < MostLooks; look++)
        {
            if (Interlocked.CompareExchange(ref insertLock, 1, 0) == 0)
            {
                try
                {
                    int slot = Search(key, home);
                    if (slot >= 0)
                    {
                        return slot;
                    }

                    if (slot == None)
                    {
                        return Insert(key, home, now);
                    }
                }
                finally
                {
                    Volatile.Write(ref insertLock, 0);
                }
            }

            spin.SpinOnce(sleep1Threshold: 50); // sleeps in the end: who holds the lock may be without a processor
            int found = Find(key);
            if (found >= 0)
            {
                return found;
            }
        }

        return OverflowSlot;
    }

    /// <summary>The caller's slot, <see cref="None"/>, or <see cref="InLimbo"/>.</summary>
    /// <remarks>For a thread that holds the caller's lock this is certain: the caller can be in one slot only, a slot that bears its
    /// tag is its or in limbo, and the tag goes before the slot is given away.</remarks>
    private int Search(CallerKey key, int home)
    {
        int slot = home;
        bool limbo = false;
        while (true)
        {
            int offset = _tags.AsSpan(slot, home + Window - slot).IndexOf(key.Low);
            if (offset < 0)
            {
                return limbo ? InLimbo : None;
            }

            slot += offset;
            ulong high = Volatile.Read(ref _records[slot].KeyHigh);
            if (high == key.High)
            {
                return slot;
            }

            limbo |= high == 0;
            slot++;
        }
    }

    private int Insert(CallerKey key, int home, long now)
    {
        int slot = TryReserve() ? ClaimFree(home) : -1;
        if (slot < 0)
        {
            slot = Evict(home, now);
            if (slot < 0)
            {
                return OverflowSlot;
            }
        }

        // Alone on the slot until the key is published.
        ref CallerRecord record = ref _records[slot];
        Volatile.Write(ref record.Before, (uint)Math.Min(AskedBefore?.Invoke(key) ?? 0, uint.MaxValue));
        record.SetStanding(StandingOf?.Invoke(key) ?? 0, CallerRecord.DecidingStanding);
        Gcra.Raise(ref record.Arrival, Volatile.Read(ref _latestEviction));
        Volatile.Write(ref _tags[slot], key.Low);
        Volatile.Write(ref record.KeyHigh, key.High);
        return slot;
    }

    /// <summary>A slot never used, claimed; -1 (and the reservation given back) if the window has none.</summary>
    private int ClaimFree(int home)
    {
        for (int slot = home; slot < home + Window; slot++)
        {
            if (Volatile.Read(ref _tags[slot]) == 0 && Interlocked.CompareExchange(ref _tags[slot], Claimed, 0) == 0)
            {
                return slot;
            }
        }

        Interlocked.Decrement(ref _count);
        return -1;
    }

    /// <summary>Claims the record of the window that has been as good as fresh for longest; -1 if there is none.</summary>
    private int Evict(int home, long now)
    {
        // Each round takes out one candidate, by evicting it or by learning that it is not fresh.
        for (int round = 0; round < Window; round++)
        {
            int slot = OldestFresh(home, now);
            if (slot < 0)
            {
                return -1;
            }

            ref CallerRecord record = ref _records[slot];
            ulong low = Volatile.Read(ref _tags[slot]);
            ulong high = Volatile.Read(ref record.KeyHigh);
            if (low < FirstKey || high == 0 || Interlocked.CompareExchange(ref record.KeyHigh, 0, high) != high)
            {
                continue;
            }

            // Alone on the slot from here on, so the tag read again is the one that belongs to the key.
            low = Volatile.Read(ref _tags[slot]);
            if (!TryEmpty(ref record, now, out long asked))
            {
                Interlocked.Exchange(ref record.KeyHigh, high); // somebody charged it just before: it stays
                continue;
            }

            // Before the tag goes: the caller cannot come back before it is noted what it asked, and since when its charges are worn off.
            if (asked > 0)
            {
                Departed?.Invoke(new CallerKey(low, high), asked, Volatile.Read(ref record.Before));
            }

            Raise(ref _latestEviction, now);
            Volatile.Write(ref _tags[slot], Claimed);
            Interlocked.Increment(ref _evictions);
            Volatile.Write(ref record.Repeated, 0);
            Volatile.Write(ref record.LatestDigest, 0);
            return slot;
        }

        return -1;
    }

    /// <summary>Takes away what was counted in a record that is as good as fresh.</summary>
    /// <returns>False if it is not.</returns>
    private static bool TryEmpty(ref CallerRecord record, long now, out long asked)
    {
        // Ends: after a failure the record has a charge, and if that has worn off already, one fewer thread with an old time.
        asked = 0;
        while (true)
        {
            long word = Volatile.Read(ref record.Arrival);
            if (record.FreshAt > now)
            {
                return false;
            }

            if (record.TryClear(word, out asked))
            {
                return true;
            }
        }
    }

    private int OldestFresh(int home, long now)
    {
        int oldest = -1;
        long earliest = now;
        for (int slot = home; slot < home + Window; slot++)
        {
            ref CallerRecord record = ref _records[slot];
            if (Gcra.TimeOf(Volatile.Read(ref record.Arrival)) <= earliest && record.FreshAt is long freshAt && freshAt <= earliest
                && Volatile.Read(ref _tags[slot]) >= FirstKey && Volatile.Read(ref record.KeyHigh) != 0)
            {
                earliest = freshAt;
                oldest = slot;
            }
        }

        return oldest;
    }

    private static void Raise(ref long word, long least)
    {
        // Ends: a failure means that somebody else has changed the word, and a charge raises it.
        long seen = Volatile.Read(ref word);
        while (seen < least)
        {
            long before = Interlocked.CompareExchange(ref word, least, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }

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
