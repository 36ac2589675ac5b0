namespace InferenceShield;

/// <summary>What is special about a caller's record.</summary>
[Flags]
internal enum CallerFlags
{
    None = 0,

    /// <summary>An operator's override is in force.</summary>
    Overridden = 1,

    /// <summary>An operator wants the caller's dossier kept.</summary>
    Watched = 2,
}
