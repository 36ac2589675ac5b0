namespace InferenceShield;

/// <summary>How strange one query is: J1 by distance, J3 by what was learned offline of synthetic proxies of attacks. Immutable, thread-safe.</summary>
internal sealed class OutlierModel
{
    /// <summary>J3 sees normal scores clipped to so much.</summary>
    public const float LargestTrainedScore = 4;

    /// <summary>Where CUSUMs begin: J above its 99 % and 99.9 % quantile over benign queries.</summary>
    public required float[] DistanceCuts { get; init; }

    public required float[] TrainedCuts { get; init; }

    /// <summary>12: mean of z.</summary>
    public required float[] Mean { get; init; }

    /// <summary>12 x 12: inverse covariance of z; dropped scalars have zeros.</summary>
    public required float[] Precision { get; init; }

    /// <summary>12, of z clipped to +-4.</summary>
    public required float[] Linear { get; init; }

    /// <summary>12, of |z|.</summary>
    public required float[] Absolute { get; init; }

    /// <summary>12 x 12 symmetric, of z_i z_j.</summary>
    public required float[] Quadratic { get; init; }

    /// <summary>Whether J3 was trained: without inputs to make proxies of it is not.</summary>
    public required bool IsTrained { get; init; }

    /// <summary>J1 = (z - mean)' precision (z - mean); J3 = linear z + absolute |z| + z' quadratic z, 0 if not trained.</summary>
    /// <param name="z">12 normal scores.</param>
    /// <param name="distance">J1.</param>
    /// <param name="trained">J3, of z clipped to +-4: the log-odds of the logistic regression, but for its constant.</param>
    public void Score(ReadOnlySpan<float> z, out float distance, out float trained)
    {
        Span<float> moved = stackalloc float[QuerySignals.ScalarCount];
        for (int i = 0; i < moved.Length; i++)
        {
            moved[i] = z[i] - Mean[i];
        }

        distance = Form(Precision, moved);
        trained = 0;
        if (!IsTrained)
        {
            return;
        }

        float sum = 0;
        for (int i = 0; i < moved.Length; i++)
        {
            moved[i] = Math.Clamp(z[i], -LargestTrainedScore, LargestTrainedScore);
            sum += (Linear[i] * moved[i]) + (Absolute[i] * Math.Abs(moved[i]));
        }

        trained = sum + Form(Quadratic, moved);
    }

    private static float Form(float[] matrix, ReadOnlySpan<float> x)
    {
        float sum = 0;
        for (int i = 0; i < x.Length; i++)
        {
            float row = 0;
            for (int j = 0; j < x.Length; j++)
            {
                row += matrix[(i * x.Length) + j] * x[j];
            }

            sum += row * x[i];
        }

        return sum;
    }
}
