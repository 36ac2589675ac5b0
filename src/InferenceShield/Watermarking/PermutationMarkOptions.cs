namespace InferenceShield;

/// <summary>The keyed order of ranks 2 and 3, and of 4 and 5, in full vectors.</summary>
public sealed class PermutationMarkOptions
{
    /// <summary>What the bits are a function of.</summary>
    /// <value>The default is <see cref="MarkKeying.Cell"/>.</value>
    public MarkKeying Keying { get; set; }

    internal PermutationMarkOptions Clone() => (PermutationMarkOptions)MemberwiseClone();
}
