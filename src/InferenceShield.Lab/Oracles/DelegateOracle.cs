namespace InferenceShield.Lab;

/// <summary>Any function as an oracle.</summary>
public sealed class DelegateOracle : IOracle
{
    private readonly Action<ReadOnlyMemory<float>, Memory<float>> _answer;

    /// <summary>Wraps a function that answers every row.</summary>
    /// <param name="inputLength">Values in a row of input, at least 1.</param>
    /// <param name="answerLength">Values in an answer, at least 1.</param>
    /// <param name="answer">Takes rows of input and fills as many answers.</param>
    public DelegateOracle(int inputLength, int answerLength, Action<ReadOnlyMemory<float>, Memory<float>> answer)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(inputLength, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(answerLength, 1);
        ArgumentNullException.ThrowIfNull(answer);
        InputLength = inputLength;
        AnswerLength = answerLength;
        _answer = answer;
    }

    /// <inheritdoc/>
    public int InputLength { get; }

    /// <inheritdoc/>
    public int AnswerLength { get; }

    /// <inheritdoc/>
    public ValueTask<OracleReply> AskAsync(ReadOnlyMemory<float> inputs, Memory<float> answers, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _answer(inputs, answers);
        return ValueTask.FromResult(new OracleReply(inputs.Length / InputLength));
    }
}
