namespace InferenceShield;

/// <summary>What admission control decided.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Level">Whose limit.</param>
/// <param name="Posture">How the caller is being treated.</param>
/// <param name="Wait">Nanoseconds until the same call is within the limits.</param>
/// <param name="Slot">The caller's slot.</param>
/// <param name="Dossier">The number of the caller's dossier; -1 if it has none.</param>
internal readonly record struct AdmissionDecision(
    AdmissionReason Reason, AdmissionLevel Level, Posture Posture, long Wait, int Slot, int Dossier)
{
    /// <summary>Whether the caller, its tenant or its network had no room for a record of its own.</summary>
    public bool HadNoRoom { get; init; }

    /// <summary>Whether the wait is of any use.</summary>
    public bool WaitingHelps { get; init; } = Reason is not (AdmissionReason.Blocked or AdmissionReason.BatchTooLarge);

    /// <summary>A caller of no special standing may ask.</summary>
    public static AdmissionDecision Admitted(int slot, int dossier) =>
        new(AdmissionReason.WithinLimits, AdmissionLevel.Caller, Posture.Normal, 0, slot, dossier);

    public bool IsWithinLimits => Reason == AdmissionReason.WithinLimits;
}
