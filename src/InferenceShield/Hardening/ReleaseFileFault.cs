namespace InferenceShield;

/// <summary>Why a file with a learned release was refused.</summary>
public enum ReleaseFileFault
{
    /// <summary>Not told.</summary>
    None = 0,

    /// <summary>It does not begin as such a file does.</summary>
    NotAReleaseFile,

    /// <summary>Written in a version of the format that this library does not read.</summary>
    UnknownVersion,

    /// <summary>Shorter than it says.</summary>
    Truncated,

    /// <summary>Longer than any such file is, or than it says.</summary>
    TooLarge,

    /// <summary>The checksum is not that of the bytes: something changed by accident.</summary>
    Damaged,

    /// <summary>The authentication code is not that of the bytes under the secret: changed, or planted.</summary>
    NotAuthentic,

    /// <summary>Authenticated although no secret was given to check it with, not authenticated although one was, or
    /// authenticated under a secret of another id.</summary>
    OtherKey,

    /// <summary>Bands where a codebook was expected, or the other way round.</summary>
    OtherKind,

    /// <summary>Learned for another model.</summary>
    OtherModel,

    /// <summary>Learned for another number of classes.</summary>
    OtherClasses,

    /// <summary>The bytes are as they were written, and what they say is not allowed: no such release can be learned.</summary>
    Malformed,
}
