namespace InferenceShield;

/// <summary>Whether a shield acts or only watches.</summary>
public enum ShieldMode
{
    /// <summary>Refuse what is over the limits and release hardened answers only. The default.</summary>
    Enforce = 0,

    /// <summary>Compute everything, change nothing, count what would have been done. Clean answers leave the process.</summary>
    ObserveOnly,
}
