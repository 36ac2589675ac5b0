namespace InferenceShield;

/// <summary>The generic cell rate algorithm (ITU-T I.371), as a virtual scheduler whose whole state is one word.</summary>
/// <remarks>The word is the theoretical arrival time (TAT) in nanoseconds. It is written only when a query is admitted,
/// so a refusal charges nothing, and changed limits reinterpret it instead of resetting it.</remarks>
internal readonly record struct Gcra
{
    /// <summary>Ten years, in nanoseconds: far from the end of the clock.</summary>
    private const long LongestDebt = 315_360_000_000_000_000;

    private readonly long _increment;
    private readonly long _tolerance;

    public Gcra(RateOptions rate)
    {
        _increment = IncrementOf(rate);
        _tolerance = _increment * rate.Burst;
        Burst = rate.Burst;
    }

    public int Burst { get; }

    /// <summary>Nanoseconds one query costs, rounded up so that the rate is never exceeded.</summary>
    public static long IncrementOf(RateOptions rate)
    {
        long nanoseconds = checked(rate.Period.Ticks * 100);
        return (nanoseconds + rate.Queries - 1) / rate.Queries;
    }

    /// <summary>Nanoseconds that the whole burst takes to come back.</summary>
    public long FillTime => _tolerance;

    /// <summary>Nanoseconds until so many queries could be admitted at once; 0 if now.</summary>
    public long WaitFor(long theoreticalArrival, long now, int rows) =>
        Math.Max(0, Math.Max(theoreticalArrival, now) + (_increment * rows) - _tolerance - now);

    /// <summary>Takes a charge back. The word is then as if the charge had not been made, or stricter.</summary>
    /// <param name="theoreticalArrival">The state word.</param>
    /// <param name="rows">What was charged.</param>
    /// <param name="chargedAt">The time it was charged at.</param>
    /// <param name="clock">The clock; null if it stands still.</param>
    /// <remarks>What has worn off since is not taken back: a later charge may have begun anew from its own time, and would go with it.</remarks>
    public void Refund(ref long theoreticalArrival, int rows, long chargedAt, ShieldClock? clock)
    {
        while (true)
        {
            // The clock after the word: no charge in the word is younger than this time. Ends: a failure means that another thread's
            // charge or refund got through.
            long stored = Volatile.Read(ref theoreticalArrival);
            long back = (_increment * rows) - Math.Max(0, (clock?.Now ?? chargedAt) - chargedAt);
            if (back <= 0 || Interlocked.CompareExchange(ref theoreticalArrival, stored - back, stored) == stored)
            {
                return;
            }
        }
    }

    /// <summary>Charges <paramref name="rows"/> queries at once, or none.</summary>
    /// <param name="theoreticalArrival">The state word.</param>
    /// <param name="now">Nanoseconds on the clock that the state word is in.</param>
    /// <param name="rows">1 to <see cref="Burst"/>.</param>
    /// <param name="wait">Nanoseconds until the same call is admitted; 0 if it was.</param>
    public bool TryCharge(ref long theoreticalArrival, long now, int rows, out long wait)
    {
        long charge = _increment * rows;

        // Lock-free: the compare-and-swap fails only if another thread has admitted a query, which moves the word
        // forward, so after at most Burst such failures the query is refused and the loop ends.
        while (true)
        {
            long stored = Volatile.Read(ref theoreticalArrival);
            long next = Math.Max(stored, now) + charge;
            wait = next - _tolerance - now;
            if (wait > 0)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref theoreticalArrival, next, stored) == stored)
            {
                wait = 0;
                return true;
            }
        }
    }

    /// <summary>Restates a debt that was run up under another rate, so that it stays the same number of queries.</summary>
    /// <remarks>The word counts time. Left as it is, a tighter rate would read the same time as fewer queries and give the rest
    /// back, which is what an attacker who is being throttled would want. A debt larger than the new burst stays one: it is waited off.</remarks>
    public void Restate(ref long theoreticalArrival, Gcra before, long now)
    {
        // Ends: a failure means that a query was admitted meanwhile.
        while (true)
        {
            long stored = Volatile.Read(ref theoreticalArrival);
            if (stored <= now || _increment == before._increment)
            {
                return;
            }

            long restated = now + Scale(stored - now, before);
            if (Interlocked.CompareExchange(ref theoreticalArrival, restated, stored) == stored)
            {
                return;
            }
        }
    }

    private long Scale(long debt, Gcra before) =>
        (long)Int128.Min((((Int128)debt * _increment) + before._increment - 1) / before._increment, LongestDebt);
}
