namespace InferenceShield.Lab;

/// <summary>What <see cref="KnockoffStrategy"/> rewards a class of the pool for.</summary>
public enum KnockoffReward
{
    /// <summary>Sure answers: the difference of the two largest probabilities.</summary>
    Certainty,

    /// <summary>Answers unlike those before: the sum over classes of what exceeds their running mean.</summary>
    Diversity,

    /// <summary>Answers that the copy gets wrong: its cross-entropy with the answer.</summary>
    Loss,

    /// <summary>The mean of the three.</summary>
    All,
}
