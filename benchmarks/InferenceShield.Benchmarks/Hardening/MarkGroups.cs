using InferenceShield.Benchmarks.Ratios;
using InferenceShield.Benchmarks.Suites;

namespace InferenceShield.Benchmarks.Hardening;

/// <summary>What the near-tie mark adds to the answer to a guarded caller.</summary>
internal static class MarkGroups
{
    private const string Notes =
        """
        Harden with the default release of guarded callers; 3 of 64 rows are near ties. The same rows in the same order with the mark
        and without it.
        """;

    public static IEnumerable<RatioGroup> MakeAll()
    {
        foreach (int classes in (int[])[10, 26, 104, 1000])
        {
            MarkBenchmarks suite = new() { Classes = classes };
            yield return new RatioGroup($"Near-tie mark, one row of {classes:N0} logits", suite,
            [
                new Candidate("without marks", suite.HardenUnmarked),
                new Candidate("with the near-tie mark", suite.HardenMarked),
                new Candidate("without marks, copied and in place", suite.HardenUnmarkedInPlace),
                new Candidate("with the near-tie mark, copied and in place", suite.HardenMarkedInPlace),
            ], Notes);
        }
    }
}
