namespace InferenceShield;

/// <summary>What a segment says of itself.</summary>
internal readonly record struct EvidenceHeader
{
    /// <summary>When it was begun, in milliseconds since 1970.</summary>
    public long Start { get; init; }

    /// <summary>Random, the same for all segments that one shield writes.</summary>
    public byte[] Run { get; init; }

    /// <summary>Its place in the run, from 0.</summary>
    public int Place { get; init; }

    /// <summary>The last tag of the segment before it in the run; 0 for the first.</summary>
    public byte[] Before { get; init; }

    /// <summary>Random; its key hangs on it.</summary>
    public byte[] Salt { get; init; }

    /// <summary>Whether a caller was erased.</summary>
    public bool IsRewritten { get; init; }
}
