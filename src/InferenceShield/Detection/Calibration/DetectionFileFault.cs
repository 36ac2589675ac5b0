namespace InferenceShield;

/// <summary>Why a file of detection, a calibration or a log, was refused.</summary>
public enum DetectionFileFault
{
    /// <summary>Not told.</summary>
    None = 0,

    /// <summary>It does not begin as such a file does.</summary>
    NotADetectionFile,

    /// <summary>Written in a version of the format that this library does not read.</summary>
    UnknownVersion,

    /// <summary>Shorter than it says, or than any such file is.</summary>
    Truncated,

    /// <summary>Longer than it says, or than any such file is.</summary>
    TooLarge,

    /// <summary>The authentication code is not that of the bytes under the secret: damaged, changed, or planted.</summary>
    NotAuthentic,

    /// <summary>Written under a secret of another id.</summary>
    OtherKey,

    /// <summary>Written for another model.</summary>
    OtherModel,

    /// <summary>Measured by another profile.</summary>
    OtherProfile,

    /// <summary>Too few callers to calibrate with.</summary>
    NoCallers,

    /// <summary>The bytes are as they were written, and what they say is not possible.</summary>
    Malformed,
}
