namespace InferenceShield.Lab;

/// <summary>Puts every row of an attack between benign ones, so that no two of its rows are neighbours in the caller's sequence.</summary>
/// <remarks>Against detectors that compare a query with those right before it. Benign rows are queries and cost budget. Not thread-safe.</remarks>
public sealed class SandwichOracle : IOracle
{
    private readonly IOracle _oracle;
    private readonly CoverTraffic _cover;
    private readonly int _between;

    /// <summary>Puts sandwiches before an oracle.</summary>
    /// <param name="oracle">The oracle.</param>
    /// <param name="benign">Benign rows; asked in random order, each once before any comes again.</param>
    /// <param name="between">Benign rows between two of the attack, at least 1; as many go before the first and after the last of a batch.</param>
    /// <param name="seed">The order of benign rows follows from it.</param>
    /// <exception cref="ArgumentException">The benign rows do not fit the model, or are none.</exception>
    public SandwichOracle(IOracle oracle, Dataset benign, int between, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(between, 1);
        _cover = new CoverTraffic(oracle, benign, seed);
        _oracle = oracle;
        _between = between;
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
        bool[] isCover = new bool[rows == 0 ? 0 : (rows * (_between + 1)) + _between];
        for (int i = 0; i < isCover.Length; i++)
        {
            isCover[i] = i % (_between + 1) != _between;
        }

        return _cover.AskAsync(inputs, answers, isCover, cancellationToken);
    }
}
