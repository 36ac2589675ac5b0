#pragma warning disable RS0030 // Unsafe.SizeOf only says how large a state is.
using System.Runtime.CompilerServices;

namespace InferenceShield;

/// <summary>The callers that detection watches: a fixed number of states, found by keyed hash. Thread-safe.</summary>
/// <remarks>
/// <para>A state is changed by one thread at a time, between <see cref="TryEnter"/> and <see cref="Exit"/>. Whoever cannot get it in a
/// bounded time leaves its query out, which is counted: a query left out raises no alarm (see <see cref="CallerUpdate"/>).</para>
/// <para>Sets of <see cref="Ways"/> states; a caller's set is its keyed hash's, so nobody can aim at another's. A set has one lock, and
/// everything of a set (whose its states are, when they were used, what is in them) is read and written by the lock's holder alone:
/// entered by compare-and-swap (acquire), left by a volatile write (release). So nothing is ever seen half written, and a state
/// is given to another caller only while nobody is in it. A thread is in one set at a time. Callers of one set wait for each other through
/// some microseconds, as an update takes less than one, and then give up their turns a bounded number of times, for whoever is in the set
/// may be without a processor: else a caller that asks from many threads would be spared a third of its queries.</para>
/// <para>A newcomer to a full set takes the place of a state without an alarm, if there is one; of these (else of all) the one with the
/// least queries, which count half after each half day without one. So a flood of new names takes one place in each set, and
/// after that displaces only its own. An alarm keeps a state for a week without queries, so a flood of names that are all alarmed holds the
/// table no longer. That callers are alarmed lasts longer than their states: it is in their records.</para>
/// </remarks>
internal sealed class CallerWatchTable
{
    /// <summary>States of a set.</summary>
    public const int Ways = 16;

    private const int MostTries = 128;
    private const int MostSpins = 64;
    private const int MostPatientTries = 256;

    /// <summary>Locks are a cache line apart.</summary>
    private const int LockStride = 16;

    /// <summary>Idle for longer, a state with an alarm is worth no more than another.</summary>
    private static readonly double s_longestKept = TimeSpan.FromDays(7).TotalNanoseconds;

    private static readonly double s_nanosecondsPerHalfDay = TimeSpan.FromHours(12).TotalNanoseconds;

    private readonly CallerKey[] _callers;
    private readonly long[] _usedAt;
    private readonly CallerWatch[] _watches;
    private readonly int[] _locks;
    private readonly int _sets;
    private int _count;
    private long _missed;
    private long _evictions;

    /// <param name="capacity">States, 1 or more, rounded up to whole sets; all memory is taken at once.</param>
    public CallerWatchTable(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _sets = (int)(((long)capacity + Ways - 1) / Ways);
        Capacity = _sets * Ways;
        _callers = new CallerKey[Capacity];
        _usedAt = new long[Capacity];
        _watches = new CallerWatch[Capacity];
        _locks = new int[checked(_sets * LockStride)];
    }

    public int Capacity { get; }

    /// <summary>Callers that have a state.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Queries left out because the state's set was busy.</summary>
    public long Missed => Volatile.Read(ref _missed);

    /// <summary>States given to another caller so far.</summary>
    public long Evictions => Volatile.Read(ref _evictions);

    public int Slots => Capacity;

    /// <summary>The state of a slot; only between TryEnter and Exit.</summary>
    public ref CallerWatch this[int slot] => ref _watches[slot];

    /// <summary>Bytes of a table's arrays.</summary>
    public static long SizeOf(int capacity)
    {
        long sets = ((long)capacity + Ways - 1) / Ways;
        return sets * ((Ways * ((long)Unsafe.SizeOf<CallerWatch>() + Unsafe.SizeOf<CallerKey>() + sizeof(long))) + (LockStride * sizeof(int)));
    }

    /// <summary>Finds or makes the caller's state and keeps others out of it.</summary>
    /// <param name="caller">Who; an empty key has no state.</param>
    /// <param name="now">Nanoseconds; may go backwards.</param>
    /// <param name="slot">Gets the state's place, until <see cref="Exit"/>.</param>
    public bool TryEnter(CallerKey caller, long now, out int slot)
    {
        slot = -1;
        if (caller.IsEmpty)
        {
            return false;
        }

        int set = SetOf(caller);
        if (!TryLock(set, MostTries))
        {
            Interlocked.Increment(ref _missed);
            return false;
        }

        slot = Find(set, caller);
        if (slot < 0)
        {
            slot = Make(set, caller, now);
        }

        _usedAt[slot] = now;
        return true;
    }

    /// <summary>Finds the caller's state, if it has one, and keeps others out of it. For readers and workers: waits longer.</summary>
    public bool TryEnterExisting(CallerKey caller, out int slot)
    {
        slot = -1;
        if (caller.IsEmpty)
        {
            return false;
        }

        int set = SetOf(caller);
        if (!TryLock(set, MostPatientTries))
        {
            return false;
        }

        slot = Find(set, caller);
        if (slot < 0)
        {
            Unlock(set);
            return false;
        }

        return true;
    }

    /// <summary>Lets others in again.</summary>
    public void Exit(int slot) => Unlock(slot / Ways);

    /// <summary>A consistent copy of a slot's state and whose it is; for workers, slot by slot from 0 to <see cref="Slots"/>.</summary>
    /// <returns>False if it is nobody's, or stayed busy.</returns>
    public bool TryCopy(int slot, out CallerKey caller, out CallerWatch watch)
    {
        int set = slot / Ways;
        caller = default;
        watch = default;
        if (!TryLock(set, MostPatientTries))
        {
            return false;
        }

        caller = _callers[slot];
        if (!caller.IsEmpty)
        {
            watch = _watches[slot];
        }

        Unlock(set);
        return !caller.IsEmpty;
    }

    /// <summary>Whether a slot's state has an alarm, and whose it is. As <see cref="TryCopy"/>, without the copy.</summary>
    /// <returns>False also if it is nobody's, or stayed busy.</returns>
    public bool IsAlarmed(int slot, out CallerKey caller)
    {
        int set = slot / Ways;
        caller = default;
        if (!TryLock(set, MostPatientTries))
        {
            return false;
        }

        caller = _callers[slot];
        bool isAlarmed = !caller.IsEmpty && IsAlarmed(ref _watches[slot]);
        Unlock(set);
        return isAlarmed;
    }

    private static bool IsAlarmed(ref CallerWatch watch)
    {
        int epochs = 0;
        foreach (ref readonly CallerAlarm alarm in (ReadOnlySpan<CallerAlarm>)watch.Alarms)
        {
            epochs |= alarm.Epochs;
        }

        return epochs != 0;
    }

    private int SetOf(CallerKey caller) => (int)Math.BigMul(caller.High, (ulong)_sets, out _);

    private int Find(int set, CallerKey caller)
    {
        ReadOnlySpan<CallerKey> callers = _callers.AsSpan(set * Ways, Ways);
        for (int way = 0; way < callers.Length; way++)
        {
            if (callers[way] == caller)
            {
                return (set * Ways) + way;
            }
        }

        return -1;
    }

    /// <summary>A state for a newcomer. The set is locked.</summary>
    private int Make(int set, CallerKey caller, long now)
    {
        int slot = Find(set, default);
        if (slot >= 0)
        {
            Interlocked.Increment(ref _count);
        }
        else
        {
            slot = Least(set, now);
            _watches[slot] = default;
            Interlocked.Increment(ref _evictions);
        }

        _callers[slot] = caller;
        return slot;
    }

    private int Least(int set, long now)
    {
        int least = -1;
        bool leastIsAlarmed = true;
        double leastWeight = double.PositiveInfinity;
        for (int slot = set * Ways; slot < (set + 1) * Ways; slot++)
        {
            ref CallerWatch watch = ref _watches[slot];

            // A clock that went back makes nobody idle.
            double idle = Math.Max(0, (double)now - _usedAt[slot]);
            bool isAlarmed = idle < s_longestKept && IsAlarmed(ref watch);
            if (isAlarmed && !leastIsAlarmed)
            {
                continue;
            }

            double weight = (watch.TotalQueries + 1) * Math.Pow(2, -idle / s_nanosecondsPerHalfDay);
            if (weight < leastWeight || (leastIsAlarmed && !isAlarmed))
            {
                (least, leastWeight, leastIsAlarmed) = (slot, weight, isAlarmed);
            }
        }

        return least;
    }

    private bool TryLock(int set, int tries)
    {
        ref int setLock = ref _locks[set * LockStride];
        SpinWait spin = default;
        for (int i = 0; i < tries; i++)
        {
            if (Volatile.Read(ref setLock) == 0 && Interlocked.CompareExchange(ref setLock, 1, 0) == 0)
            {
                return true;
            }

            if (tries == MostTries && i < MostSpins)
            {
                Thread.SpinWait(8);
            }
            else if (tries == MostTries)
            {
                spin.SpinOnce(sleep1Threshold: -1); // gives up its turn: whoever is in it may be without a processor
            }
            else
            {
                spin.SpinOnce(sleep1Threshold: 50); // whoever is in it may be without a processor
            }
        }

        return false;
    }

    private void Unlock(int set) => Volatile.Write(ref _locks[set * LockStride], 0);
}
