namespace InferenceShield.Lab;

/// <summary>How a suspect is asked; each as in <see cref="VerificationRequest"/>.</summary>
internal sealed record SuspectLabelRequest
{
    public IReadOnlyList<int>? ClassMap { get; init; }

    public int RowsPerCall { get; init; } = 32;

    public TimeSpan LongestWait { get; init; } = TimeSpan.FromMinutes(2);

    public string? AnswersFile { get; init; }

    public bool Resume { get; init; }
}
