namespace InferenceShield.Lab;

/// <summary>What a verification found, in the words of its report.</summary>
public enum OwnershipVerdict
{
    /// <summary>Too few answers, or tests that disagree.</summary>
    Inconclusive,

    /// <summary>Enough answers, and nothing that an independent model would not show.</summary>
    NoEvidence,

    /// <summary>What a copy shows and an independent model does not.</summary>
    ConsistentWithCopying,
}
