namespace InferenceShield.Tool;

/// <summary>How a served model is asked.</summary>
internal sealed record EndpointRequest
{
    public bool IsAuthorised { get; init; }

    public bool AllowRemote { get; init; }

    /// <summary>Environment variable with the key of a served model.</summary>
    public string? ApiKeyVariable { get; init; }

    public string? ApiKeyHeader { get; init; }

    public int TimeoutSeconds { get; init; } = 30;

    public int RowsPerCall { get; init; } = 32;
}
