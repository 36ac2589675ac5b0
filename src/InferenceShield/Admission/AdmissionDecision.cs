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
    public bool IsWithinLimits => Reason == AdmissionReason.WithinLimits;
}
