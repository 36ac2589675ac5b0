namespace InferenceShield.Lab;

/// <summary>What an exact attack asks: rows in, distributions out, in double precision.</summary>
/// <remarks>An <see cref="IOracle"/> speaks single precision, which is enough for linear models, trees and small hidden layers. Answers are
/// distributions over classes; whoever has logits passes their softmax, computed in double. Not thread-safe.</remarks>
public sealed class DoubleOracle
{
    private readonly Func<ReadOnlyMemory<double>, Memory<double>, CancellationToken, ValueTask<int>> _ask;

    /// <summary>Wraps a function that answers every row.</summary>
    /// <param name="inputLength">Values in a row of input, at least 1.</param>
    /// <param name="answerLength">Classes, at least 2.</param>
    /// <param name="answer">Takes rows of input and fills as many distributions.</param>
    public DoubleOracle(int inputLength, int answerLength, Action<ReadOnlyMemory<double>, Memory<double>> answer)
        : this(inputLength, answerLength, (inputs, answers, _) =>
        {
            answer(inputs, answers);
            return ValueTask.FromResult(inputs.Length / inputLength);
        })
    {
        ArgumentNullException.ThrowIfNull(answer);
    }

    private DoubleOracle(int inputLength, int answerLength, Func<ReadOnlyMemory<double>, Memory<double>, CancellationToken, ValueTask<int>> ask)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(inputLength, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(answerLength, 2);
        InputLength = inputLength;
        AnswerLength = answerLength;
        _ask = ask;
    }

    /// <summary>Values in a row of input.</summary>
    public int InputLength { get; }

    /// <summary>Classes.</summary>
    public int AnswerLength { get; }

    /// <summary>An oracle in single precision: inputs are rounded to it on the way in.</summary>
    /// <param name="oracle">Answers with distributions; or with one value, the probability of the second of two classes.</param>
    public static DoubleOracle Of(IOracle oracle)
    {
        ArgumentNullException.ThrowIfNull(oracle);
        int length = oracle.AnswerLength;
        return new DoubleOracle(oracle.InputLength, Math.Max(length, 2), async (inputs, answers, cancellationToken) =>
        {
            float[] rows = new float[inputs.Length];
            System.Numerics.Tensors.TensorPrimitives.ConvertTruncating(inputs.Span, rows);
            float[] replies = new float[inputs.Length / oracle.InputLength * length];
            OracleReply reply = await oracle.AskAsync(rows, replies, cancellationToken).ConfigureAwait(false);
            for (int i = 0; i < reply.Answered * length; i++)
            {
                if (length > 1)
                {
                    answers.Span[i] = replies[i];
                }
                else
                {
                    answers.Span[2 * i] = 1.0 - replies[i];
                    answers.Span[(2 * i) + 1] = replies[i];
                }
            }

            return reply.Answered;
        });
    }

    /// <summary>Asks rows; returns how many were answered, counted from the first.</summary>
    internal ValueTask<int> AskAsync(ReadOnlyMemory<double> inputs, Memory<double> answers, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return _ask(inputs, answers, cancellationToken);
    }
}
