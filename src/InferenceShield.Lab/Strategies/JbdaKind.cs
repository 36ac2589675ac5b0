namespace InferenceShield.Lab;

/// <summary>Where <see cref="JbdaStrategy"/> moves an input.</summary>
public enum JbdaKind
{
    /// <summary>One step across the copy's Jacobian of the answered label (Papernot et al., ASIA CCS 2017).</summary>
    Untargeted,

    /// <summary>Several steps towards each of the classes that the copy ranks next (Juuti et al., EuroS&amp;P 2019; JB-top-k of Orekondy et al., ICLR 2020).</summary>
    Top,

    /// <summary>Several steps, each towards a class drawn at random (T-RND of Juuti et al.; jbtr of ModelGuard, USENIX Security 2024).</summary>
    Random,
}
