using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Asks every row several times and hands on the mean of the answers: what takes fresh noise away.</summary>
/// <remarks>
/// <para>Costs as many queries a row as it repeats. Put between an attack and its oracle by <see cref="Attack.Through"/>, it has the
/// attack end after that much fewer rows of the same budget.</para>
/// <para>Copies of a row are asked one after another, in batches no larger than the one it was given. Where the oracle refuses, the
/// rows before have all their answers, the one it refused within has the mean of those it got, and the rest none.</para>
/// </remarks>
public sealed class AveragingOracle : IOracle
{
    private readonly IOracle _oracle;
    private readonly int _repeats;
    private readonly float[] _noise;
    private readonly bool _countsLabels;
    private readonly ulong _seed;
    private long _asked;

    private AveragingOracle(IOracle oracle, int repeats, float[] noise, bool countsLabels, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(oracle);
        ArgumentOutOfRangeException.ThrowIfLessThan(repeats, 1);
        _oracle = oracle;
        _repeats = repeats;
        _noise = noise;
        _countsLabels = countsLabels;
        _seed = seed;
    }

    /// <inheritdoc/>
    public int InputLength => _oracle.InputLength;

    /// <inheritdoc/>
    public int AnswerLength => _oracle.AnswerLength;

    /// <inheritdoc/>
    public TimeProvider Time => _oracle.Time;

    /// <summary>Asks the same row again and again.</summary>
    /// <param name="oracle">The model under attack.</param>
    /// <param name="repeats">Queries a row, at least 1.</param>
    /// <param name="countsLabels">Whether answers are counted by label (their shares of the vote) instead of averaged.</param>
    public static AveragingOracle OverRepeats(IOracle oracle, int repeats, bool countsLabels = false) => new(oracle, repeats, [], countsLabels, 0);

    /// <summary>Asks a row and then copies of it with normal noise on every value: ModelGuard's smoothing, on inputs of any kind.</summary>
    /// <param name="oracle">The model under attack.</param>
    /// <param name="repeats">Queries a row, at least 1; the first is the row as it is.</param>
    /// <param name="noise">Standard deviation of the noise, in standard deviations of the same value over the pool; 0 or more.</param>
    /// <param name="pool">Inputs that tell how far each value spreads.</param>
    /// <param name="seed">The noise follows from it and from the number of rows asked before.</param>
    /// <param name="countsLabels">Whether answers are counted by label (their shares of the vote) instead of averaged.</param>
    /// <exception cref="ArgumentException">The pool does not fit the oracle, or is empty.</exception>
    public static AveragingOracle OverNearRepeats(IOracle oracle, int repeats, double noise, Dataset pool, ulong seed, bool countsLabels = false)
    {
        ArgumentNullException.ThrowIfNull(oracle);
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentOutOfRangeException.ThrowIfNegative(noise);
        if (pool.Width != oracle.InputLength || pool.Count == 0)
        {
            throw new ArgumentException($"'{pool.Name}' has {pool.Count} rows of {pool.Width} values; the model takes rows of {oracle.InputLength}, and the spread takes at least one.", nameof(pool));
        }

        return new(oracle, repeats, Spread(pool, noise), countsLabels, seed);
    }

    /// <inheritdoc/>
    public async ValueTask<OracleReply> AskAsync(ReadOnlyMemory<float> inputs, Memory<float> answers, CancellationToken cancellationToken)
    {
        int rows = inputs.Length / InputLength;
        float[] copies = new float[rows * InputLength];
        float[] copyAnswers = new float[rows * AnswerLength];
        answers.Span[..(rows * AnswerLength)].Clear();
        int total = rows * _repeats;
        int answered = 0;
        int reached = 0;
        TimeSpan delay = default;
        OracleReply last = new(0);
        while (answered < total)
        {
            int count = Math.Min(rows, total - answered);
            Copy(inputs.Span, answered, copies.AsSpan(0, count * InputLength));
            last = await _oracle.AskAsync(copies.AsMemory(0, count * InputLength), copyAnswers, cancellationToken).ConfigureAwait(false);
            Add(copyAnswers.AsSpan(0, last.Answered * AnswerLength), answered, answers.Span);
            answered += last.Answered;
            reached += count - last.Unasked;
            delay += last.Delay;
            if (last.Answered < count)
            {
                break;
            }
        }

        _asked += rows;
        (int complete, int rest) = Math.DivRem(answered, _repeats);
        // A row has been asked where one of its copies has.
        int heard = complete + (rest > 0 ? 1 : 0);
        return new OracleReply(heard, last.RetryAfter, delay, rows - ((reached + _repeats - 1) / _repeats), last.WaitingHelps);
    }

    /// <summary>Standard deviations of each value over the pool, times the noise.</summary>
    private static float[] Spread(Dataset pool, double noise)
    {
        double[] sums = new double[pool.Width];
        double[] squares = new double[pool.Width];
        for (int row = 0; row < pool.Count; row++)
        {
            ReadOnlySpan<float> values = pool.GetRow(row);
            for (int i = 0; i < values.Length; i++)
            {
                sums[i] += values[i];
                squares[i] += (double)values[i] * values[i];
            }
        }

        float[] spread = new float[pool.Width];
        for (int i = 0; i < spread.Length; i++)
        {
            double mean = sums[i] / pool.Count;
            spread[i] = (float)(noise * Math.Sqrt(Math.Max(0, (squares[i] / pool.Count) - (mean * mean))));
        }

        return spread;
    }

    /// <summary>Writes the copies from the <paramref name="first"/> on; those of one row follow one another.</summary>
    private void Copy(ReadOnlySpan<float> inputs, int first, Span<float> copies)
    {
        for (int at = 0; at < copies.Length; at += InputLength)
        {
            (int row, int repeat) = Math.DivRem(first + (at / InputLength), _repeats);
            Span<float> copy = copies.Slice(at, InputLength);
            inputs.Slice(row * InputLength, InputLength).CopyTo(copy);
            if (repeat > 0 && _noise.Length > 0)
            {
                SeededRandom random = new(_seed, (ulong)(((_asked + row) * _repeats) + repeat));
                for (int i = 0; i < copy.Length; i++)
                {
                    copy[i] += _noise[i] * (float)random.NextGaussian();
                }
            }
        }
    }

    /// <summary>Takes the answers to the copies from the <paramref name="first"/> on into the means of their rows. The mean of equal answers is that answer, to the bit.</summary>
    private void Add(ReadOnlySpan<float> copyAnswers, int first, Span<float> means)
    {
        float[] change = new float[AnswerLength];
        for (int at = 0; at < copyAnswers.Length; at += AnswerLength)
        {
            ReadOnlySpan<float> answer = copyAnswers.Slice(at, AnswerLength);
            (int row, int repeat) = Math.DivRem(first + (at / AnswerLength), _repeats);
            Span<float> mean = means.Slice(row * AnswerLength, AnswerLength);
            if (_countsLabels)
            {
                change.AsSpan().Clear();
                change[TensorPrimitives.IndexOfMax(answer)] = 1f;
                answer = change;
            }

            // mean += (answer - mean) / heard
            TensorPrimitives.Subtract(answer, mean, change);
            TensorPrimitives.Divide(change, repeat + 1, change);
            TensorPrimitives.Add(mean, change, mean);
        }
    }
}
