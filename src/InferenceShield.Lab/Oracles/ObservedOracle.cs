namespace InferenceShield.Lab;

/// <summary>Shows an observer what one caller asks of an oracle.</summary>
/// <remarks>Put it next to the model, below evasions and retries: then every row that the defender sees is seen.</remarks>
public sealed class ObservedOracle : IOracle
{
    private readonly IOracle _oracle;
    private readonly string _caller;
    private readonly IQueryObserver _observer;

    /// <summary>Puts an observer before an oracle.</summary>
    /// <param name="oracle">The oracle.</param>
    /// <param name="caller">Who asks: a name for records, never a key.</param>
    /// <param name="observer">Sees every batch.</param>
    public ObservedOracle(IOracle oracle, string caller, IQueryObserver observer)
    {
        ArgumentNullException.ThrowIfNull(oracle);
        ArgumentException.ThrowIfNullOrEmpty(caller);
        ArgumentNullException.ThrowIfNull(observer);
        _oracle = oracle;
        _caller = caller;
        _observer = observer;
    }

    /// <inheritdoc/>
    public int InputLength => _oracle.InputLength;

    /// <inheritdoc/>
    public int AnswerLength => _oracle.AnswerLength;

    /// <inheritdoc/>
    public TimeProvider Time => _oracle.Time;

    /// <inheritdoc/>
    public async ValueTask<OracleReply> AskAsync(ReadOnlyMemory<float> inputs, Memory<float> answers, CancellationToken cancellationToken)
    {
        DateTimeOffset asked = Time.GetUtcNow();
        OracleReply reply = await _oracle.AskAsync(inputs, answers, cancellationToken).ConfigureAwait(false);
        ObservedBatch batch = new(
            _caller,
            asked,
            Time.GetUtcNow(),
            inputs.Span[..^(reply.Unasked * InputLength)],
            InputLength,
            answers.Span[..(reply.Answered * AnswerLength)],
            in reply);
        _observer.Observe(in batch);
        return reply;
    }
}
