namespace InferenceShield;

/// <summary>Why a list of marked queries was refused.</summary>
public enum EvidenceFileFault
{
    /// <summary>Not told.</summary>
    None = 0,

    /// <summary>There is no such list.</summary>
    NotFound,

    /// <summary>It does not begin as a segment of a list does.</summary>
    NotAnEvidenceFile,

    /// <summary>Written in a version of the format that this library does not read.</summary>
    UnknownVersion,

    /// <summary>Cut within its header.</summary>
    Truncated,

    /// <summary>The header is not what was written under the key: changed, or planted.</summary>
    NotAuthentic,

    /// <summary>Of a secret with another id.</summary>
    OtherKey,

    /// <summary>Of another model.</summary>
    OtherModel,
}
