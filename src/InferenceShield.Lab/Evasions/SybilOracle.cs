namespace InferenceShield.Lab;

/// <summary>Spreads an attack over many callers, in turn.</summary>
/// <remarks>A caller who was refused is left alone for as long as the refusal says, and for ever if waiting does not help. The
/// refused rows end the batch: put a <see cref="RetryOracle"/> around it, which asks the next caller. Not thread-safe.</remarks>
public sealed class SybilOracle : IOracle
{
    private readonly IOracle[] _callers;
    private readonly DateTimeOffset[] _notBefore;
    private readonly int _rowsPerTurn;
    private int _next;

    /// <summary>Joins callers.</summary>
    /// <param name="callers">One oracle for each caller, at least one, all of the same model and clock.</param>
    /// <param name="rowsPerTurn">Rows that one caller asks before it is the next one's turn, at least 1.</param>
    /// <exception cref="ArgumentException">There are no callers, or their models differ in shape.</exception>
    public SybilOracle(IReadOnlyList<IOracle> callers, int rowsPerTurn = 32)
    {
        ArgumentNullException.ThrowIfNull(callers);
        ArgumentOutOfRangeException.ThrowIfLessThan(rowsPerTurn, 1);
        _callers = [.. callers];
        if (_callers.Length == 0 || Array.Exists(_callers, caller => caller.InputLength != _callers[0].InputLength || caller.AnswerLength != _callers[0].AnswerLength))
        {
            throw new ArgumentException("Give at least one caller, and callers of one model.", nameof(callers));
        }

        _notBefore = new DateTimeOffset[_callers.Length];
        _rowsPerTurn = rowsPerTurn;
    }

    /// <inheritdoc/>
    public int InputLength => _callers[0].InputLength;

    /// <inheritdoc/>
    public int AnswerLength => _callers[0].AnswerLength;

    /// <inheritdoc/>
    public TimeProvider Time => _callers[0].Time;

    /// <inheritdoc/>
    /// <returns>After a refusal, <see cref="OracleReply.RetryAfter"/> is the time until one of the callers may ask, at least a millisecond.</returns>
    public async ValueTask<OracleReply> AskAsync(ReadOnlyMemory<float> inputs, Memory<float> answers, CancellationToken cancellationToken)
    {
        int rows = inputs.Length / InputLength;
        TimeSpan delay = TimeSpan.Zero;
        for (int asked = 0; asked < rows;)
        {
            if (TakeTurn() is not { } caller)
            {
                return Refusal(asked, delay, rows - asked);
            }

            int count = Math.Min(_rowsPerTurn, rows - asked);
            OracleReply reply = await _callers[caller].AskAsync(
                inputs.Slice(asked * InputLength, count * InputLength), answers.Slice(asked * AnswerLength, count * AnswerLength), cancellationToken).ConfigureAwait(false);
            delay += reply.Delay;
            if (reply.Answered < count)
            {
                _notBefore[caller] = reply.WaitingHelps ? Time.GetUtcNow() + reply.RetryAfter : DateTimeOffset.MaxValue;
                return Refusal(asked + reply.Answered, delay, reply.Unasked + rows - asked - count);
            }

            asked += count;
        }

        return new OracleReply(rows, Delay: delay);
    }

    /// <summary>The next caller in turn who may ask; null if none may.</summary>
    private int? TakeTurn()
    {
        DateTimeOffset now = Time.GetUtcNow();
        for (int i = 0; i < _callers.Length; i++)
        {
            int caller = (_next + i) % _callers.Length;
            if (_notBefore[caller] <= now)
            {
                _next = (caller + 1) % _callers.Length;
                return caller;
            }
        }

        return null;
    }

    private OracleReply Refusal(int answered, TimeSpan delay, int unasked)
    {
        DateTimeOffset soonest = _notBefore.Min();
        TimeSpan wait = soonest - Time.GetUtcNow();
        TimeSpan least = TimeSpan.FromMilliseconds(1); // zero would say that nothing was said
        return soonest == DateTimeOffset.MaxValue
            ? new OracleReply(answered, default, delay, unasked, WaitingHelps: false)
            : new OracleReply(answered, wait > least ? wait : least, delay, unasked);
    }
}
