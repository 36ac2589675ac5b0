using System.Threading.RateLimiting;

namespace InferenceShield;

/// <summary>What a refused lease of a <see cref="ShieldRateLimiter"/> tells besides <see cref="MetadataName.RetryAfter"/>.</summary>
public static class ShieldMetadata
{
    /// <summary>Why it was refused: see <see cref="Admission.Reason"/>.</summary>
    public static MetadataName<AdmissionReason> Reason { get; } = MetadataName.Create<AdmissionReason>("SHIELD_REASON");

    /// <summary>Whose limit refused it: see <see cref="Admission.Level"/>.</summary>
    public static MetadataName<AdmissionLevel> Level { get; } = MetadataName.Create<AdmissionLevel>("SHIELD_LEVEL");
}
