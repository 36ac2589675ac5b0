namespace InferenceShield;

/// <summary>What a caller in <see cref="Posture.Blocked"/> gets.</summary>
public enum BlockedTreatment
{
    /// <summary>Nothing: its queries are refused.</summary>
    Refuse = 0,

    /// <summary>The answers of a restricted caller, within its limits, after <see cref="AdmissionOptions.BlockedDelay"/>.</summary>
    Restrict,
}
