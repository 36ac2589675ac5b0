namespace InferenceShield.Lab;

/// <summary>Halves lines between pool rows of different labels, one line after the other.</summary>
/// <remarks>As <see cref="LineSearchStrategy"/>, which asks many lines at once; whoever has no reason to hide asks them in turn. Thread-safe.</remarks>
internal sealed class LineProbes : IQueryStrategy
{
    private const int Halvings = 10;

    /// <inheritdoc/>
    public string Name => "line";

    /// <inheritdoc/>
    public async Task<Transcript> AskAsync(IOracle oracle, QueryContext context, CancellationToken cancellationToken)
    {
        Dataset pool = Asker.GetPool(Name, oracle, context);
        SeededRandom random = new(context.Seed, stream: 62);
        LabelAsker asker = new(oracle, context);
        while (asker.Remaining > 0)
        {
            float[] row = pool.GetRow(random.NextInt32(pool.Count)).ToArray();
            float[] other = pool.GetRow(random.NextInt32(pool.Count)).ToArray();
            int label = await asker.AskAsync(row, cancellationToken).ConfigureAwait(false);
            int end = await asker.AskAsync(other, cancellationToken).ConfigureAwait(false);
            if (label != end)
            {
                await asker.BisectAsync(row, label, other, Halvings, cancellationToken).ConfigureAwait(false);
            }
        }

        return asker.Transcript;
    }
}
