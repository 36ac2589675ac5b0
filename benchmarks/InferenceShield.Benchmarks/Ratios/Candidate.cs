namespace InferenceShield.Benchmarks.Ratios;

/// <summary>One way to do the work of a group.</summary>
/// <param name="Name">Its row in the table.</param>
/// <param name="Operation">Does the work <paramref name="Calls"/> times.</param>
/// <param name="Goal">The ratio to the baseline that it should not exceed; null if there is none.</param>
/// <param name="Stretch">The ratio it would be good to reach.</param>
/// <param name="Calls">More than 1 for work so short that calling the delegate would be a good part of it.</param>
internal sealed record Candidate(string Name, Action Operation, double? Goal = null, double? Stretch = null, int Calls = 1);
