using InferenceShield.Benchmarks.Ratios;
using InferenceShield.Benchmarks.Suites;

namespace InferenceShield.Benchmarks.Hardening;

/// <summary>What marks that live in inputs take of a row, beside its digest.</summary>
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
    }
}
