namespace InferenceShield.Lab;

/// <summary>Hides an attack among benign queries: a share of all queries are benign rows in random places, their answers dropped.</summary>
/// <remarks>They are queries and cost budget: a theft takes 1 / (1 - share) times as many. What looks at all of a caller's queries
/// together sees a mixture. Not thread-safe.</remarks>
public sealed class BenignPaddingOracle : IOracle
{
    private readonly IOracle _oracle;
    private readonly CoverTraffic _cover;
    private readonly double _perRow;
    private double _owed;

    /// <summary>Puts padding before an oracle.</summary>
    /// <param name="oracle">The oracle.</param>
    /// <param name="benign">Benign rows; asked in random order, each once before any comes again.</param>
    /// <param name="share">The share of benign rows in all queries, 0 to 0.99. Kept exactly up to one row, however batches fall.</param>
    /// <param name="seed">Rows and places follow from it.</param>
    /// <exception cref="ArgumentException">The benign rows do not fit the model, or are none.</exception>
    public BenignPaddingOracle(IOracle oracle, Dataset benign, double share, ulong seed)
    {
        _cover = new CoverTraffic(oracle, benign, seed);
        _oracle = oracle;
        _perRow = share is >= 0 and <= 0.99
            ? share / (1 - share)
            : throw new ArgumentOutOfRangeException(nameof(share), share, "The share of benign rows is 0 to 0.99.");
    }

    /// <inheritdoc/>
    public int InputLength => _oracle.InputLength;

    /// <inheritdoc/>
    public int AnswerLength => _oracle.AnswerLength;

    /// <inheritdoc/>
    public TimeProvider Time => _oracle.Time;

    /// <inheritdoc/>
    public ValueTask<OracleReply> AskAsync(ReadOnlyMemory<float> inputs, Memory<float> answers, CancellationToken cancellationToken)
    {
        int rows = inputs.Length / InputLength;
        _owed += rows * _perRow;
        int cover = (int)_owed;
        _owed -= cover;
        return _cover.AskAsync(inputs, answers, _cover.Mix(rows, cover), cancellationToken);
    }
}
