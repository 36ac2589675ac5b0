using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Jacobian-based data augmentation: asks a few seed rows, then rows that a copy of the model moves towards its borders.</summary>
/// <remarks>
/// Papernot et al., "Practical black-box attacks against machine learning", ASIA CCS 2017: in each round a fresh copy is trained
/// on all answers as they came, and every row x so far gives a child x + s·sign(grad), the gradient of the copy's cross-entropy
/// with the answered label, whose sign turns every <see cref="SignPeriod"/> rounds. The targeted kinds take
/// <see cref="Iterations"/> steps of 1.85 s / iterations, projected on the box of half-width s around x, and give
/// <see cref="TargetCount"/> children. After <see cref="FullRounds"/> rounds only a random <see cref="Reservoir"/> of rows has children.
/// The step s is a share of each feature's bounds, to which children are clipped. It goes on until the budget is spent; one
/// training a round. Known to reach a plateau: children resemble their parents. Thread-safe.
/// </remarks>
public sealed class JbdaStrategy : IQueryStrategy
{
    /// <summary>Where an input is moved. Default: <see cref="JbdaKind.Untargeted"/>.</summary>
    public JbdaKind Kind { get; init; } = JbdaKind.Untargeted;

    /// <summary>Rows of the pool to start from, at least 1; no more than the budget are asked. Default: 150.</summary>
    public int Seeds
    {
        get;
        init => field = value >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(Seeds), value, "There is at least one seed row.");
    } = 150;

    /// <summary>How far a row is moved, as a share of each feature's bounds, above 0 to 1. Default: .1.</summary>
    public float Step
    {
        get;
        init => field = value is > 0 and <= 1 ? value : throw new ArgumentOutOfRangeException(nameof(Step), value, "The step is a share of the bounds, above 0 and up to 1.");
    } = 0.1f;

    /// <summary>Steps of the targeted kinds, at least 1. Default: 8.</summary>
    public int Iterations
    {
        get;
        init => field = value >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(Iterations), value, "There is at least one step.");
    } = 8;

    /// <summary>Children of a row under the targeted kinds, at least 1. Default: 3.</summary>
    public int TargetCount
    {
        get;
        init => field = value >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(TargetCount), value, "A row has at least one child.");
    } = 3;

    /// <summary>Rows that have children in a late round, at least 1. Default: 400.</summary>
    public int Reservoir
    {
        get;
        init => field = value >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(Reservoir), value, "At least one row has children.");
    } = 400;

    /// <summary>Rounds in which every row has children. Default: 3.</summary>
    public int FullRounds
    {
        get;
        init => field = value >= 0 ? value : throw new ArgumentOutOfRangeException(nameof(FullRounds), value, "Rounds cannot be fewer than none.");
    } = 3;

    /// <summary>Rounds after which the untargeted step turns its sign, at least 1. Default: 5.</summary>
    public int SignPeriod
    {
        get;
        init => field = value >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(SignPeriod), value, "The sign holds for at least one round.");
    } = 5;

    /// <summary>Bounds of the inputs. Default: null, those of the pool.</summary>
    public InputBounds? Bounds { get; init; }

    /// <inheritdoc/>
    public string Name => Kind switch
    {
        JbdaKind.Top => $"jbda-top{TargetCount}",
        JbdaKind.Random => $"jbda-random{TargetCount}",
        _ => "jbda",
    };

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">There is no pool, it has fewer rows than seeds, or it or the bounds do not fit the oracle.</exception>
    public async Task<Transcript> AskAsync(IOracle oracle, QueryContext context, CancellationToken cancellationToken)
    {
        Dataset pool = Asker.GetPool(Name, oracle, context);
        InputBounds bounds = Asker.GetBounds(Name, Bounds, oracle, context);
        if (pool.Count < Seeds)
        {
            throw new ArgumentException($"The strategy '{Name}' starts from {Seeds} rows, and '{pool.Name}' has {pool.Count}: lower Seeds or bring more rows.", nameof(context));
        }

        SeededRandom random = new(context.Seed, stream: 18);
        Asker asker = new(oracle, context);
        await asker.AskAsync(pool.Select(random.Choose(pool.Count, Seeds)).Values, cancellationToken).ConfigureAwait(false);
        for (int round = 0; asker.Remaining > 0 && asker.Transcript.Count > 0; round++)
        {
            Surrogate copy = asker.TrainCopy(cancellationToken);
            int children = Kind == JbdaKind.Untargeted ? 1 : TargetCount;
            int count = round < FullRounds ? asker.Transcript.Count : Math.Min(Reservoir, asker.Transcript.Count);
            count = Math.Min(count, ((asker.Remaining - 1) / children) + 1);
            int[] parents = random.Choose(asker.Transcript.Count, count);
            for (int child = 0; child < children; child++)
            {
                float[] rows = CreateChildren(asker.Transcript, parents, child, round, copy, bounds, ref random);
                await asker.AskAsync(rows, cancellationToken).ConfigureAwait(false);
            }
        }

        return asker.Transcript;
    }

    private float[] CreateChildren(
        Transcript transcript, int[] parents, int child, int round, Surrogate copy, InputBounds bounds, ref SeededRandom random)
    {
        int width = transcript.InputLength;
        int classes = transcript.AnswerLength;
        float[] rows = new float[parents.Length * width];
        float[] targets = new float[parents.Length * classes];
        for (int i = 0; i < parents.Length; i++)
        {
            transcript.Inputs.Slice(parents[i] * width, width).CopyTo(rows.AsSpan(i * width));
            targets[(i * classes) + TensorPrimitives.IndexOfMax(transcript.Answers.Slice(parents[i] * classes, classes))] = 1;
        }

        float[] gradient = new float[rows.Length];
        if (Kind == JbdaKind.Untargeted)
        {
            copy.GetInputGradient(rows, targets, gradient);
            Move(rows, gradient, round / SignPeriod % 2 == 0 ? Step : -Step, bounds);
            return rows;
        }

        float[] origins = [.. rows];
        if (Kind == JbdaKind.Top)
        {
            RankTargets(rows, targets, child, copy);
        }

        for (int iteration = 0; iteration < Iterations; iteration++)
        {
            if (Kind == JbdaKind.Random)
            {
                targets.AsSpan().Clear();
                for (int at = 0; at < targets.Length; at += classes)
                {
                    targets[at + random.NextInt32(classes)] = 1;
                }
            }

            copy.GetInputGradient(rows, targets, gradient);
            Move(rows, gradient, -1.85f * Step / Iterations, bounds);
            Project(rows, origins, bounds);
        }

        return rows;
    }

    /// <summary>Replaces each one-hot label by the class that the copy ranks at a place behind it.</summary>
    private static void RankTargets(ReadOnlySpan<float> rows, Span<float> targets, int place, Surrogate copy)
    {
        int classes = copy.ClassCount;
        float[] probabilities = new float[targets.Length];
        copy.Classify(rows, probabilities);
        int[] order = new int[classes];
        for (int at = 0; at < targets.Length; at += classes)
        {
            Span<float> target = targets.Slice(at, classes);
            int label = target.IndexOf(1f);
            for (int i = 0; i < classes; i++)
            {
                order[i] = i;
            }

            // The label comes last, so that places count the other classes; with fewer of them than places, the last is taken again.
            probabilities[at + label] = float.NegativeInfinity;
            Array.Sort(order, (left, right) => probabilities[at + left] != probabilities[at + right]
                ? probabilities[at + right].CompareTo(probabilities[at + left])
                : left.CompareTo(right));
            target[label] = 0;
            target[order[Math.Clamp(place, 0, Math.Max(0, classes - 2))]] = 1;
        }
    }

    /// <summary>Moves each value along the sign of its gradient, by a share of its bounds.</summary>
    private static void Move(Span<float> rows, ReadOnlySpan<float> gradient, float step, InputBounds bounds)
    {
        ReadOnlySpan<float> low = bounds.Minimum.Span;
        ReadOnlySpan<float> high = bounds.Maximum.Span;
        for (int at = 0; at < rows.Length; at += bounds.Width)
        {
            Span<float> row = rows.Slice(at, bounds.Width);
            for (int i = 0; i < row.Length; i++)
            {
                float slope = gradient[at + i];
                row[i] += slope > 0 ? step * (high[i] - low[i]) : slope < 0 ? -step * (high[i] - low[i]) : 0;
            }

            bounds.Clip(row);
        }
    }

    /// <summary>Takes rows back to the box around where they started.</summary>
    private void Project(Span<float> rows, ReadOnlySpan<float> origins, InputBounds bounds)
    {
        for (int i = 0; i < rows.Length; i++)
        {
            float reach = Step * (bounds.Maximum.Span[i % bounds.Width] - bounds.Minimum.Span[i % bounds.Width]);
            rows[i] = Math.Clamp(rows[i], origins[i] - reach, origins[i] + reach);
        }
    }
}
