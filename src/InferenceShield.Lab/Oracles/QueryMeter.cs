namespace InferenceShield.Lab;

/// <summary>Counts what a theft asks: queries, answers, refusals, repeats and time.</summary>
/// <remarks>One row is one query. Put it before an oracle with <see cref="ObservedOracle"/>; one meter may count several callers
/// together. Keeps 8 bytes and their share of a hash table for each different row. Not thread-safe.</remarks>
public sealed class QueryMeter : IQueryObserver
{
    private readonly HashSet<ulong> _answeredRows = [];
    private DateTimeOffset? _first;
    private DateTimeOffset _last;

    /// <summary>Queries that reached the model, refused ones included.</summary>
    public long Asked { get; private set; }

    /// <summary>Queries that were answered.</summary>
    public long Answered { get; private set; }

    /// <summary>Queries that were refused.</summary>
    public long Refused => Asked - Answered;

    /// <summary>Answered queries whose row had been answered before, bit for bit the same.</summary>
    public long Repeats { get; private set; }

    /// <summary>The sum of all <see cref="OracleReply.RetryAfter"/>: what refusals told the callers to wait, whether or not they did.</summary>
    public TimeSpan ToldToWait { get; private set; }

    /// <summary>The sum of all <see cref="OracleReply.Delay"/>: how long answers were held back.</summary>
    public TimeSpan Delayed { get; private set; }

    /// <summary>From the first query to the last reply, by the oracle's clock: how long the theft takes, or would have taken if the clock is simulated.</summary>
    public TimeSpan Duration => _first is { } first ? _last - first : TimeSpan.Zero;

    /// <inheritdoc/>
    public void Observe(in ObservedBatch batch)
    {
        _first ??= batch.Asked;
        _last = batch.Replied > _last ? batch.Replied : _last;
        Asked += batch.Rows;
        Answered += batch.Reply.Answered;
        ToldToWait = Add(ToldToWait, batch.Reply.RetryAfter);
        Delayed = Add(Delayed, batch.Reply.Delay);
        for (int row = 0; row < batch.Reply.Answered; row++)
        {
            Repeats += _answeredRows.Add(Hash(batch.Inputs.Slice(row * batch.InputLength, batch.InputLength))) ? 0 : 1;
        }
    }

    /// <summary>A server may name the year 9999 in each of its refusals.</summary>
    private static TimeSpan Add(TimeSpan sum, TimeSpan more) => more > TimeSpan.MaxValue - sum ? TimeSpan.MaxValue : sum + more;

    /// <summary>The finalizer of SplitMix64 over the bits of each value. Two of a million different rows look alike once in 37 million thefts.</summary>
    private static ulong Hash(ReadOnlySpan<float> row)
    {
        ulong hash = (ulong)row.Length;
        foreach (float value in row)
        {
            hash = (hash ^ BitConverter.SingleToUInt32Bits(value)) + 0x9E3779B97F4A7C15;
            hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9;
            hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EB;
            hash ^= hash >> 31;
        }

        return hash;
    }
}
