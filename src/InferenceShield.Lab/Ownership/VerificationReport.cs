namespace InferenceShield.Lab;

/// <summary>What a verification of one suspect found.</summary>
public sealed record VerificationReport
{
    /// <summary>The protected model's name.</summary>
    public required string Model { get; init; }

    /// <summary>What the suspect was called by who asked: a file's name, or a host and path.</summary>
    public required string Suspect { get; init; }

    /// <summary>What tells the suspect from others of its name: the SHA-256 of its file, or its address; empty where who asked gave none.</summary>
    public string SuspectIdentity { get; init; } = "";

    /// <summary>The id of the commitment that the key opened; empty for none.</summary>
    public string Commitment { get; init; } = "";

    /// <summary>The ids of the claimant's other commitments to marks of the same model, as he declares them: keys that may have been tried beside this one.</summary>
    public IReadOnlyList<string> OtherCommitments { get; init; } = [];

    /// <summary>The stamped list that the queries are bound to; null for none, so that they could have been chosen by their answers.</summary>
    public EvidenceBinding? Binding { get; init; }

    /// <summary>When, in UTC.</summary>
    public DateTimeOffset Time { get; init; }

    /// <summary>The library's version.</summary>
    public string Version { get; init; } = "";

    /// <summary>Seed of everything that was drawn.</summary>
    public ulong Seed { get; init; }

    /// <summary>The tests.</summary>
    public required IReadOnlyList<OwnershipTestResult> Tests { get; init; }

    /// <summary>All tests together, multiplied by the keys that were declared and by <see cref="EvidenceBinding.Choices"/>.</summary>
    public double CombinedPValue { get; init; }

    /// <summary>How they were combined, and why that is valid.</summary>
    public string Combination { get; init; } = "";

    /// <summary>The verdict.</summary>
    public OwnershipVerdict Verdict { get; init; }

    /// <summary>The verdict in words, for who is no statistician.</summary>
    public required string Words { get; init; }

    /// <summary>What it does not prove.</summary>
    public required IReadOnlyList<string> Limits { get; init; }

    /// <summary>Queries that the suspect was asked.</summary>
    public int Queries { get; init; }

    /// <summary>Control models, by name.</summary>
    public IReadOnlyList<string> Controls { get; init; } = [];

    /// <summary>What has to be said of the asking: which class is which, what was kept from before, why it ended.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Who was given the marked answers that were tested, most first; empty where no list of marked queries was given.</summary>
    public IReadOnlyList<CallerAttribution> Callers { get; init; } = [];

    /// <summary>What the p-values follow from, for a dossier; null where the report was read from a file.</summary>
    internal VerificationRecord? Record { get; init; }
}
