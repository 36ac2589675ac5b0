namespace InferenceShield.Lab;

/// <summary>What training makes small.</summary>
public enum SurrogateLoss
{
    /// <summary>Cross-entropy to the answered distributions. Kullback-Leibler divergence differs from it by a constant and has the same gradient.</summary>
    SoftLabels,

    /// <summary>Cross-entropy to the top label of each answer; the first one on a tie.</summary>
    HardLabels,
}
