using System.Runtime.InteropServices;

namespace InferenceShield;

/// <summary>Calls counted by many threads, and read as of one instant.</summary>
/// <remarks>
/// <para>The common call, one query at the price of one unit, is a single atomic increment: what goes beyond is kept in words of
/// its own. A call that changes several words raises <see cref="_begun"/> before and <see cref="_ended"/> after.</para>
/// <para>A reader looks at _ended, reads all words twice and looks at _begun. If both are equal no call was half counted, and if
/// both readings are, there was an instant between them at which all words had these values, for in between words only grow. Else
/// it reads again: a failure means that a call was counted meanwhile. Clearing takes away what was so read, as a call of its own.</para>
/// </remarks>
[StructLayout(LayoutKind.Sequential, Size = SizeInBytes)]
internal struct CallCounters
{
    public const int SizeInBytes = 48;

    private const int MostReadings = 1_000;

    private uint _begun;
    private uint _ended;
    private long _admitted;
    private long _furtherRows;
    private long _refused;
    private long _furtherRefused;
    private long _furtherCost;

    /// <summary>Queries admitted. A moment's value: good enough to compare callers.</summary>
    public readonly long Admitted => Volatile.Read(in _admitted);

    /// <returns>Queries admitted so far.</returns>
    public long CountAdmitted(int rows, long cost)
    {
        if (rows == 1 && cost == 1)
        {
            return Interlocked.Increment(ref _admitted);
        }

        Interlocked.Increment(ref _begun);
        long admitted = Interlocked.Add(ref _admitted, rows);
        Interlocked.Add(ref _furtherRows, rows - 1);
        Interlocked.Add(ref _furtherCost, cost - rows);
        Interlocked.Increment(ref _ended);
        return admitted;
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
    public readonly CallCounts Read()
    {
        Words words = ReadWhole();
        return new CallCounts(
            words.Admitted - words.FurtherRows,
            words.Admitted,
            words.Refused - words.FurtherRefused,
            words.Refused,
            words.Admitted + words.FurtherCost);
    }

    /// <summary>Takes away all that was counted, for another caller. A call that is counted meanwhile goes or stays as a whole.</summary>
    /// <returns>Queries admitted until then.</returns>
    public long Clear()
    {
        Words words = ReadWhole();
        Interlocked.Increment(ref _begun);
        Interlocked.Add(ref _admitted, -words.Admitted);
        Interlocked.Add(ref _furtherRows, -words.FurtherRows);
        Interlocked.Add(ref _refused, -words.Refused);
        Interlocked.Add(ref _furtherRefused, -words.FurtherRefused);
        Interlocked.Add(ref _furtherCost, -words.FurtherCost);
        Interlocked.Increment(ref _ended);
        return words.Admitted;
    }

    private readonly Words ReadWhole()
    {
        SpinWait wait = default;
        for (int reading = 0; ; reading++)
        {
            uint ended = Volatile.Read(in _ended);
            Words words = ReadWords();
            Words again = ReadWords();
            if ((words == again && Volatile.Read(in _begun) == ended) || reading == MostReadings)
            {
                return again;
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
