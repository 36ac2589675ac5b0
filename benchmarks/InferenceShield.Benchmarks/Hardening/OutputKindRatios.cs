using InferenceShield.Benchmarks.Ratios;
using InferenceShield.Benchmarks.Suites;

namespace InferenceShield.Benchmarks.Hardening;

/// <summary>The transform of embeddings against a dense matrix, token logits against sorting and against memory.</summary>
internal static class OutputKindRatios
{
    public static void Run(TextWriter output)
    {
        List<GroupTimes> results = [];
        foreach (int dimension in (int[])[384, 768, 1536])
        {
            results.Add(PairedHarness.Measure(MakeEmbeddings(dimension)));
        }

        foreach (int vocabulary in (int[])[32_000, 131_072])
        {
            results.Add(PairedHarness.Measure(MakeTokens(vocabulary)));
        }

        output.WriteLine(RatioReport.Write([results], asSpeedUp: true));
    }

    private static RatioGroup MakeEmbeddings(int dimension)
    {
        EmbeddingBenchmarks suite = new() { Dimension = dimension };
        return new RatioGroup($"Embedding of {dimension:N0} numbers", suite,
        [
            new Candidate("dense matrix, TensorPrimitives.Dot for each row", suite.Dense),
            new Candidate("EmbeddingTransform.Apply", suite.Apply),
            new Candidate("EmbeddingTransform.Invert", suite.Invert),
            new Candidate("noise at a cosine budget, rounded", suite.Harden),
            new Candidate("the same with the transform in between", suite.HardenAndApply),
        ]);
    }

    private static RatioGroup MakeTokens(int vocabulary)
    {
        TokenLogitsBenchmarks suite = new() { Vocabulary = vocabulary };
        return new RatioGroup($"Token logits, {vocabulary:N0} tokens, the leading 20", suite,
        [
            new Candidate("by hand: log-softmax, all tokens sorted", suite.Sort),
            new Candidate("log-softmax by TensorPrimitives alone", suite.LogSoftmaxOnly),
            new Candidate("four passes over the row, read and written", suite.FourPasses),
            new Candidate("token logits, a row of the same shape", suite.Harden),
            new Candidate("token logits, pairs", suite.Select),
        ]);
    }
}
