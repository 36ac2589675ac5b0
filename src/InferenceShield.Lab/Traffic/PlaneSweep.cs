using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Sweeps the plane of a pool's two leading principal components around one row, then around the next.</summary>
/// <remarks>20 x 20 points up to two deviations each way, line by line. What <see cref="GridStrategy"/> is for rows of many features. Thread-safe.</remarks>
internal sealed class PlaneSweep : IQueryStrategy
{
    private const int Levels = 20;
    private const int MostRows = 1_000;
    private const int Rounds = 30;
    private const float Reach = 2;

    /// <inheritdoc/>
    public string Name => "plane";

    /// <inheritdoc/>
    public async Task<Transcript> AskAsync(IOracle oracle, QueryContext context, CancellationToken cancellationToken)
    {
        Dataset pool = Asker.GetPool(Name, oracle, context);
        InputBounds bounds = InputBounds.OfRows(pool);
        SeededRandom random = new(context.Seed, stream: 64);
        (float[] first, float[] second) = FindComponents(pool, ref random);
        Asker asker = new(oracle, context);
        while (asker.Remaining > 0)
        {
            int origin = random.NextInt32(pool.Count);
            float[] rows = new float[Levels * Levels * pool.Width];
            for (int point = 0; point < Levels * Levels; point++)
            {
                Span<float> row = rows.AsSpan(point * pool.Width, pool.Width);
                TensorPrimitives.MultiplyAdd(first, Position(point % Levels), pool.GetRow(origin), row);
                TensorPrimitives.MultiplyAdd(second, Position(point / Levels), row, row);
                bounds.Clip(row);
            }

            await asker.AskAsync(rows, cancellationToken).ConfigureAwait(false);
        }

        return asker.Transcript;
    }

    private static float Position(int level) => Reach * ((2f * level / (Levels - 1)) - 1);

    /// <summary>Two components by power iteration, each as long as the deviation along it.</summary>
    private static (float[] First, float[] Second) FindComponents(Dataset pool, ref SeededRandom random)
    {
        int[] rows = random.Choose(pool.Count, MostRows);
        float[] centred = new float[rows.Length * pool.Width];
        float[] mean = new float[pool.Width];
        foreach (int row in rows)
        {
            TensorPrimitives.MultiplyAdd(pool.GetRow(row), 1f / rows.Length, mean, mean);
        }

        for (int i = 0; i < rows.Length; i++)
        {
            TensorPrimitives.Subtract(pool.GetRow(rows[i]), mean, centred.AsSpan(i * pool.Width, pool.Width));
        }

        float[] first = FindLeading(centred, pool.Width, [], ref random);
        return (first, FindLeading(centred, pool.Width, first, ref random));
    }

    private static float[] FindLeading(float[] centred, int width, float[] without, ref SeededRandom random)
    {
        float[] direction = new float[width];
        foreach (ref float value in direction.AsSpan())
        {
            value = (float)random.NextGaussian();
        }

        float norm = 1;
        for (int round = 0; round < Rounds; round++)
        {
            float[] next = new float[width];
            for (int at = 0; at < centred.Length; at += width)
            {
                ReadOnlySpan<float> row = centred.AsSpan(at, width);
                TensorPrimitives.MultiplyAdd(row, TensorPrimitives.Dot(row, direction), next, next);
            }

            if (without.Length > 0)
            {
                float share = TensorPrimitives.Dot<float>(next, without) / TensorPrimitives.SumOfSquares<float>(without);
                TensorPrimitives.MultiplyAdd(without, -share, next, next);
            }

            norm = MathF.Max(TensorPrimitives.Norm<float>(next), float.Epsilon);
            TensorPrimitives.Divide(next, norm, direction);
        }

        TensorPrimitives.Multiply(direction, MathF.Sqrt(norm / (centred.Length / width)), direction);
        return direction;
    }
}
