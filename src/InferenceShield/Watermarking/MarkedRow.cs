namespace InferenceShield;

/// <summary>What marks did to one row: for the ledger and the evidence list.</summary>
internal struct MarkedRow
{
    /// <summary>Those that the row carries.</summary>
    public MarkKinds Kinds;

    /// <summary>The clean leading class.</summary>
    public int Clean;

    /// <summary>The leading class of the released answer.</summary>
    public int Released;

    /// <summary>The other label of a near tie, or the trap's number; else -1.</summary>
    public int Other;

    /// <summary>Whether the label was moved.</summary>
    public readonly bool IsMoved => Clean != Released;
}
