namespace InferenceShield.Lab;

/// <summary>Lets no more queries through than a budget holds, whatever is asked of it.</summary>
/// <remarks>Refused queries count, for the defender has seen them; rows that never reached the model do not. When the budget is
/// spent, rows are neither asked nor answered, and the reply says that waiting does not help.</remarks>
public sealed class BudgetOracle : IOracle
{
    private readonly IOracle _oracle;

    /// <summary>Puts a budget before an oracle.</summary>
    /// <param name="oracle">The oracle.</param>
    /// <param name="budget">Queries that may reach it, not negative.</param>
    public BudgetOracle(IOracle oracle, int budget)
    {
        ArgumentNullException.ThrowIfNull(oracle);
        ArgumentOutOfRangeException.ThrowIfNegative(budget);
        _oracle = oracle;
        Remaining = budget;
    }

    /// <summary>Queries that may still be asked.</summary>
    public int Remaining { get; private set; }

    /// <inheritdoc/>
    public int InputLength => _oracle.InputLength;

    /// <inheritdoc/>
    public int AnswerLength => _oracle.AnswerLength;

    /// <inheritdoc/>
    public TimeProvider Time => _oracle.Time;

    /// <inheritdoc/>
    public async ValueTask<OracleReply> AskAsync(ReadOnlyMemory<float> inputs, Memory<float> answers, CancellationToken cancellationToken)
    {
        int rows = inputs.Length / InputLength;
        int asked = Math.Min(rows, Remaining);
        if (asked == 0)
        {
            return new OracleReply(0, Unasked: rows, WaitingHelps: rows == 0);
        }

        Remaining -= asked; // first: a query that fails has been seen all the same
        OracleReply reply = await _oracle.AskAsync(inputs[..(asked * InputLength)], answers, cancellationToken).ConfigureAwait(false);
        Remaining += reply.Unasked;
        return reply with { Unasked = reply.Unasked + rows - asked, WaitingHelps = reply.WaitingHelps && (Remaining > 0 || reply.Answered == rows) };
    }
}
