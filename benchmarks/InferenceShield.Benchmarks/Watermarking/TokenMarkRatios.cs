using InferenceShield.Benchmarks.Ratios;
using InferenceShield.Benchmarks.Suites;

namespace InferenceShield.Benchmarks.Watermarking;

/// <summary>Marks of tokens against the same release without a mark.</summary>
internal static class TokenMarkRatios
{
    private const int Largest = 131_072;

    public static void Run(TextWriter output)
    {
        List<GroupTimes> results = [];
        foreach ((int vocabulary, double spread) in ((int, double)[])[(32_000, 3), (Largest, 3), (Largest, 1)])
        {
            double? goal = vocabulary == Largest ? 1.5 : null;
            TokenMarkBenchmarks suite = new() { Vocabulary = vocabulary, Spread = spread };
            results.Add(PairedHarness.Measure(new RatioGroup($"Token logits, {vocabulary:N0} tokens, logits with a standard deviation of {spread}", suite,
            [
                new Candidate("without a mark", suite.Unmarked),
                new Candidate("green list by the token before", suite.GreenList, goal),
                new Candidate("green list by a token's own hash", suite.SelfHashed, goal),
                new Candidate("tournament of 30 rounds", suite.Tournament, goal),
            ])));
        }

        output.WriteLine(RatioReport.Write([results], asSpeedUp: false));
    }
}
