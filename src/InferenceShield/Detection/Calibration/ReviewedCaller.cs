namespace InferenceShield;

/// <summary>A caller of a log that looks like an attacker.</summary>
/// <param name="Pseudonym">Its name in the log.</param>
/// <param name="Queries">It asked in the log.</param>
/// <param name="Verdict">Why: of the Output family where that alarmed, else of the Full one.</param>
public sealed record ReviewedCaller(ulong Pseudonym, int Queries, DetectionVerdict Verdict);
