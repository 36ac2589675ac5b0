namespace InferenceShield;

/// <summary>How strange one query is: J1 by distance, J3 by what was learned offline of synthetic proxies of attacks. Immutable, thread-safe.</summary>
internal sealed class OutlierModel
{
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

    /// <summary>J1 = (z - mean)' precision (z - mean); J3 = the logistic regression's score, 0 if not trained.</summary>
    public void Score(ReadOnlySpan<float> z, out float distance, out float trained) => throw new NotImplementedException();
}
