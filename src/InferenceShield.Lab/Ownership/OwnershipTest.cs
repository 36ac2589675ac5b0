namespace InferenceShield.Lab;

/// <summary>One test of a suspect: what a mark's key says of its answers.</summary>
/// <remarks>Made of the queries and the target's clean scores; then the same for the suspect, for controls, and for the owner's and any other key.</remarks>
internal abstract class OwnershipTest
{
    /// <summary>As in <see cref="OwnershipTestResult.Name"/>.</summary>
    public abstract string Name { get; }

    /// <summary>The unit of statistic and effect.</summary>
    public abstract string EffectUnit { get; }

    /// <summary>How p-values are found.</summary>
    public virtual PValueMethod Method => PValueMethod.Exact;

    /// <summary>Whether labels are not enough.</summary>
    public virtual bool NeedsScores => false;

    /// <summary>Queries that can count.</summary>
    public abstract int Available { get; }

    /// <summary>Whether the answer to a query can count.</summary>
    public abstract bool Uses(int row);

    /// <summary>The number of answers that give a p-value with a power of 90 %.</summary>
    /// <param name="expectedMatch">The share of keyed answers that a copy is expected to repeat.</param>
    /// <param name="pValue">The p-value that is wanted.</param>
    public abstract int NeededAnswers(double expectedMatch, double pValue);

    /// <summary>Why no number of answers to queries like these gives a p-value; empty where one does.</summary>
    /// <param name="expectedMatch">As for <see cref="NeededAnswers"/>, which is <see cref="CellPower.Never"/> then.</param>
    /// <param name="pValue">The p-value that is wanted.</param>
    public virtual string Shortage(double expectedMatch, double pValue) => "";

    /// <summary>Reads a suspect's answers.</summary>
    /// <returns>What they say under a key: the owner's, or any other.</returns>
    public abstract Func<MarkKey, TestOutcome> Read(SuspectAnswers answers);

    /// <summary>What has to be said of answers, besides the numbers.</summary>
    public virtual string Note(SuspectAnswers answers) => "";

    /// <summary>The numbers that p-values follow from, for a dossier; null if they follow from no few.</summary>
    public virtual RecordedTest? Record(SuspectAnswers answers, IReadOnlyList<SuspectAnswers> controls, MarkKey key) => null;
}
