namespace InferenceShield.Tool;

/// <summary>What the answers of an output leak under a policy.</summary>
internal sealed record LeakVerdict(string Output, string Policy, IReadOnlyList<LeakFinding> Findings, int DistinctAnswers, int Answers);
