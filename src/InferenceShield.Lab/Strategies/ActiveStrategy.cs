using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Active learning: asks in rounds, and lets a copy trained on the answers so far choose the next rows of the pool.</summary>
/// <remarks>
/// ActiveThief (Pal et al., AAAI 2020): a random share of the budget first; then, in each round, a fresh copy, trained with the
/// context's options on the answers as they came, rates the rows not yet asked. Its k-center takes row after row the one whose
/// distribution lies furthest (L2) from those of all rows answered or taken (core-set of Sener and Savarese, ICLR 2018, in the
/// space of outputs). It costs one training a round, and k-center besides rows answered x candidates distances.
/// Uncertainty takes rows that resemble one another, so a round should not be large.
/// The pool needs many more rows than the budget, or there is nothing to choose. Thread-safe.
/// </remarks>
public sealed class ActiveStrategy : IQueryStrategy
{
    /// <summary>Which rows are asked next. Default: <see cref="ActiveSelection.Margin"/>.</summary>
    public ActiveSelection Selection { get; init; } = ActiveSelection.Margin;

    /// <summary>Share of the budget that is asked at random first, above 0 to 1. Default: .2.</summary>
    public double InitialShare
    {
        get;
        init => field = value is > 0 and <= 1 ? value : throw new ArgumentOutOfRangeException(nameof(InitialShare), value, "The share of the budget that is asked first lies above 0 and up to 1.");
    } = 0.2;

    /// <summary>Rounds into which the rest of the budget is divided, at least 1. Default: 8.</summary>
    public int Rounds
    {
        get;
        init => field = value >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(Rounds), value, "There is at least one round.");
    } = 8;

    /// <summary>Rows of the pool that a round looks at, drawn at random, at least 1. Default: 10 000.</summary>
    public int Candidates
    {
        get;
        init => field = value >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(Candidates), value, "A round looks at one row at least.");
    } = 10_000;

    /// <inheritdoc/>
    public string Name => Selection switch
    {
        ActiveSelection.Entropy => "active-entropy",
        ActiveSelection.KCenter => "active-k-center",
        _ => "active-margin",
    };

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">There is no pool, or it does not fit the oracle.</exception>
    public async Task<Transcript> AskAsync(IOracle oracle, QueryContext context, CancellationToken cancellationToken)
    {
        Dataset pool = Asker.GetPool(Name, oracle, context);
        SeededRandom random = new(context.Seed, stream: 17);
        Asker asker = new(oracle, context);

        // Rows not yet asked; in random order, so that the first ones are a random choice.
        int[] rest = random.Choose(pool.Count, pool.Count);
        int initial = Math.Min((int)Math.Ceiling(context.Budget * InitialShare), rest.Length);
        await asker.AskAsync(pool.Select(rest.AsSpan(0, initial)).Values, cancellationToken).ConfigureAwait(false);
        rest = rest[initial..];
        int size = Math.Max(1, (int)Math.Ceiling((double)asker.Remaining / Rounds));
        while (asker.Remaining > 0 && rest.Length > 0)
        {
            random.Shuffle(rest);
            int count = Math.Min(Math.Min(size, asker.Remaining), rest.Length);
            int candidates = Math.Min(Math.Max(Candidates, count), rest.Length);

            // Where nothing was answered there is nothing to learn from, and the random order stands.
            if (asker.Transcript.Count > 0 && candidates > count)
            {
                Surrogate copy = asker.TrainCopy(cancellationToken);
                BringForward(rest.AsSpan(0, candidates), count, pool, copy, asker.Transcript, cancellationToken);
            }

            await asker.AskAsync(pool.Select(rest.AsSpan(0, count)).Values, cancellationToken).ConfigureAwait(false);
            rest = rest[count..];
        }

        return asker.Transcript;
    }

    /// <summary>Orders the candidates so that the rows to ask come first.</summary>
    private void BringForward(Span<int> candidates, int count, Dataset pool, Surrogate copy, Transcript transcript, CancellationToken cancellationToken)
    {
        float[] probabilities = new float[candidates.Length * copy.ClassCount];
        copy.Classify(pool.Select(candidates).Values.Span, probabilities);
        if (Selection == ActiveSelection.KCenter)
        {
            float[] centres = new float[transcript.Count * copy.ClassCount];
            copy.Classify(transcript.Inputs, centres);
            TakeCentres(candidates, count, probabilities, centres, copy.ClassCount, cancellationToken);
            return;
        }

        float[] certainty = new float[candidates.Length];
        for (int i = 0; i < certainty.Length; i++)
        {
            ReadOnlySpan<float> row = probabilities.AsSpan(i * copy.ClassCount, copy.ClassCount);
            certainty[i] = Selection == ActiveSelection.Entropy ? GetNegativeEntropy(row) : GetMargin(row);
        }

        // Ties keep no order of their own, so the row decides: Sort is not stable.
        int[] places = [.. Enumerable.Range(0, certainty.Length)];
        Array.Sort(places, (left, right) => certainty[left] != certainty[right] ? certainty[left].CompareTo(certainty[right]) : left.CompareTo(right));
        int[] taken = candidates.ToArray();
        for (int i = 0; i < places.Length; i++)
        {
            candidates[i] = taken[places[i]];
        }
    }

    private static void TakeCentres(
        Span<int> candidates, int count, float[] probabilities, float[] centres, int classes, CancellationToken cancellationToken)
    {
        float[] nearest = new float[candidates.Length];
        nearest.AsSpan().Fill(float.PositiveInfinity);
        for (int at = 0; at < centres.Length; at += classes)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Approach(nearest, probabilities, centres.AsSpan(at, classes));
        }

        int[] taken = candidates.ToArray();
        bool[] isTaken = new bool[taken.Length];
        for (int i = 0; i < count; i++)
        {
            int furthest = TensorPrimitives.IndexOfMax<float>(nearest);
            candidates[i] = taken[furthest];
            isTaken[furthest] = true;
            Approach(nearest, probabilities, probabilities.AsSpan(furthest * classes, classes));

            // Not even where all that are left lie on a centre.
            nearest[furthest] = float.NegativeInfinity;
        }

        int next = count;
        for (int i = 0; i < taken.Length; i++)
        {
            if (!isTaken[i])
            {
                candidates[next++] = taken[i];
            }
        }
    }

    private static void Approach(Span<float> nearest, ReadOnlySpan<float> probabilities, ReadOnlySpan<float> centre)
    {
        for (int i = 0; i < nearest.Length; i++)
        {
            nearest[i] = MathF.Min(nearest[i], TensorPrimitives.Distance(probabilities.Slice(i * centre.Length, centre.Length), centre));
        }
    }

    private static float GetNegativeEntropy(ReadOnlySpan<float> probabilities)
    {
        float sum = 0;
        foreach (float probability in probabilities)
        {
            sum += probability > 0 ? probability * MathF.Log(probability) : 0;
        }

        return sum;
    }

    private static float GetMargin(ReadOnlySpan<float> probabilities)
    {
        float first = float.NegativeInfinity;
        float second = float.NegativeInfinity;
        foreach (float probability in probabilities)
        {
            (first, second) = probability > first ? (probability, first) : (first, MathF.Max(second, probability));
        }

        return first - second;
    }
}
