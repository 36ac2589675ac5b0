namespace InferenceShield;

/// <summary>What marks did to one row: for the ledger and the evidence list.</summary>
internal struct MarkedRow
{
    /// <summary>Those that the row carries.</summary>
    public MarkKinds Kinds;

    /// <summary>The clean leading class; -1 of an answer without classes.</summary>
    public int Clean;

    /// <summary>The leading class of the released answer.</summary>
    public int Released;

    /// <summary>The other label of a near tie, or the trap's number; else -1.</summary>
    public int Other;

    /// <summary>A marked answer without classes: an embedding, or a row of tokens.</summary>
    public static MarkedRow WithoutClasses(MarkKinds kind) => new() { Kinds = kind, Clean = -1, Released = -1, Other = -1 };

    /// <summary>Whether the list of marked queries takes it. Not rows of tokens: their mark is found in texts, without knowing what was asked.</summary>
    public readonly bool IsListed => (Kinds & ~(MarkKinds.GreenList | MarkKinds.Tournament)) != MarkKinds.None;

    /// <summary>Whether the label was moved.</summary>
    public readonly bool IsMoved => Clean != Released;
}
