namespace InferenceShield;

/// <summary>Keyed labels in regions that benign inputs do not reach. Needs <see cref="ShieldOptions.InputSpaceFile"/>.</summary>
/// <remarks>A row is trapped if it is a tenth farther from benign inputs than any of those that the file's reach was measured of: as good as
/// their log was, so have some thousand rows in it, of every kind that honest users send. All callers get the same label, and near-repeats
/// get it too.</remarks>
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
