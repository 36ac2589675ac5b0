namespace InferenceShield;

/// <summary>So much per calendar window (UTC day or month): the whole state is one word.</summary>
/// <remarks>The word packs the window's end in minutes of the shield's clock (upper 24 bits: 31 years) and what was used in it
/// (lower 40 bits). A word of an earlier window counts as unused; one of a later window, which another thread has just begun,
/// counts. It is written only when something is charged. A quota that is not set allows everything and touches no word.</remarks>
internal readonly record struct Quota(long Limit)
{
    /// <summary>The most that a quota may be.</summary>
    public const long Most = 1_000_000_000_000;

    private const int UsedBits = 40;
    private const ulong UsedMask = (1UL << UsedBits) - 1;
    private const long NanosecondsPerMinute = 60_000_000_000;

    public bool IsSet => Limit > 0;

    /// <summary>When the word counts as unused.</summary>
    public static long FreshAt(ulong word) => (word & UsedMask) == 0 ? 0 : (long)(word >> UsedBits) * NanosecondsPerMinute;

    /// <summary>What was used in the window that ends at <paramref name="windowEnd"/>, or in a later one.</summary>
    public static long Used(ulong word, long windowEnd) => word >> UsedBits >= WindowOf(windowEnd) ? (long)(word & UsedMask) : 0;

    /// <summary>Whether a window could hold so much.</summary>
    public bool CanHold(long amount) => !IsSet || amount <= Limit;

    /// <summary>Whether so much would be within the quota.</summary>
    public bool Allows(ulong word, long windowEnd, long amount) => !IsSet || Used(word, windowEnd) + amount <= Limit;

    /// <summary>Charges an amount, or nothing.</summary>
    public bool TryCharge(ref ulong word, long windowEnd, long amount)
    {
        // Lock-free: a failure means that somebody else has charged this word.
        while (IsSet)
        {
            ulong seen = Volatile.Read(ref word);
            long used = Used(seen, windowEnd) + amount;
            if (used > Limit)
            {
                return false;
            }

            ulong window = Math.Max(seen >> UsedBits, WindowOf(windowEnd));
            if (Interlocked.CompareExchange(ref word, (window << UsedBits) | (ulong)used, seen) == seen)
            {
                return true;
            }
        }

        return true;
    }

    /// <summary>Takes a charge back, if the word is still of its window: what was charged to a later one stays.</summary>
    public void Refund(ref ulong word, long windowEnd, long amount)
    {
        while (IsSet)
        {
            ulong seen = Volatile.Read(ref word);
            long used = (long)(seen & UsedMask);
            if (seen >> UsedBits != WindowOf(windowEnd) || used < amount || Interlocked.CompareExchange(ref word, seen - (ulong)amount, seen) == seen)
            {
                return;
            }
        }
    }

    // Rounded up: a window never ends early. Held at what 24 bits hold: a process that runs for 31 years has one last window.
    private static ulong WindowOf(long windowEnd) =>
        Math.Min((ulong)((windowEnd + NanosecondsPerMinute - 1) / NanosecondsPerMinute), ulong.MaxValue >> UsedBits);
}
