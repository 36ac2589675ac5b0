namespace InferenceShield;

/// <summary>A marked query whose input was found again.</summary>
/// <param name="Row">The input's number among those that were given.</param>
/// <param name="Record">The query.</param>
public readonly record struct EvidenceMatch(int Row, EvidenceRecord Record);
