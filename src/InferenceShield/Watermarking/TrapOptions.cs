namespace InferenceShield;

/// <summary>Keyed labels in regions that benign inputs do not reach. Needs <see cref="ShieldOptions.InputSpaceFile"/>.</summary>
public sealed class TrapOptions
{
    /// <summary>Classes that no trap answers with.</summary>
    /// <value>The default, <see langword="null"/>, is none.</value>
    public IReadOnlyList<int>? ExemptClasses { get; set; }

    internal TrapOptions Clone()
    {
        TrapOptions copy = (TrapOptions)MemberwiseClone();
        copy.ExemptClasses = ExemptClasses?.ToArray();
        return copy;
    }
}
