namespace InferenceShield;

/// <summary>Callers that have something to be looked at: a bounded queue from queries to the posture engine. Lock-free, no allocation.</summary>
/// <remarks>D. Vyukov's bounded queue of many producers. A cell's number says whose turn it is: n for the producer of place n, n + 1 for the
/// consumer. Invariant: who has taken a place by compare-and-swap is alone with its cell until it publishes the next number, with release; the number
/// is read with acquire, so who sees its turn sees the key. A full queue refuses: nobody waits. One consumer at a time.</remarks>
internal sealed class NoticeQueue
{
    private readonly Cell[] _cells;
    private long _tail;
    private long _head;
    private long _dropped;

    /// <param name="capacity">A power of two.</param>
    public NoticeQueue(int capacity)
    {
        _cells = new Cell[capacity];
        for (int i = 0; i < capacity; i++)
        {
            _cells[i].Turn = i;
        }
    }

    /// <summary>What found no room.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    public bool TryEnqueue(CallerKey caller)
    {
        // Ends: a failure means that another producer has taken the place.
        while (true)
        {
            long tail = Volatile.Read(ref _tail);
            ref Cell cell = ref _cells[tail & (_cells.Length - 1)];
            long turn = Volatile.Read(ref cell.Turn);
            if (turn == tail)
            {
                if (Interlocked.CompareExchange(ref _tail, tail + 1, tail) == tail)
                {
                    cell.Caller = caller;
                    Volatile.Write(ref cell.Turn, tail + 1);
                    return true;
                }
            }
            else if (turn < tail)
            {
                Interlocked.Increment(ref _dropped);
                return false;
            }
        }
    }

    public bool TryDequeue(out CallerKey caller)
    {
        ref Cell cell = ref _cells[_head & (_cells.Length - 1)];
        if (Volatile.Read(ref cell.Turn) != _head + 1)
        {
            caller = default; // empty, or its producer is not done yet
            return false;
        }

        caller = cell.Caller;
        Volatile.Write(ref cell.Turn, _head + _cells.Length);
        _head++;
        return true;
    }

    private struct Cell
    {
        public long Turn;
        public CallerKey Caller;
    }
}
