namespace InferenceShield.Lab;

/// <summary>What goes into a dossier.</summary>
public sealed record DossierContent
{
    /// <summary>The commitment that the reports' key opened.</summary>
    public required OwnershipCommitment Commitment { get; init; }

    /// <summary>One for each suspect, as <see cref="OwnershipVerifier"/> gave them, all under this commitment.</summary>
    public required IReadOnlyList<VerificationReport> Reports { get; init; }

    /// <summary>What opens the commitment, so that who is shown the mark key can check it.</summary>
    /// <value>The default, <see langword="null"/>, leaves it out.</value>
    public CommitmentOpening? Opening { get; init; }

    /// <summary>The bytes of the .tsq file.</summary>
    /// <value>The default is none. Given together with <see cref="TimestampResponse"/>.</value>
    public ReadOnlyMemory<byte> TimestampRequest { get; init; }

    /// <summary>The bytes of the .tsr file.</summary>
    /// <value>The default is none.</value>
    public ReadOnlyMemory<byte> TimestampResponse { get; init; }

    /// <summary>The list of marked queries, as <see cref="EvidenceOptions.File"/> names it. Only the SHA-256 of its segments go in.</summary>
    /// <value>The default, <see langword="null"/>, is none.</value>
    public string? EvidenceFile { get; init; }

    /// <summary>The digest that the reports' queries are bound to.</summary>
    /// <value>The default, <see langword="null"/>, is none. Needed if a report is bound to one.</value>
    public EvidenceDigest? EvidenceDigest { get; init; }

    /// <summary>The bytes of the digest's .tsq file.</summary>
    /// <value>The default is none. Given together with <see cref="EvidenceTimestampResponse"/>.</value>
    public ReadOnlyMemory<byte> EvidenceTimestampRequest { get; init; }

    /// <summary>The bytes of the digest's .tsr file.</summary>
    /// <value>The default is none.</value>
    public ReadOnlyMemory<byte> EvidenceTimestampResponse { get; init; }

    /// <summary>The queries themselves, as a file's bytes.</summary>
    /// <value>The default is none: they may be somebody's.</value>
    public ReadOnlyMemory<byte> Inputs { get; init; }
}
