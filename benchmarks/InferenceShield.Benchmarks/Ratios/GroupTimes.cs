namespace InferenceShield.Benchmarks.Ratios;

/// <summary>What one launch has measured of a group, in the order of its candidates.</summary>
internal sealed record GroupTimes(string Name, IReadOnlyList<CandidateTimes> Candidates);
