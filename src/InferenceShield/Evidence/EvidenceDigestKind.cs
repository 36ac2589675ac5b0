namespace InferenceShield;

/// <summary>What the digest of a marked query's input was made by.</summary>
public enum EvidenceDigestKind
{
    /// <summary>There is none: the host gave the shield neither inputs nor digests.</summary>
    None = 0,

    /// <summary><see cref="Shield.Digest(InputSchema, ReadOnlySpan{byte})"/>, as a <c>ShieldedSession</c> does over all inputs of its model.</summary>
    Row = 1,

    /// <summary><see cref="Shield.ReadMarkInput"/>: of the numbers of the row, under the model's <see cref="MarkKey"/>.</summary>
    Mark = 2,
}
