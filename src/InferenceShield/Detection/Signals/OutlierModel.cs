using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>How strange one query is: J1 by distance, J3 by what was learned offline of synthetic proxies of attacks. Immutable, thread-safe.</summary>
internal sealed class OutlierModel
{
    /// <summary>J3 sees normal scores clipped to so much.</summary>
    public const float LargestTrainedScore = 4;

    private static readonly float[] s_nothing = new float[QuadraticForm.Lanes];

    private readonly float[] _precision = [];
    private readonly float[] _quadratic = [];
    private readonly float[] _linear = [];
    private readonly float[] _absolute = [];

    /// <summary>Where CUSUMs begin: J above its 99 % and 99.9 % quantile over benign queries.</summary>
    public required float[] DistanceCuts { get; init; }

    public required float[] TrainedCuts { get; init; }

    /// <summary>12: mean of z.</summary>
    public required float[] Mean { get; init; }

    /// <summary>12 x 12: inverse covariance of z; dropped scalars have zeros.</summary>
    public required float[] Precision
    {
        get;
        init
        {
            field = value;
            _precision = QuadraticForm.Pad(value);
        }
    }

    /// <summary>12, of z clipped to +-4.</summary>
    public required float[] Linear
    {
        get;
        init
        {
            field = value;
            _linear = QuadraticForm.Pad(value);
        }
    }

    /// <summary>12, of |z|.</summary>
    public required float[] Absolute
    {
        get;
        init
        {
            field = value;
            _absolute = QuadraticForm.Pad(value);
        }
    }

    /// <summary>12 x 12 symmetric, of z_i z_j.</summary>
    public required float[] Quadratic
    {
        get;
        init
        {
            field = value;
            _quadratic = QuadraticForm.Pad(value);
        }
    }

    /// <summary>Whether J3 was trained: without inputs to make proxies of it is not.</summary>
    public required bool IsTrained { get; init; }

    /// <summary>J1 = (z - mean)' precision (z - mean); J3 = linear z + absolute |z| + z' quadratic z, 0 if not trained.</summary>
    /// <param name="z">12 normal scores.</param>
    /// <param name="distance">J1.</param>
    /// <param name="trained">J3, of z clipped to +-4: the log-odds of the logistic regression, but for its constant.</param>
    public void Score(ReadOnlySpan<float> z, out float distance, out float trained)
    {
        Span<float> moved = stackalloc float[QuadraticForm.Lanes];
        moved[QuerySignals.ScalarCount..].Clear();
        for (int i = 0; i < QuerySignals.ScalarCount; i++)
        {
            moved[i] = z[i] - Mean[i];
        }

        distance = QuadraticForm.Of(_precision, s_nothing, s_nothing, moved);
        trained = 0;
        if (IsTrained)
        {
            for (int i = 0; i < QuerySignals.ScalarCount; i++)
            {
                moved[i] = Math.Clamp(z[i], -LargestTrainedScore, LargestTrainedScore);
            }

            trained = QuadraticForm.Of(_quadratic, _linear, _absolute, moved);
        }
    }
}
