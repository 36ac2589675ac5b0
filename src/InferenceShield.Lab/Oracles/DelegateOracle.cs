namespace InferenceShield.Lab;

/// <summary>Any function as an oracle.</summary>
public sealed class DelegateOracle : IOracle
{
    private readonly Func<ReadOnlyMemory<float>, Memory<float>, CancellationToken, ValueTask<OracleReply>> _ask;

    /// <summary>Wraps a function that answers every row.</summary>
    /// <param name="inputLength">Values in a row of input, at least 1.</param>
    /// <param name="answerLength">Values in an answer, at least 1.</param>
    /// <param name="answer">Takes rows of input and fills as many answers; it is given room for just these.</param>
    public DelegateOracle(int inputLength, int answerLength, Action<ReadOnlyMemory<float>, Memory<float>> answer)
        : this(inputLength, answerLength, AnswerAll(answer, inputLength, answerLength))
    {
    }

    /// <summary>Wraps a function that may wait, and may refuse.</summary>
    /// <param name="inputLength">Values in a row of input, at least 1.</param>
    /// <param name="answerLength">Values in an answer, at least 1.</param>
    /// <param name="ask">As <see cref="IOracle.AskAsync"/>.</param>
    /// <param name="time">The clock by which it refuses; <see langword="null"/> for <see cref="TimeProvider.System"/>.</param>
    public DelegateOracle(
        int inputLength, int answerLength, Func<ReadOnlyMemory<float>, Memory<float>, CancellationToken, ValueTask<OracleReply>> ask, TimeProvider? time = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(inputLength, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(answerLength, 1);
        ArgumentNullException.ThrowIfNull(ask);
        InputLength = inputLength;
        AnswerLength = answerLength;
        Time = time ?? TimeProvider.System;
        _ask = ask;
    }

    /// <inheritdoc/>
    public int InputLength { get; }

    /// <inheritdoc/>
    public int AnswerLength { get; }

    /// <inheritdoc/>
    public TimeProvider Time { get; }

    /// <inheritdoc/>
    public ValueTask<OracleReply> AskAsync(ReadOnlyMemory<float> inputs, Memory<float> answers, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return _ask(inputs, answers, cancellationToken);
    }

    private static Func<ReadOnlyMemory<float>, Memory<float>, CancellationToken, ValueTask<OracleReply>> AnswerAll(
        Action<ReadOnlyMemory<float>, Memory<float>> answer, int inputLength, int answerLength)
    {
        ArgumentNullException.ThrowIfNull(answer);
        return (inputs, answers, _) =>
        {
            int rows = inputs.Length / inputLength;
            answer(inputs, answers[..(rows * answerLength)]); // askers keep one buffer, which is longer than a last batch
            return ValueTask.FromResult(new OracleReply(rows));
        };
    }
}
