namespace InferenceShield;

/// <summary>The generic cell rate algorithm (ITU-T I.371), as a virtual scheduler whose whole state is one word.</summary>
/// <remarks>The word is the theoretical arrival time (TAT) in nanoseconds. It is written only when a query is admitted,
/// so a refusal charges nothing, and changed limits reinterpret it instead of resetting it.</remarks>
internal readonly record struct Gcra
{
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
}
