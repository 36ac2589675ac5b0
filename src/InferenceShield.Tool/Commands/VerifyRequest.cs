namespace InferenceShield.Tool;

/// <summary>What <c>verify</c> was asked for.</summary>
internal sealed record VerifyRequest(IReadOnlyList<string> Suspects, string Model)
{
    public string? Queries { get; init; }

    public string? Evidence { get; init; }

    /// <summary>The digest that the list has to fit; null for none.</summary>
    public string? Digest { get; init; }

    /// <summary>Roots of timestamp authorities, for the digest's stamp; null not to check them.</summary>
    public string? StampRoots { get; init; }

    /// <summary>Since when the suspect is known, as a day or a time in UTC; null where that is not said.</summary>
    public string? SuspectSince { get; init; }

    /// <summary>The claimant's other commitments to marks of the model.</summary>
    public IReadOnlyList<string> OtherCommitments { get; init; } = [];

    /// <summary>Whose queries of the list are asked; null for all.</summary>
    public string? Caller { get; init; }

    /// <summary>A file of a suspect's texts as token ids, in the place of suspects; null for none.</summary>
    public string? Tokens { get; init; }

    /// <summary>Whether agreement is compared with that of controls, for a model that may never have been marked.</summary>
    public bool Fingerprint { get; init; }

    /// <summary>Whether nothing is said of marks: then the fingerprint is the only test.</summary>
    public bool IsUnmarked => Fingerprint && Policy is null && Commitment is null && SecretVariable is null && MarkKeyFile is null && Queries is null && Evidence is null;

    public string Scale { get; init; } = "auto";

    /// <summary>Of the target.</summary>
    public string? Output { get; init; }

    public OutputKind? Kind { get; init; }

    public string? SuspectOutput { get; init; }

    public string? Policy { get; init; }

    public string? ModelName { get; init; }

    /// <summary>Whose answers are tested; null for that of most rows of the list, else normal callers'.</summary>
    public Posture? Posture { get; init; }

    public string? SecretVariable { get; init; }

    public string? MarkKeyFile { get; init; }

    public string? Commitment { get; init; }

    public string? Opening { get; init; }

    public string? InputSpace { get; init; }

    public IReadOnlyList<string> Controls { get; init; } = [];

    public int TrainControls { get; init; }

    public string? ControlData { get; init; }

    public string? ControlLabels { get; init; }

    public string? LabelColumn { get; init; }

    public string? ClassMap { get; init; }

    public bool LabelOnly { get; init; }

    public bool Plan { get; init; }

    public bool Resume { get; init; }

    public bool Json { get; init; }

    public string OutputFolder { get; init; } = "inference-shield-verification";

    public int? RandomKeys { get; init; }

    public double? WantedPValue { get; init; }

    public double ExpectedMatch { get; init; } = 0.7;

    public int? MostQueries { get; init; }

    public EndpointRequest Endpoint { get; init; } = new();
}
