namespace InferenceShield.Lab;

/// <summary>Asks refused rows again, after the wait that the refusal names, until they are answered.</summary>
/// <remarks>Waits on the oracle's own clock: with a <see cref="SimulatedTimeProvider"/> the theft of a rate-limited model ends at
/// once, and the meter tells how long it would have taken. As long as waiting brings no row, each wait is at least twice the one
/// before, so it ends with every oracle.</remarks>
public sealed class RetryOracle : IOracle
{
    /// <summary>The first wait where a refusal names none.</summary>
    private static readonly TimeSpan s_unnamedWait = TimeSpan.FromSeconds(1);

    private readonly IOracle _oracle;
    private readonly TimeSpan _longestWait;

    /// <summary>Puts patience before an oracle.</summary>
    /// <param name="oracle">The oracle.</param>
    /// <param name="longestWait">The longest wait it takes upon itself; rows that would need a longer one stay refused.
    /// <see langword="null"/> for 31 days, which outlasts a monthly quota.</param>
    public RetryOracle(IOracle oracle, TimeSpan? longestWait = null)
    {
        ArgumentNullException.ThrowIfNull(oracle);
        ArgumentOutOfRangeException.ThrowIfLessThan(longestWait ?? TimeSpan.Zero, TimeSpan.Zero, nameof(longestWait));
        _oracle = oracle;
        _longestWait = longestWait ?? TimeSpan.FromDays(31);
    }

    /// <inheritdoc/>
    public int InputLength => _oracle.InputLength;

    /// <inheritdoc/>
    public int AnswerLength => _oracle.AnswerLength;

    /// <inheritdoc/>
    public TimeProvider Time => _oracle.Time;

    /// <inheritdoc/>
    /// <returns>As the oracle's last reply; <see cref="OracleReply.Delay"/> holds the waits, too.</returns>
    public async ValueTask<OracleReply> AskAsync(ReadOnlyMemory<float> inputs, Memory<float> answers, CancellationToken cancellationToken)
    {
        int rows = inputs.Length / InputLength;
        int answered = 0;
        TimeSpan delay = TimeSpan.Zero;
        TimeSpan fruitless = TimeSpan.Zero;
        while (true)
        {
            OracleReply reply = await _oracle.AskAsync(inputs[(answered * InputLength)..], answers[(answered * AnswerLength)..], cancellationToken).ConfigureAwait(false);
            answered += reply.Answered;
            delay += reply.Delay;
            fruitless = reply.Answered > 0 ? TimeSpan.Zero : fruitless;
            TimeSpan wait = reply.RetryAfter > TimeSpan.Zero ? reply.RetryAfter : s_unnamedWait;
            wait = wait < 2 * fruitless ? 2 * fruitless : wait;
            if (answered == rows || !reply.WaitingHelps || wait > _longestWait)
            {
                return reply with { Answered = answered, Delay = delay };
            }

            await Time.WaitAsync(wait, cancellationToken).ConfigureAwait(false);
            delay += wait;
            fruitless = wait;
        }
    }
}
