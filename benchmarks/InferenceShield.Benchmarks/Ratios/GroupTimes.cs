namespace InferenceShield.Benchmarks.Ratios;

/// <summary>What one launch has measured of a group.</summary>
/// <param name="Name">The group.</param>
/// <param name="Notes">What stands above its table; empty for nothing.</param>
/// <param name="Candidates">In the order of the group.</param>
/// <param name="Interrupted">The share of batches that had to be kept although another process had the processor for a while.</param>
internal sealed record GroupTimes(string Name, string Notes, IReadOnlyList<CandidateTimes> Candidates, double Interrupted);
