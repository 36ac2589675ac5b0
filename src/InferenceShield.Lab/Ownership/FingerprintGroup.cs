namespace InferenceShield.Lab;

/// <summary>Why an input is in a fingerprint.</summary>
public enum FingerprintGroup
{
    /// <summary>The target is wrong: independent models are wrong elsewhere, or in another way.</summary>
    Mistake,

    /// <summary>Copies of the target agree with it and independent models do not (Lukas et al., ICLR 2021).</summary>
    Conferrable,
}
