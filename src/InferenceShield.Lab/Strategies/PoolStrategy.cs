namespace InferenceShield.Lab;

/// <summary>Asks rows of the pool at random, none twice: Knockoff Nets, random (Orekondy, Schiele and Fritz, CVPR 2019).</summary>
public sealed class PoolStrategy : IQueryStrategy
{
    private const int Batch = 256;

    /// <inheritdoc/>
    public string Name => "pool";

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">There is no pool, or it does not fit the oracle.</exception>
    public async Task<Transcript> AskAsync(IOracle oracle, QueryContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(oracle);
        ArgumentNullException.ThrowIfNull(context);
        Dataset pool = context.Pool ?? throw new ArgumentException("The strategy 'pool' asks inputs of a pool, and there is none.", nameof(context));
        if (pool.Width != oracle.InputLength)
        {
            throw new ArgumentException($"Rows of '{pool.Name}' have {pool.Width} values; the model takes {oracle.InputLength}.", nameof(context));
        }

        int[] order = [.. Enumerable.Range(0, pool.Count)];
        new SeededRandom(context.Seed, stream: 2).Shuffle(order);
        Transcript transcript = new(oracle.InputLength, oracle.AnswerLength);
        float[] answers = new float[Batch * oracle.AnswerLength];
        int budget = Math.Min(context.Budget, pool.Count);
        for (int asked = 0; asked < budget; asked += Batch)
        {
            Dataset rows = pool.Select(order.AsSpan(asked, Math.Min(Batch, budget - asked)));
            OracleReply reply = await oracle.AskAsync(rows.Values, answers, cancellationToken).ConfigureAwait(false);
            transcript.Add(rows.Values.Span[..(reply.Answered * rows.Width)], answers.AsSpan(0, reply.Answered * oracle.AnswerLength));
        }

        return transcript;
    }
}
