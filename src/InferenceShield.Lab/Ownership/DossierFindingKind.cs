namespace InferenceShield.Lab;

/// <summary>What became of one check of a dossier.</summary>
public enum DossierFindingKind
{
    /// <summary>It was checked and holds.</summary>
    Holds,

    /// <summary>It was not checked, for want of what the text says.</summary>
    NotChecked,

    /// <summary>It was checked and does not hold.</summary>
    Fails,
}
