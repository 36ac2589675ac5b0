namespace InferenceShield;

/// <summary>What the shield keeps of a caller that matters, besides its record: how many distinct queries, which answers.</summary>
/// <remarks>Made once and used for one caller after the other. Thread-safe, lock-free. What a query or a reading that is under way
/// while the dossier changes hands has in its hands, up to a ring of answers, may come to the next caller's.</remarks>
internal sealed class Dossier
{
    /// <summary>1,024 registers of one byte: a standard error of 2.4 %.</summary>
    public const int Precision = 10;

    private long _ownerHigh;
    private long _latestAt;
    private CallerKey _owner;
    private int _generation;

    public Dossier(SketchKey sketchKey, AnswerHistory answers)
    {
        DistinctQueries = new UltraLogLog(Precision, sketchKey);
        Answers = answers;
    }

    /// <summary>Distinct queries, by digest.</summary>
    public UltraLogLog DistinctQueries { get; }

    /// <summary>What was answered.</summary>
    public AnswerHistory Answers { get; }

    /// <summary>The owner's slot among the callers.</summary>
    public int Slot { get; private set; }

    /// <summary>When it was opened, in nanoseconds of the shield's clock.</summary>
    public long Since { get; private set; }

    /// <summary>When the caller last asked, in nanoseconds of the shield's clock.</summary>
    public long LatestAt => Volatile.Read(ref _latestAt);

    /// <summary>Rises whenever the dossier changes hands.</summary>
    public int Generation => Volatile.Read(ref _generation);

    public bool IsOpen => Volatile.Read(ref _ownerHigh) != 0;

    public bool IsOf(CallerKey caller) => Volatile.Read(ref _ownerHigh) == (long)caller.High;

    /// <summary>Whose it is. What is read of it afterwards is that caller's if <see cref="Generation"/> is still the same when all is read.</summary>
    /// <returns>False if it is nobody's.</returns>
    public bool TryGetOwner(out CallerKey owner, out int generation)
    {
        generation = Generation;

        // Half a key can be seen here only if the owner seen first has ended: then the second look finds another.
        long high = Volatile.Read(ref _ownerHigh);
        owner = _owner;
        return high != 0 && (long)owner.High == high;
    }

    /// <summary>Notes one query.</summary>
    public void Note(InputDigest digest, long now)
    {
        DistinctQueries.Add(digest.Low);
        Volatile.Write(ref _latestAt, now);
    }

    /// <summary>Begins anew, for a caller. Under the table's lock.</summary>
    public void Begin(CallerKey owner, int slot, long now)
    {
        Interlocked.Increment(ref _generation);
        DistinctQueries.Clear();
        Answers.Clear();
        _owner = owner;
        Slot = slot;
        Since = now;
        Volatile.Write(ref _latestAt, now);
        Volatile.Write(ref _ownerHigh, (long)owner.High);
    }

    /// <summary>Is nobody's from now on. Under the table's lock.</summary>
    public void End()
    {
        Volatile.Write(ref _ownerHigh, 0);
        Interlocked.Increment(ref _generation);
    }
}
