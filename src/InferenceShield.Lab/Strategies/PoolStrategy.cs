namespace InferenceShield.Lab;

/// <summary>Asks rows of the pool at random, none twice: Knockoff Nets, random (Orekondy, Schiele and Fritz, CVPR 2019).</summary>
/// <remarks>
/// In-distribution or natural out-of-distribution is a matter of the pool; <see cref="OutOfDistributionPools"/> makes some.
/// A pool of fewer rows than the budget is asked whole. Thread-safe.
/// </remarks>
public sealed class PoolStrategy : IQueryStrategy
{
    /// <inheritdoc/>
    public string Name => "pool";

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">There is no pool, or it does not fit the oracle.</exception>
    public async Task<Transcript> AskAsync(IOracle oracle, QueryContext context, CancellationToken cancellationToken)
    {
        Dataset pool = Asker.GetPool(Name, oracle, context);
        int[] order = [.. Enumerable.Range(0, pool.Count)];
        new SeededRandom(context.Seed, stream: 2).Shuffle(order);
        Asker asker = new(oracle, context);
        for (int asked = 0; asked < order.Length && asker.Remaining > 0; asked += Asker.Batch)
        {
            Dataset rows = pool.Select(order.AsSpan(asked, Math.Min(Asker.Batch, order.Length - asked)));
            await asker.AskAsync(rows.Values, cancellationToken).ConfigureAwait(false);
        }

        return asker.Transcript;
    }
}
