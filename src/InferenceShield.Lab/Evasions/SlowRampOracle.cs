namespace InferenceShield.Lab;

/// <summary>Asks one row at a time, slowly at first and faster by and by, so that a moving baseline moves along.</summary>
/// <remarks>Waits on the oracle's clock: the intervals shrink geometrically from the first to the last, and each is drawn from the
/// exponential distribution around its mean, as arrivals of honest callers are. A row that is refused ends the batch. Not thread-safe.</remarks>
public sealed class SlowRampOracle : IOracle
{
    private readonly IOracle _oracle;
    private readonly TimeSpan _first;
    private readonly double _ratio;
    private readonly int _rampQueries;
    private SeededRandom _random;
    private int _asked;

    /// <summary>Puts a slow ramp before an oracle.</summary>
    /// <param name="oracle">The oracle.</param>
    /// <param name="first">Mean interval before the first query, more than zero.</param>
    /// <param name="last">Mean interval when the ramp is over, more than zero and not more than <paramref name="first"/>. Equal for an even pace.</param>
    /// <param name="rampQueries">Queries until then, at least 1.</param>
    /// <param name="seed">The intervals follow from it.</param>
    public SlowRampOracle(IOracle oracle, TimeSpan first, TimeSpan last, int rampQueries, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(oracle);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(last, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(first, last);
        ArgumentOutOfRangeException.ThrowIfLessThan(rampQueries, 1);
        _oracle = oracle;
        _first = first;
        _ratio = last / first;
        _rampQueries = rampQueries;
        _random = new SeededRandom(seed, stream: 12);
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
        int rows = inputs.Length / InputLength;
        TimeSpan delay = TimeSpan.Zero;
        for (int row = 0; row < rows; row++)
        {
            await Time.WaitAsync(NextInterval(), cancellationToken).ConfigureAwait(false);
            OracleReply reply = await _oracle.AskAsync(
                inputs.Slice(row * InputLength, InputLength), answers.Slice(row * AnswerLength, AnswerLength), cancellationToken).ConfigureAwait(false);
            delay += reply.Delay;
            if (reply.Answered == 0)
            {
                return reply with { Answered = row, Delay = delay, Unasked = reply.Unasked + rows - row - 1 };
            }
        }

        return new OracleReply(rows, Delay: delay);
    }

    private TimeSpan NextInterval()
    {
        double mean = Math.Pow(_ratio, (double)Math.Min(_asked, _rampQueries) / _rampQueries);
        _asked = Math.Min(_asked + 1, _rampQueries);
        double uniform = ((_random.NextUInt64() >> 11) + 1) * (1.0 / (1UL << 53)); // 2^-53..1: its logarithm is finite
        return _first * (mean * -Math.Log(uniform));
    }
}
