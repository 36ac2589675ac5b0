namespace InferenceShield;

/// <summary>The cosine mark in the probability vector (CosWM). Needs <see cref="ShieldOptions.InputSpaceFile"/>.</summary>
/// <remarks>Only scores carry it, and only a copy that is trained on scores inherits it. A posture that releases bands or labels, or has a
/// <see cref="HardeningOptions.LeastInformationBudget"/>, does not carry one it has of the posture before; to give one there is a fault. The
/// leading class never changes. At a strength of .02 an answer moves by about .07 in L1, at .05 by .16.</remarks>
public sealed class CosineMarkOptions
{
    /// <summary>How far probabilities move: the epsilon of the paper.</summary>
    /// <value>.005 to .2; the default is .02.</value>
    public double Strength { get; set; } = 0.02;

    /// <summary>Radians for each standard deviation of benign inputs along the key vector.</summary>
    /// <value>.25 to 8; the default is 2. What a copy inherits falls off quickly above.</value>
    public double Frequency { get; set; } = 2;

    /// <summary>Whether answers also carry, at half the strength, a second cosine whose phase tells who asked: it says which caller's answers
    /// a copy was made of. Callers who pool n accounts' answers weaken it to about 1/sqrt(n).</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool Payload { get; set; }

    internal CosineMarkOptions Clone() => (CosineMarkOptions)MemberwiseClone();
}
