using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Asks random noise, each feature drawn by itself.</summary>
/// <remarks>
/// What a thief without data can always do (Tramèr et al., USENIX Security 2016, ask uniform inputs). It works where the
/// features are few and the model is smooth, and hardly at all on images: nearly all noise falls into a few classes.
/// Bounds are those given, else those of the pool. The mean and the spread of normal noise are the pool's; without a pool
/// they are the middle of the bounds and a quarter of their width. Thread-safe; costs a row of numbers a query.
/// </remarks>
public sealed class NoiseStrategy : IQueryStrategy
{
    /// <summary>How a value is drawn. Default: <see cref="NoiseDistribution.Uniform"/>.</summary>
    public NoiseDistribution Distribution { get; init; } = NoiseDistribution.Uniform;

    /// <summary>Bounds of the inputs. Default: null, those of the pool.</summary>
    public InputBounds? Bounds { get; init; }

    /// <inheritdoc/>
    public string Name => Distribution == NoiseDistribution.Gaussian ? "noise-gaussian" : "noise-uniform";

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">There are neither bounds nor a pool, or they do not fit the oracle.</exception>
    public async Task<Transcript> AskAsync(IOracle oracle, QueryContext context, CancellationToken cancellationToken)
    {
        InputBounds bounds = Asker.GetBounds(Name, Bounds, oracle, context);
        int width = bounds.Width;
        (float[] mean, float[] spread) = Describe(bounds, context.Pool is null ? null : Asker.GetPool(Name, oracle, context));
        SeededRandom random = new(context.Seed, stream: 11);
        Asker asker = new(oracle, context);
        float[] rows = new float[Asker.Batch * width];
        while (asker.Remaining > 0)
        {
            int count = Math.Min(Asker.Batch, asker.Remaining);
            for (int row = 0; row < count; row++)
            {
                Draw(rows.AsSpan(row * width, width), bounds, mean, spread, ref random);
            }

            await asker.AskAsync(rows.AsMemory(0, count * width), cancellationToken).ConfigureAwait(false);
        }

        return asker.Transcript;
    }

    private void Draw(Span<float> row, InputBounds bounds, float[] mean, float[] spread, ref SeededRandom random)
    {
        for (int i = 0; i < row.Length; i++)
        {
            row[i] = Distribution == NoiseDistribution.Gaussian
                ? mean[i] + (spread[i] * (float)random.NextGaussian())
                : random.NextBetween(bounds.Minimum.Span[i], bounds.Maximum.Span[i]);
        }

        bounds.Clip(row);
    }

    private static (float[] Mean, float[] Spread) Describe(InputBounds bounds, Dataset? pool)
    {
        float[] mean = new float[bounds.Width];
        float[] spread = new float[bounds.Width];
        TensorPrimitives.Add(bounds.Minimum.Span, bounds.Maximum.Span, mean);
        TensorPrimitives.Multiply(mean, 0.5f, mean);
        TensorPrimitives.Subtract(bounds.Maximum.Span, bounds.Minimum.Span, spread);
        TensorPrimitives.Multiply(spread, 0.25f, spread);
        if (pool is null)
        {
            return (mean, spread);
        }

        // Two passes: the square of a mean far from zero would swallow the spread.
        float[] difference = new float[bounds.Width];
        mean.AsSpan().Clear();
        spread.AsSpan().Clear();
        for (int row = 0; row < pool.Count; row++)
        {
            TensorPrimitives.MultiplyAdd(pool.GetRow(row), 1f / pool.Count, mean, mean);
        }

        for (int row = 0; row < pool.Count; row++)
        {
            TensorPrimitives.Subtract(pool.GetRow(row), mean, difference);
            TensorPrimitives.MultiplyAdd(difference, difference, spread, spread);
        }

        TensorPrimitives.Multiply(spread, 1f / pool.Count, spread);
        TensorPrimitives.Sqrt(spread, spread);
        return (mean, spread);
    }
}
