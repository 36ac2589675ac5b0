namespace InferenceShield;

/// <summary>The list of marked queries that verification needs. See docs/evidence.md.</summary>
public sealed class EvidenceOptions
{
    /// <summary>The file to keep it in.</summary>
    /// <value>The default, <see langword="null"/>, keeps none.</value>
    public string? File { get; set; }
}
