namespace InferenceShield;

/// <summary>A segment of a list of marked queries, as it was found when the list was opened.</summary>
public sealed record EvidenceSegment
{
    /// <summary>The path of its file.</summary>
    public required string Path { get; init; }

    /// <summary>When it was begun.</summary>
    public DateTimeOffset Start { get; init; }

    /// <summary>Marked queries that can be read.</summary>
    public long Records { get; init; }

    /// <summary>Queries of callers that were erased, of which a leaf is left.</summary>
    public long Erased { get; init; }

    /// <summary>Blocks that can be read.</summary>
    public int Blocks { get; init; }

    /// <summary>Whether its end was found, so that nothing is missing.</summary>
    public bool IsComplete { get; init; }

    /// <summary>Whether a caller was erased from the list after it was written.</summary>
    public bool IsRewritten { get; init; }

    /// <summary>What is missing, in words; null if nothing is.</summary>
    public string? Missing { get; init; }

    /// <summary>Entries that are read: fewer than there are where a digest covers fewer.</summary>
    internal long Most { get; init; } = long.MaxValue;

    internal EvidenceHeader Header { get; init; }

    internal byte[] LastTag { get; init; } = [];

    /// <summary>Bytes up to the last whole block, behind which nothing is read.</summary>
    internal long Length { get; init; }
}
