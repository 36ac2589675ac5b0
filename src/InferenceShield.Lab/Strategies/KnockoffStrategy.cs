namespace InferenceShield.Lab;

/// <summary>Knockoff Nets, adaptive: a bandit learns of which classes of the pool rows are worth asking.</summary>
/// <remarks>
/// Orekondy, Schiele and Fritz, "Knockoff nets: stealing functionality of black-box models", CVPR 2019, section 4: actions are
/// the pool's labels; a gradient bandit with rate 1 / (times an action was rewarded) raises the preference of actions whose
/// reward lies above the running mean (<see cref="KnockoffReward"/>). Labels are the pool's own and need not be the model's; a
/// pool without them is grouped by k-means on raw values. Departures from the paper: actions are one level, not a hierarchy;
/// rows are drawn <see cref="RoundSize"/> at a time, none twice; for the loss, a fresh copy is trained whenever the answers
/// have grown by half, not after each.
/// Measured on letters it is level with <see cref="PoolStrategy"/> within noise for diversity, loss and all three, and worse by
/// a little for certainty; clusters are worse than a random choice, since small far-off ones are asked as often as large
/// ones. A rate of 1 / n moves the preferences of many actions little in a few thousand queries. Thread-safe.
/// </remarks>
public sealed class KnockoffStrategy : IQueryStrategy
{
    /// <summary>What a class is rewarded for. Default: <see cref="KnockoffReward.All"/>.</summary>
    public KnockoffReward Reward { get; init; } = KnockoffReward.All;

    /// <summary>Clusters into which a pool without labels is grouped, at least 2. Default: 30.</summary>
    public int Clusters
    {
        get;
        init => field = value >= 2 ? value : throw new ArgumentOutOfRangeException(nameof(Clusters), value, "There are at least two clusters to choose from.");
    } = 30;

    /// <summary>Rows that are asked before the bandit learns from them, 1 to 256. Default: 16.</summary>
    public int RoundSize
    {
        get;
        init => field = value is >= 1 and <= Asker.Batch ? value : throw new ArgumentOutOfRangeException(nameof(RoundSize), value, $"A round asks 1 to {Asker.Batch} rows.");
    } = 16;

    /// <inheritdoc/>
    public string Name => Reward switch
    {
        KnockoffReward.Certainty => "knockoff-certainty",
        KnockoffReward.Diversity => "knockoff-diversity",
        KnockoffReward.Loss => "knockoff-loss",
        _ => "knockoff-all",
    };

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">There is no pool, it does not fit the oracle, or it has neither labels nor as many rows as clusters.</exception>
    public async Task<Transcript> AskAsync(IOracle oracle, QueryContext context, CancellationToken cancellationToken)
    {
        Dataset pool = Asker.GetPool(Name, oracle, context);
        if (!pool.HasLabels && pool.Count < Clusters)
        {
            throw new ArgumentException($"The strategy '{Name}' groups rows without labels into {Clusters} clusters, and '{pool.Name}' has {pool.Count}: label them, lower Clusters or bring more rows.", nameof(context));
        }

        SeededRandom random = new(context.Seed, stream: 20);
        int actions = pool.HasLabels ? pool.ClassCount : Clusters;
        Queue<int>[] waiting = Group(pool, actions, context.Seed, ref random, cancellationToken);
        bool[] isOpen = [.. waiting.Select(static rows => rows.Count > 0)];
        KnockoffBandit bandit = new(actions, oracle.AnswerLength, Reward);
        Asker asker = new(oracle, context);
        Surrogate? copy = null;
        int learned = 0;
        int left = pool.Count;
        while (asker.Remaining > 0 && left > 0)
        {
            int[] rows = new int[Math.Min(Math.Min(RoundSize, asker.Remaining), left)];
            int[] taken = new int[rows.Length];
            for (int i = 0; i < rows.Length; i++)
            {
                taken[i] = bandit.Draw(isOpen, ref random);
                rows[i] = waiting[taken[i]].Dequeue();
                isOpen[taken[i]] = waiting[taken[i]].Count > 0;
            }

            left -= rows.Length;
            int before = asker.Transcript.Count;
            int answered = await asker.AskAsync(pool.Select(rows).Values, cancellationToken).ConfigureAwait(false);
            Learn(bandit, taken.AsSpan(0, answered), isOpen, asker.Transcript, before, copy);
            if (Reward is KnockoffReward.Loss or KnockoffReward.All && asker.Remaining > 0 && asker.Transcript.Count > learned + (learned / 2))
            {
                copy = asker.TrainCopy(cancellationToken);
                learned = asker.Transcript.Count;
            }
        }

        return asker.Transcript;
    }

    private static void Learn(KnockoffBandit bandit, ReadOnlySpan<int> taken, ReadOnlySpan<bool> isOpen, Transcript transcript, int before, Surrogate? copy)
    {
        int classes = transcript.AnswerLength;
        float[] copied = new float[copy is null ? 0 : taken.Length * classes];
        copy?.Classify(transcript.Inputs[(before * transcript.InputLength)..], copied);
        for (int i = 0; i < taken.Length; i++)
        {
            bandit.Learn(
                taken[i], isOpen, transcript.Answers.Slice((before + i) * classes, classes), copy is null ? [] : copied.AsSpan(i * classes, classes));
        }
    }

    /// <summary>The rows of each label or cluster, in random order.</summary>
    private static Queue<int>[] Group(Dataset pool, int actions, ulong seed, ref SeededRandom random, CancellationToken cancellationToken)
    {
        ReadOnlySpan<int> group = pool.HasLabels ? pool.Labels.Span : KMeans.Assign(pool, actions, seed, cancellationToken);
        Queue<int>[] waiting = new Queue<int>[actions];
        for (int action = 0; action < actions; action++)
        {
            waiting[action] = new Queue<int>();
        }

        foreach (int row in random.Choose(pool.Count, pool.Count))
        {
            waiting[group[row]].Enqueue(row);
        }

        return waiting;
    }
}
