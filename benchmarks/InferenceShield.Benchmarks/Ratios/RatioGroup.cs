using InferenceShield.Benchmarks.Suites;

namespace InferenceShield.Benchmarks.Ratios;

/// <summary>Candidates that are compared with each other in one run; the first one is the baseline.</summary>
/// <param name="Name">The heading of its table.</param>
/// <param name="Suite">Owns what the candidates use.</param>
/// <param name="Candidates">The baseline and those compared with it.</param>
/// <param name="Notes">What the candidates do, where their names do not say it.</param>
internal sealed record RatioGroup(string Name, BenchmarkSuite Suite, IReadOnlyList<Candidate> Candidates, string Notes = "");
