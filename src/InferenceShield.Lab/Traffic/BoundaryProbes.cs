using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Walks along the border between two labels by Monte Carlo estimates of its normal.</summary>
/// <remarks>
/// The queries of HopSkipJump (Chen, Jordan and Wainwright, IEEE S&amp;P 2020): halve the line from a row to one of another label, ask
/// <see cref="Probes"/> small random steps around the border point, step along the mean of those that keep the other label, and again;
/// after <see cref="Rounds"/> rounds the next pair. A step moves a feature by a twenty-eighth of its bounds in the root mean square: in
/// an image of 28 x 28 its length is 1. Thread-safe.
/// </remarks>
internal sealed class BoundaryProbes : IQueryStrategy
{
    private const int Halvings = 8;
    private const int Probes = 50;
    private const int Rounds = 3;

    /// <inheritdoc/>
    public string Name => "boundary";

    /// <inheritdoc/>
    public async Task<Transcript> AskAsync(IOracle oracle, QueryContext context, CancellationToken cancellationToken)
    {
        Dataset pool = Asker.GetPool(Name, oracle, context);
        InputBounds bounds = InputBounds.OfRows(pool);
        SeededRandom random = new(context.Seed, stream: 63);
        LabelAsker asker = new(oracle, context);
        while (asker.Remaining > 0)
        {
            float[] origin = pool.GetRow(random.NextInt32(pool.Count)).ToArray();
            float[] border = pool.GetRow(random.NextInt32(pool.Count)).ToArray();
            int label = await asker.AskAsync(origin, cancellationToken).ConfigureAwait(false);
            int target = await asker.AskAsync(border, cancellationToken).ConfigureAwait(false);
            for (int round = 0; round < Rounds && label != target && asker.Remaining > 0; round++)
            {
                float[] near = [.. origin];
                await asker.BisectAsync(near, label, border, Halvings, cancellationToken).ConfigureAwait(false);
                float[] normal = new float[origin.Length];
                for (int probe = 0; probe < Probes && asker.Remaining > 0; probe++)
                {
                    float[] step = DrawStep(bounds, ref random);
                    float[] moved = [.. border];
                    TensorPrimitives.Add(moved, step, moved);
                    bounds.Clip(moved);
                    bool keeps = await asker.AskAsync(moved, cancellationToken).ConfigureAwait(false) != label;
                    TensorPrimitives.MultiplyAdd(step, keeps ? 1f : -1f, normal, normal);
                }

                float norm = MathF.Max(TensorPrimitives.Norm<float>(normal), float.Epsilon);
                TensorPrimitives.MultiplyAdd(normal, 1f / norm, border, border);
                bounds.Clip(border);
            }
        }

        return asker.Transcript;
    }

    /// <summary>A random direction; its length is that of a step.</summary>
    private static float[] DrawStep(InputBounds bounds, ref SeededRandom random)
    {
        const float Share = 1f / 28;
        float[] step = new float[bounds.Width];
        foreach (ref float value in step.AsSpan())
        {
            value = (float)random.NextGaussian();
        }

        TensorPrimitives.Multiply(step, Share * MathF.Sqrt(step.Length) / MathF.Max(TensorPrimitives.Norm<float>(step), float.Epsilon), step);
        for (int i = 0; i < step.Length; i++)
        {
            step[i] *= bounds.Maximum.Span[i] - bounds.Minimum.Span[i];
        }

        return step;
    }
}
