namespace InferenceShield.Lab;

/// <summary>Why a commitment, its opening, its timestamp or a dossier was refused.</summary>
public enum OwnershipFileFault
{
    /// <summary>It is none, is cut short, or holds what cannot be.</summary>
    Unreadable,

    /// <summary>It was written by a version that this one does not read.</summary>
    Version,

    /// <summary>Something of it was changed after it was signed, or the signature is another key's.</summary>
    Altered,

    /// <summary>It has run out.</summary>
    Expired,

    /// <summary>The mark key is not the one that was committed to, or the opening belongs to another commitment.</summary>
    NotOpened,

    /// <summary>The timestamp is not one of this commitment, or cannot be relied on.</summary>
    Timestamp,

    /// <summary>An archive with parts that are missing, too many, too large, or named as none may be.</summary>
    Archive,

    /// <summary>A list of marked queries is not the one that its digest was made of, or was altered since.</summary>
    OtherList,
}
