namespace InferenceShield;

/// <summary>What the shield keeps of a caller that matters, besides its record: how many distinct queries, which answers.</summary>
/// <remarks>Made once and used for one caller after the other. Thread-safe, lock-free. What a query that is under way while the
/// dossier changes hands brings may come to the next caller's.</remarks>
internal sealed class Dossier
{
    /// <summary>1,024 registers of one byte: a standard error of 2.4 %.</summary>
    public const int Precision = 10;

    private long _ownerHigh;
    private long _latestAt;

    public Dossier(SketchKey sketchKey, AnswerHistory answers)
    {
        DistinctQueries = new UltraLogLog(Precision, sketchKey);
        Answers = answers;
    }

    /// <summary>Distinct queries, by digest.</summary>
    public UltraLogLog DistinctQueries { get; }

    /// <summary>What was answered.</summary>
    public AnswerHistory Answers { get; }

    public CallerKey Owner { get; private set; }

    /// <summary>The owner's slot among the callers.</summary>
    public int Slot { get; private set; }

    /// <summary>When it was opened, in nanoseconds of the shield's clock.</summary>
    public long Since { get; private set; }

    /// <summary>When the caller last asked, in nanoseconds of the shield's clock.</summary>
    public long LatestAt => Volatile.Read(ref _latestAt);

    public bool IsOpen => Volatile.Read(ref _ownerHigh) != 0;

    public bool IsOf(CallerKey caller) => Volatile.Read(ref _ownerHigh) == (long)caller.High;

    /// <summary>Notes one query.</summary>
    public void Note(InputDigest digest, long now)
    {
        DistinctQueries.Add(digest.Low);
        Volatile.Write(ref _latestAt, now);
    }

    /// <summary>Begins anew, for a caller. Under the table's lock.</summary>
    public void Begin(CallerKey owner, int slot, long now)
    {
        DistinctQueries.Clear();
        Answers.Clear();
        Owner = owner;
        Slot = slot;
        Since = now;
        Volatile.Write(ref _latestAt, now);
        Volatile.Write(ref _ownerHigh, (long)owner.High);
    }

    /// <summary>Is nobody's from now on. Under the table's lock.</summary>
    public void End() => Volatile.Write(ref _ownerHigh, 0);
}
