using InferenceShield.Lab;

namespace InferenceShield.Statistics.Ownership;

/// <summary>What a thief was answered, and what the owner logged of it.</summary>
internal sealed class OwnershipLoot
{
    private readonly MarkedRelease _release;

    public OwnershipLoot(OwnershipTarget target, MarkedRelease release, bool areScores, int budget, ulong seed)
    {
        Target = target;
        _release = release;
        AreScores = areScores;
        Seed = seed;
        Dataset pool = target.Pool.Shuffle(seed);
        Asked = pool.Slice(0, budget);
        Others = pool.Slice(budget, Math.Min(budget, pool.Count - budget));
        Clean = OneHot.Ask(target.Model, Rows);
        Answers = release.Ask(target.Model, Rows);
    }

    public OwnershipTarget Target { get; }

    /// <summary>Whether more than a label was released.</summary>
    public bool AreScores { get; }

    public ulong Seed { get; }

    /// <summary>The rows that were asked, with the true labels that only independent models are trained on.</summary>
    public Dataset Asked { get; }

    /// <summary>Rows of the thief that were not asked.</summary>
    public Dataset Others { get; }

    public ReadOnlySpan<float> Rows => Asked.Values.Span;

    /// <summary>Clean answers, which the owner can make again.</summary>
    public float[] Clean { get; }

    public float[] Answers { get; }

    public MarkKey Key => _release.Key;

    /// <inheritdoc cref="MarkedRelease.NamesSecond"/>
    public bool NamesSecond => _release.NamesSecond;

    /// <inheritdoc cref="MarkedRelease.MayBeNearTie"/>
    public bool MayBeNearTie(ReadOnlySpan<float> answer) => _release.MayBeNearTie(answer);

    /// <summary>Shares of the votes of near-repeats of each row; the row itself votes, too.</summary>
    public float[] AskNearRepeats(int repeats)
    {
        float[] answers = new float[Answers.Length];
        AveragingOracle oracle = AveragingOracle.OverNearRepeats(
            new ReleaseOracle(Target.Model, _release), repeats, Target.NearRepeat, Target.Pool, Seed, countsLabels: true);
        ValueTask<OracleReply> reply = oracle.AskAsync(Asked.Values, answers, default);
        return reply.IsCompletedSuccessfully ? answers : throw new InvalidOperationException("An oracle in this process answers at once.");
    }
}
