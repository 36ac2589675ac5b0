namespace InferenceShield;

/// <summary>How a caller is being treated.</summary>
public enum Posture
{
    /// <summary>As everybody. The default.</summary>
    Normal = 0,

    /// <summary>Coarser answers, more attention.</summary>
    Guarded,

    /// <summary>The coarsest answers.</summary>
    Restricted,

    /// <summary>Refused.</summary>
    Blocked,
}
