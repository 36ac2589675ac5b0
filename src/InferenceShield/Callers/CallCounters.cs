using System.Runtime.InteropServices;

namespace InferenceShield;

/// <summary>Calls counted by many threads, and read as of one instant.</summary>
/// <remarks>
/// <para>The common call, one query at the price of one unit, is a single atomic increment: what goes beyond is kept in words of
/// its own. A call that changes several words raises <see cref="_begun"/> before and <see cref="_ended"/> after.</para>
/// <para>A reader looks at _ended, reads all words twice and looks at _begun. If both are equal no call was half counted, and if
/// both readings are, there was an instant between them at which all words had these values, for words only grow. Else
/// it reads again: a failure means that a call was counted meanwhile.</para>
/// </remarks>
[StructLayout(LayoutKind.Sequential, Size = SizeInBytes)]
internal struct CallCounters
{
    public const int SizeInBytes = 48;

    private const int MostReadings = 10_000;

    private uint _begun;
    private uint _ended;
    private long _admitted;
    private long _furtherRows;
    private long _refused;
    private long _furtherRefused;
    private long _furtherCost;

    /// <summary>Queries asked, admitted or not. A moment's value: good enough to compare callers.</summary>
    public readonly long Asked => Volatile.Read(in _admitted) + Volatile.Read(in _refused);

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
    /// <remarks>Should other threads count without a pause through <see cref="MostReadings"/> readings, the last reading, in which
    /// calls under way may be half counted.</remarks>
    public readonly CallCounts Read()
    {
        for (int reading = 0; ; reading++)
        {
            uint ended = Volatile.Read(in _ended);
            Words words = ReadWords();
            Words again = ReadWords();
            if ((words == again && Volatile.Read(in _begun) == ended) || reading == MostReadings)
            {
                return new CallCounts(
                    again.Admitted - again.FurtherRows,
                    again.Admitted,
                    again.Refused - again.FurtherRefused,
                    again.Refused,
                    again.Admitted + again.FurtherCost);
            }
        }
    }

    /// <summary>Begins again at zero, for another caller.</summary>
    /// <remarks>No query is lost: what a call under way counts is in the result or with the next caller.</remarks>
    /// <returns>Queries asked until then.</returns>
    public long Clear()
    {
        long asked = Interlocked.Exchange(ref _admitted, 0) + Interlocked.Exchange(ref _refused, 0);
        Volatile.Write(ref _furtherRows, 0);
        Volatile.Write(ref _furtherRefused, 0);
        Volatile.Write(ref _furtherCost, 0);
        return asked;
    }

    private readonly Words ReadWords() => new(
        Volatile.Read(in _admitted),
        Volatile.Read(in _furtherRows),
        Volatile.Read(in _refused),
        Volatile.Read(in _furtherRefused),
        Volatile.Read(in _furtherCost));

    private readonly record struct Words(long Admitted, long FurtherRows, long Refused, long FurtherRefused, long FurtherCost);
}
