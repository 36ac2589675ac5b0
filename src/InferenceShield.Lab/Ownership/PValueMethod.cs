namespace InferenceShield.Lab;

/// <summary>How a p-value was found.</summary>
public enum PValueMethod
{
    /// <summary>From the exact distribution of the statistic under independence.</summary>
    Exact,

    /// <summary>From the statistic under random keys of the same kind: (1 + those as extreme) / (1 + keys).</summary>
    RandomKeys,

    /// <summary>From independent control models.</summary>
    Controls,

    /// <summary>By a saddle-point formula for the distribution of the statistic over random keys: close, not exact.</summary>
    SaddlePoint,
}
