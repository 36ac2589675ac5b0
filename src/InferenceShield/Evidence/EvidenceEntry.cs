namespace InferenceShield;

/// <summary>What stands for one marked query in a segment: its record, or, where its caller was erased, its leaf alone.</summary>
internal readonly ref struct EvidenceEntry
{
    /// <summary>Its place in the segment, from 0. Erasing moves none.</summary>
    public long Place { get; init; }

    /// <summary>As it was written; empty if it was erased.</summary>
    public ReadOnlySpan<byte> Record { get; init; }

    /// <summary>Of a kept record in a segment that was rewritten; else empty, and follows from the segment's key and the place.</summary>
    public ReadOnlySpan<byte> Salt { get; init; }

    /// <summary>What is left of a record that was erased; else empty.</summary>
    public ReadOnlySpan<byte> Leaf { get; init; }

    /// <summary>Whether its caller was erased.</summary>
    public bool IsErased => Record.IsEmpty;
}
