using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace InferenceShield;

/// <summary>Calls counted by many threads, and read as of one instant.</summary>
/// <remarks>
/// <para>The common call, one query at the price of one unit, is a single atomic increment: what goes beyond is kept in words of
/// its own. A call that changes several words raises <see cref="_begun"/> before and <see cref="_ended"/> after.</para>
/// <para>A caller's record counts its common calls in the word of its rate (<see cref="Gcra.CountOf"/>): what was admitted is always
/// the sum of both. Taking that count over is as a call that changes several words.</para>
/// <para>A reader looks at _ended, reads all words twice and looks at _begun. If both are equal no call was half counted, and if
/// both readings are, there was an instant between them at which all words had these values, for in between words only grow, but
/// for a call that is taken back, which the reading then holds or does not. Else
/// it reads again: a failure means that a call was counted meanwhile. Clearing takes away what was so read, as a call of its own.</para>
/// </remarks>
[StructLayout(LayoutKind.Sequential, Size = SizeInBytes)]
internal struct CallCounters
{
    public const int SizeInBytes = 48;

    private const int MostReadings = 1_000;

    private static readonly long s_noWord;

    private uint _begun;
    private uint _ended;
    private long _admitted;
    private long _furtherRows;
    private long _refused;
    private long _furtherRefused;
    private long _furtherCost;

    /// <summary>Queries admitted. A moment's value, or at most one word's count less: good enough to compare callers.</summary>
    /// <param name="word">The word that counts the latest of them.</param>
    public readonly long AdmittedWith(in long word) => Math.Max(0, Volatile.Read(in _admitted) + Gcra.CountOf(Volatile.Read(in word)));

    /// <summary>Counts one call admitted.</summary>
    public void CountAdmitted(int rows, long cost)
    {
        if (rows == 1 && cost == 1)
        {
            Interlocked.Increment(ref _admitted);
            return;
        }

        Interlocked.Increment(ref _begun);
        Interlocked.Add(ref _admitted, rows);
        Interlocked.Add(ref _furtherRows, rows - 1);
        Interlocked.Add(ref _furtherCost, cost - rows);
        Interlocked.Increment(ref _ended);
    }

    /// <summary>Takes back one call of one query that a word counted: from the word, or from here if the count has come here since.</summary>
    public void Uncount(ref long word)
    {
        // Ends: a failure means that somebody else has changed the word.
        long seen = Volatile.Read(ref word);
        while (Gcra.CountOf(seen) > 0)
        {
            long before = Interlocked.CompareExchange(ref word, seen - 1, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }

        Interlocked.Decrement(ref _admitted);
    }

    /// <summary>Takes over what a word counts, unless the word has changed.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void TakeOver(ref long word, long seen)
    {
        Interlocked.Increment(ref _begun);
        if (Interlocked.CompareExchange(ref word, seen & ~Gcra.CountMask, seen) == seen)
        {
            Interlocked.Add(ref _admitted, Gcra.CountOf(seen));
        }

        Interlocked.Increment(ref _ended);
    }

    /// <summary>Counts one call refused.</summary>
    public void CountRefused(int rows)
    {
        if (rows == 1)
        {
            Interlocked.Increment(ref _refused);
            return;
        }

        Interlocked.Increment(ref _begun);
        Interlocked.Add(ref _refused, rows);
        Interlocked.Add(ref _furtherRefused, rows - 1);
        Interlocked.Increment(ref _ended);
    }

    /// <summary>All counts at one instant.</summary>
    /// <remarks>Should other threads count without a pause through <see cref="MostReadings"/> readings, or one be suspended half-way
    /// for as long (a millisecond, more where processors are scarce), the last reading, in which calls under way may be half counted.</remarks>
    public readonly CallCounts Read() => Read(in s_noWord);

    /// <summary>All counts at one instant.</summary>
    /// <param name="word">The word that counts the latest calls.</param>
    /// <inheritdoc cref="Read()"/>
    public readonly CallCounts Read(in long word)
    {
        Words words = ReadWhole(in word);
        words = words with { Admitted = Math.Max(0, words.Admitted) };
        return new CallCounts(
            words.Admitted - words.FurtherRows,
            words.Admitted,
            words.Refused - words.FurtherRefused,
            words.Refused,
            words.Admitted + words.FurtherCost);
    }

    /// <summary>Takes away all that was counted, for another caller. A call that is counted meanwhile goes or stays as a whole.</summary>
    /// <returns>Queries admitted until then, but for those that a word counts.</returns>
    public long Clear()
    {
        Words words = ReadWhole(in s_noWord);
        Interlocked.Increment(ref _begun);
        Interlocked.Add(ref _admitted, -words.Admitted);
        Interlocked.Add(ref _furtherRows, -words.FurtherRows);
        Interlocked.Add(ref _refused, -words.Refused);
        Interlocked.Add(ref _furtherRefused, -words.FurtherRefused);
        Interlocked.Add(ref _furtherCost, -words.FurtherCost);
        Interlocked.Increment(ref _ended);
        return words.Admitted;
    }

    private readonly Words ReadWhole(in long word)
    {
        SpinWait wait = default;
        for (int reading = 0; ; reading++)
        {
            uint ended = Volatile.Read(in _ended);
            Words words = ReadWords();
            int counted = Gcra.CountOf(Volatile.Read(in word));
            Words again = ReadWords();
            int countedAgain = Gcra.CountOf(Volatile.Read(in word));
            if ((words == again && counted == countedAgain && Volatile.Read(in _begun) == ended) || reading == MostReadings)
            {
                return again with { Admitted = again.Admitted + countedAgain };
            }

            wait.SpinOnce(sleep1Threshold: 50); // a writer without a processor gets this one
        }
    }

    private readonly Words ReadWords() => new(
        Volatile.Read(in _admitted),
        Volatile.Read(in _furtherRows),
        Volatile.Read(in _refused),
        Volatile.Read(in _furtherRefused),
        Volatile.Read(in _furtherCost));

    private readonly record struct Words(long Admitted, long FurtherRows, long Refused, long FurtherRefused, long FurtherCost);
}
