using InferenceShield.Benchmarks.Ratios;
using InferenceShield.Benchmarks.Suites;

namespace InferenceShield.Benchmarks.Hardening;

/// <summary>What marks that live in inputs take of a row, beside its digest, and what the direction mark adds to the answer of an embedding.</summary>
internal static class InputMarkGroups
{
    private const string Notes = "One row of float32 numbers; above 4,096 neighbours are summed first. The digest is SipHash-2-4 over its bytes, which ReadMarkInput takes too.";

    public static IEnumerable<RatioGroup> MakeAll()
    {
        foreach (int length in (int[])[784, 150_528])
        {
            InputMarkBenchmarks suite = new() { InputLength = length };
            yield return new RatioGroup($"Marks in inputs, one row of {length:N0} numbers", suite,
            [
                new Candidate("digest of the row", () => suite.Digest()),
                new Candidate("projection of the cosine mark", () => suite.ReadCosine()),
                new Candidate("trap", () => suite.ReadTraps()),
                new Candidate("ReadMarkInput: digest, cosine, payload and trap", () => suite.ReadMarkInput()),
            ], Notes);
        }

        foreach (int dimension in (int[])[64, 384, 768])
        {
            VectorMarkBenchmarks suite = new() { Dimension = dimension };
            yield return new RatioGroup($"Direction mark, an embedding of {dimension:N0} numbers", suite,
            [
                new Candidate("without a mark", suite.HardenUnmarked),
                new Candidate("with the direction mark, 16 directions", suite.HardenMarked),
            ], "Harden with the default release of normal callers, the same rows in the same order.");
        }
    }
}
