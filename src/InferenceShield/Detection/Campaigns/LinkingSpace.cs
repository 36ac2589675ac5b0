using System.Numerics.Tensors;

namespace InferenceShield;

/// <summary>Turns callers' mean vectors into directions that can be compared: w = W (v - mean) / spread. Immutable, thread-safe.</summary>
internal sealed class LinkingSpace
{
    public const int Dimension = QuerySignals.VectorLength;

    // By columns, so that a vector is turned by 24 steps of 24 lanes.
    private readonly float[] _columns = new float[Dimension * Dimension];
    private readonly float[] _mean;

    public LinkingSpace(VectorBaseline vectors, ReadOnlySpan<float> spreads)
    {
        _mean = vectors.Mean;
        for (int row = 0; row < Dimension; row++)
        {
            // What has no spread over honest callers, a scalar that was dropped, cannot tell callers apart.
            float scale = spreads[row] > 1e-6f ? 1 / spreads[row] : 0;
            for (int column = 0; column < Dimension; column++)
            {
                _columns[(column * Dimension) + row] = vectors.Whitening[(row * Dimension) + column] * scale;
            }
        }
    }

    /// <summary>The direction of w, of length 1.</summary>
    /// <param name="mean">A caller's mean vector.</param>
    /// <param name="direction">Gets 24 numbers.</param>
    /// <returns>The length of w; 0, with a direction of zeros, for a vector that is not finite.</returns>
    public float Direct(ReadOnlySpan<float> mean, Span<float> direction)
    {
        Span<float> term = stackalloc float[Dimension];
        direction = direction[..Dimension];
        direction.Clear();
        for (int column = 0; column < Dimension; column++)
        {
            TensorPrimitives.Multiply(_columns.AsSpan(column * Dimension, Dimension), mean[column] - _mean[column], term);
            TensorPrimitives.Add(direction, term, direction);
        }

        float square = 0;
        foreach (float value in direction)
        {
            square += value * value;
        }

        float length = MathF.Sqrt(square);
        if (!float.IsFinite(length) || length == 0)
        {
            direction.Clear();
            return 0;
        }

        TensorPrimitives.Multiply(direction, 1 / length, direction);
        return length;
    }
}
