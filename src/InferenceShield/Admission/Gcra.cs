using System.Runtime.CompilerServices;

namespace InferenceShield;

/// <summary>The generic cell rate algorithm (ITU-T I.371), as a virtual scheduler whose whole state is one word.</summary>
/// <remarks>
/// <para>The word is the theoretical arrival time (TAT). It is written only when a query is admitted, so a refusal charges
/// nothing, and changed limits reinterpret it instead of resetting it.</para>
/// <para>The word's five lowest bits are not time: there a record counts queries that are not in its counters yet, so that
/// charging and counting a query is one atomic operation. Whatever changes the time leaves them as they are. The time is kept in
/// quanta of <see cref="Quantum"/> nanoseconds, in which the shield's clock counts too.</para>
/// </remarks>
internal readonly record struct Gcra
{
    /// <summary>Nanoseconds: the time of a word, its increments and its clock are multiples of it.</summary>
    public const int Quantum = 4;

    /// <summary>The bits of a word that count queries.</summary>
    public const long CountMask = (Quantum << TimeShift) - 1;

    /// <summary>A word's time is nanoseconds times two to this.</summary>
    private const int TimeShift = 3;

    /// <summary>Thirty years, in nanoseconds: what a restated debt is cut to. A word holds thirty-six.</summary>
    private const long LongestDebt = 946_080_000_000_000_000;

    private readonly long _increment;
    private readonly long _tolerance;

    public Gcra(RateOptions rate)
    {
        _increment = IncrementOf(rate);
        _tolerance = _increment * rate.Burst;
        Burst = rate.Burst;
    }

    public int Burst { get; }

    /// <summary>Nanoseconds that the whole burst takes to come back.</summary>
    public long FillTime => _tolerance;

    /// <summary>Nanoseconds one query costs, rounded up to whole quanta so that the rate is never exceeded.</summary>
    public static long IncrementOf(RateOptions rate)
    {
        long nanoseconds = checked(rate.Period.Ticks * 100);
        long quanta = (nanoseconds + ((long)rate.Queries * Quantum) - 1) / ((long)rate.Queries * Quantum);
        return quanta * Quantum;
    }

    /// <summary>The time of a word, in nanoseconds of the shield's clock.</summary>
    public static long TimeOf(long word) => (word & ~CountMask) >> TimeShift;

    /// <summary>The queries that a word counts.</summary>
    public static int CountOf(long word) => (int)(word & CountMask);

    /// <summary>A word of a time, in nanoseconds of the shield's clock, that counts no queries.</summary>
    public static long WordOf(long time) => (time << TimeShift) & ~CountMask;

    /// <summary>Sets the time of a word to at least this, in nanoseconds.</summary>
    public static void Raise(ref long word, long least)
    {
        // Ends: a failure means that somebody else has changed the word, and a charge raises it.
        long seen = Volatile.Read(ref word);
        while (TimeOf(seen) < least)
        {
            long before = Interlocked.CompareExchange(ref word, WordOf(least) | (seen & CountMask), seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }

    /// <summary>Nanoseconds until so many queries could be admitted at once; 0 if now.</summary>
    public long WaitFor(long word, long now, int rows)
    {
        Next(word, now, rows, out long wait);
        return Math.Max(0, wait);
    }

    /// <summary>Takes a charge back. The word is then as if the charge had not been made, or stricter.</summary>
    /// <param name="word">The state word.</param>
    /// <param name="rows">What was charged.</param>
    /// <param name="chargedAt">The time it was charged at.</param>
    /// <param name="clock">The clock; null if it stands still.</param>
    /// <remarks>What has worn off since is not taken back: a later charge may have begun anew from its own time, and would go with it.</remarks>
    public void Refund(ref long word, int rows, long chargedAt, ShieldClock? clock)
    {
        while (true)
        {
            // The clock after the word: no charge in the word is younger than this time. Ends: a failure means that another thread's
            // charge or refund got through.
            long stored = Volatile.Read(ref word);
            long back = WordOf((_increment * rows) - Math.Max(0, (clock?.Now ?? chargedAt) - chargedAt));
            if (back <= 0 || Interlocked.CompareExchange(ref word, stored - back, stored) == stored)
            {
                return;
            }
        }
    }

    /// <summary>Charges <paramref name="rows"/> queries at once, or none.</summary>
    /// <param name="word">The state word.</param>
    /// <param name="now">Nanoseconds on the clock that the state word is in.</param>
    /// <param name="rows">1 to <see cref="Burst"/>.</param>
    /// <param name="wait">Nanoseconds until the same call is admitted; 0 if it was.</param>
    public bool TryCharge(ref long word, long now, int rows, out long wait)
    {
        // Lock-free: the compare-and-swap fails only if another thread has admitted a query, which moves the word
        // forward, so after at most Burst such failures the query is refused and the loop ends.
        while (true)
        {
            long stored = Volatile.Read(ref word);
            long next = Next(stored, now, rows, out wait);
            if (wait > 0)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref word, next, stored) == stored)
            {
                wait = 0;
                return true;
            }
        }
    }

    /// <summary>Charges one query and counts it in the word, at the first attempt or not at all.</summary>
    /// <param name="word">The state word.</param>
    /// <param name="now">Nanoseconds on the clock that the state word is in.</param>
    /// <returns>False if it is too early, the count is full, or another thread has just changed the word.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryChargeOne(ref long word, long now)
    {
        long stored = Volatile.Read(ref word);
        long time = Math.Max(TimeOf(stored), now & -Quantum) + _increment;
        return time - now <= _tolerance
            && (stored & CountMask) != CountMask
            && Interlocked.CompareExchange(ref word, ((time << TimeShift) | (stored & CountMask)) + 1, stored) == stored;
    }

    /// <summary>The word after a charge, whether it is allowed or not.</summary>
    /// <param name="word">The state word.</param>
    /// <param name="now">Nanoseconds on the clock that the state word is in.</param>
    /// <param name="rows">Queries.</param>
    /// <param name="wait">Nanoseconds until it is allowed; 0 or less if it is.</param>
    public long Next(long word, long now, int rows, out long wait)
    {
        long time = Math.Max(TimeOf(word), now & -Quantum) + (_increment * rows);
        wait = time - _tolerance - now;
        return (time << TimeShift) | (word & CountMask);
    }

    /// <summary>Restates a debt that was run up under another rate, so that it stays the same number of queries.</summary>
    /// <remarks>The word counts time. Left as it is, a tighter rate would read the same time as fewer queries and give the rest
    /// back, which is what an attacker who is being throttled would want. A debt larger than the new burst stays one: it is waited off.</remarks>
    public void Restate(ref long word, Gcra before, long now)
    {
        // Ends: a failure means that a query was admitted meanwhile.
        while (true)
        {
            long stored = Volatile.Read(ref word);
            long debt = TimeOf(stored) - now;
            if (debt <= 0 || _increment == before._increment)
            {
                return;
            }

            long restated = WordOf(now + Scale(debt, before) + Quantum - 1) | (stored & CountMask);
            if (Interlocked.CompareExchange(ref word, restated, stored) == stored)
            {
                return;
            }
        }
    }

    private long Scale(long debt, Gcra before) =>
        (long)Int128.Min((((Int128)debt * _increment) + before._increment - 1) / before._increment, LongestDebt);
}
