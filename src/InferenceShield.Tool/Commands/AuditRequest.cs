namespace InferenceShield.Tool;

/// <summary>What <c>audit</c> was asked for.</summary>
internal sealed record AuditRequest(string Model, string Data)
{
    public string? Labels { get; init; }

    public string? LabelColumn { get; init; }

    public string Scale { get; init; } = "auto";

    public string? Output { get; init; }

    public OutputKind? Kind { get; init; }

    public string? Policy { get; init; }

    public string? ModelName { get; init; }

    public string? SecretVariable { get; init; }

    public IReadOnlyList<string> Policies { get; init; } = [];

    public IReadOnlyList<string> Attacks { get; init; } = [];

    /// <summary>Empty for the two largest usual ones that the data allow.</summary>
    public IReadOnlyList<int> Budgets { get; init; } = [];

    public int Seeds { get; init; } = 3;

    /// <summary>Rows held out for measuring; null for a quarter, at most 2,000.</summary>
    public int? TestRows { get; init; }

    public IReadOnlyList<int> Hidden { get; init; } = [128];

    public string OutputFolder { get; init; } = "inference-shield-report";

    public IReadOnlyList<string> Gates { get; init; } = [];

    public bool Resume { get; init; }

    public bool Json { get; init; }

    public int Threads { get; init; }

    public EndpointRequest Endpoint { get; init; } = new();
}
