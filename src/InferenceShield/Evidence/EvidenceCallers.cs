namespace InferenceShield;

/// <summary>Counts what was kept of each caller today, in bounded memory. Not thread-safe.</summary>
/// <remarks>Callers beyond the capacity share one count: they are held shorter, never longer.</remarks>
internal sealed class EvidenceCallers
{
    private readonly ulong[] _callers;
    private readonly int[] _counts;
    private readonly long[] _bytes;
    private readonly int _most;
    private int _used;
    private int _others;
    private long _bytesOfOthers;

    /// <param name="capacity">Callers that are counted by themselves: a power of 2, of which three quarters are used.</param>
    /// <param name="most">Queries of a caller that are kept.</param>
    public EvidenceCallers(int capacity, int most)
    {
        _callers = new ulong[capacity];
        _counts = new int[capacity];
        _bytes = new long[capacity];
        _most = most;
    }

    /// <summary>Whether one more may be kept. Counts nothing.</summary>
    public bool HasRoom(CallerKey caller) => Count(Find(caller)) < _most;

    /// <summary>The bytes of a caller that are kept.</summary>
    public long BytesOf(CallerKey caller) => Bytes(Find(caller));

    /// <summary>Counts one that is kept.</summary>
    public void Add(CallerKey caller, int bytes)
    {
        int place = Find(caller);
        Count(place)++;
        Bytes(place) += bytes;
    }

    /// <summary>A new day.</summary>
    public void Clear()
    {
        Array.Clear(_callers);
        Array.Clear(_counts);
        Array.Clear(_bytes);
        (_used, _others, _bytesOfOthers) = (0, 0, 0);
    }

    private ref int Count(int place) => ref place < 0 ? ref _others : ref _counts[place];

    private ref long Bytes(int place) => ref place < 0 ? ref _bytesOfOthers : ref _bytes[place];

    /// <summary>The caller's place; -1 for those that share a count.</summary>
    private int Find(CallerKey caller)
    {
        // A caller's key is a keyed hash, and never 0: nobody can choose names that fall on one place.
        int mask = _callers.Length - 1;
        for (int place = (int)caller.High & mask; ; place = (place + 1) & mask)
        {
            if (_callers[place] == caller.Low)
            {
                return place;
            }

            if (_callers[place] == 0)
            {
                if (_used >= _callers.Length / 4 * 3)
                {
                    return -1;
                }

                _used++;
                _callers[place] = caller.Low;
                return place;
            }
        }
    }
}
