namespace InferenceShield;

/// <summary>How a caller is being treated.</summary>
/// <remarks>For the host and its operators. A caller is to see nothing of it but how fine its answers are: names, shapes and types
/// are the same in every posture.</remarks>
public enum Posture
{
    /// <summary>As everybody. The default.</summary>
    Normal = 0,

    /// <summary>Coarser answers, more attention: see <see cref="ShieldOptions.Guarded"/>.</summary>
    Guarded,

    /// <summary>The coarsest answers: see <see cref="ShieldOptions.Restricted"/>.</summary>
    Restricted,

    /// <summary>Refused, or answered as <see cref="AdmissionOptions.Blocked"/> says.</summary>
    Blocked,
}
