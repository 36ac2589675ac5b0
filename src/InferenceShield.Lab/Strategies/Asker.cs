namespace InferenceShield.Lab;

/// <summary>Asks an oracle until a budget is spent, and keeps what was answered.</summary>
internal sealed class Asker
{
    /// <summary>Rows that are asked at once. Of rows beyond it, the answered ones need not be the first ones.</summary>
    public const int Batch = 256;

    private readonly IOracle _oracle;
    private readonly QueryContext _context;
    private readonly float[] _answers;

    public Asker(IOracle oracle, QueryContext context)
    {
        _oracle = oracle;
        _context = context;
        _answers = new float[Batch * oracle.AnswerLength];
        Transcript = new Transcript(oracle.InputLength, oracle.AnswerLength);
        Remaining = context.Budget;
    }

    public Transcript Transcript { get; }

    /// <summary>Queries that are left. A refused row has been spent like an answered one.</summary>
    public int Remaining { get; private set; }

    /// <summary>The pool of a strategy that cannot do without one.</summary>
    public static Dataset GetPool(string strategy, IOracle oracle, QueryContext context)
    {
        ArgumentNullException.ThrowIfNull(oracle);
        ArgumentNullException.ThrowIfNull(context);
        Dataset pool = context.Pool ?? throw new ArgumentException($"The strategy '{strategy}' asks inputs of a pool, and there is none.", nameof(context));
        CheckWidth(pool, oracle);
        return pool.Count > 0 ? pool : throw new ArgumentException($"The strategy '{strategy}' asks inputs of a pool, and '{pool.Name}' has no rows.", nameof(context));
    }

    /// <summary>The bounds that a strategy was given, else those of the pool.</summary>
    public static InputBounds GetBounds(string strategy, InputBounds? bounds, IOracle oracle, QueryContext context)
    {
        ArgumentNullException.ThrowIfNull(oracle);
        ArgumentNullException.ThrowIfNull(context);
        if (bounds is null)
        {
            Dataset pool = context.Pool ?? throw new ArgumentException($"The strategy '{strategy}' needs bounds of the inputs, or a pool to take them from.", nameof(context));
            CheckWidth(pool, oracle);
            return InputBounds.OfRows(pool);
        }

        return bounds.Width == oracle.InputLength
            ? bounds
            : throw new ArgumentException($"The strategy '{strategy}' has bounds of {bounds.Width} features; the model takes {oracle.InputLength}.", nameof(context));
    }

    /// <summary>Asks rows, as many as the budget still allows, and returns how many were answered.</summary>
    public async ValueTask<int> AskAsync(ReadOnlyMemory<float> rows, CancellationToken cancellationToken)
    {
        int width = _oracle.InputLength;
        int count = Math.Min(rows.Length / width, Remaining);
        int answered = 0;
        for (int first = 0; first < count; first += Batch)
        {
            ReadOnlyMemory<float> batch = rows.Slice(first * width, Math.Min(Batch, count - first) * width);
            OracleReply reply = await _oracle.AskAsync(batch, _answers, cancellationToken).ConfigureAwait(false);
            Remaining -= batch.Length / width;
            RequireFinite(_answers.AsSpan(0, reply.Answered * _oracle.AnswerLength));
            Transcript.Add(batch.Span[..(reply.Answered * width)], _answers.AsSpan(0, reply.Answered * _oracle.AnswerLength));
            answered += reply.Answered;
        }

        return answered;
    }

    /// <summary>A label read off NaN is class 0, and a copy of that would look like a model that cannot be stolen.</summary>
    private void RequireFinite(ReadOnlySpan<float> answers)
    {
        for (int i = 0; i < answers.Length; i++)
        {
            if (!float.IsFinite(answers[i]))
            {
                throw new OracleException($"The answer to query {Transcript.Count + (i / _oracle.AnswerLength) + 1} is not finite at value {i % _oracle.AnswerLength}. Repair the oracle; its answers cannot be learned from.");
            }
        }
    }

    /// <summary>Trains a copy on all answers so far, as they came.</summary>
    public Surrogate TrainCopy(CancellationToken cancellationToken) =>
        SurrogateTrainer.Train(
            Transcript.Inputs, Transcript.Answers, Transcript.InputLength, Transcript.AnswerLength, _context.Surrogate, _context.Seed, _context.Threads, cancellationToken);

    private static void CheckWidth(Dataset pool, IOracle oracle)
    {
        if (pool.Width != oracle.InputLength)
        {
            throw new ArgumentException($"Rows of '{pool.Name}' have {pool.Width} values; the model takes {oracle.InputLength}.", nameof(pool));
        }
    }
}
