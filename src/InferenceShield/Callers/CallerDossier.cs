namespace InferenceShield;

/// <summary>What a shield knows of a caller that matters: see <see cref="Shield.TryGetDossier"/>. A snapshot.</summary>
/// <remarks>Immutable, so thread-safe; about 3,000 bytes. For operators: callers must not see it. Names nobody: of the caller it
/// shows a pseudonym, of its inputs a number.</remarks>
public sealed class CallerDossier
{
    private readonly AnswerStatistics[] _answers;

    internal CallerDossier(CallerKey caller, in CallerRecord record, Dossier dossier, AnswerStatistics[] answers, TimeSpan age, Posture? overridden)
    {
        Caller = caller;
        Statistics = record.ToStatistics();
        Statistics = Statistics with { Posture = overridden ?? Statistics.Posture };
        AskedBefore = Volatile.Read(in record.Before);
        Age = age;
        DistinctQueries = dossier.DistinctQueries.Estimate();
        DistinctQueriesError = dossier.DistinctQueries.RelativeStandardError;
        _answers = answers;
    }

    /// <summary>Who.</summary>
    public CallerKey Caller { get; }

    /// <summary>What was counted of it since it got its record.</summary>
    public CallerStatistics Statistics { get; }

    /// <summary>Queries it is known to have asked before it got that record: a lower bound.</summary>
    public long AskedBefore { get; }

    /// <summary>How long ago the dossier was opened.</summary>
    public TimeSpan Age { get; }

    /// <summary>How many distinct inputs (rows) it has sent since then: an estimate, which repeats do not raise.</summary>
    public double DistinctQueries { get; }

    /// <summary>The relative standard error of <see cref="DistinctQueries"/>: 0.024.</summary>
    public double DistinctQueriesError { get; }

    /// <summary>What it was answered over a window, since the dossier was opened.</summary>
    /// <param name="window">How far back.</param>
    /// <exception cref="ArgumentOutOfRangeException">No such window.</exception>
    public AnswerStatistics GetAnswers(HistoryWindow window) => Enum.IsDefined(window)
        ? _answers[(int)window]
        : throw new ArgumentOutOfRangeException(nameof(window), window, "Allowed: Minute, Hour, Day or Month.");

    /// <summary>The caller's pseudonym.</summary>
    public override string ToString() => Caller.ToString();
}
