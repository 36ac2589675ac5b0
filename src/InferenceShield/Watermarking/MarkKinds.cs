namespace InferenceShield;

/// <summary>Which marks a row carries.</summary>
[Flags]
public enum MarkKinds
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Between two labels that nearly tie.</summary>
    NearTie = 1,

    /// <summary>A cosine in the probability vector.</summary>
    Cosine = 2,

    /// <summary>A keyed order of the ranks 2 to 5.</summary>
    Permutation = 4,

    /// <summary>A false label at a keyed share of inputs (DAWN).</summary>
    Trigger = 8,

    /// <summary>A keyed label in a region that benign inputs do not reach.</summary>
    Trap = 16,

    /// <summary>A keyed direction in an embedding.</summary>
    Direction = 32,

    /// <summary>A keyed green list over tokens.</summary>
    GreenList = 64,

    /// <summary>A keyed tournament over tokens.</summary>
    Tournament = 128,
}
