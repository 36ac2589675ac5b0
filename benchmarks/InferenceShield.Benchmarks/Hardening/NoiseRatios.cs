using InferenceShield.Benchmarks.Ratios;
using InferenceShield.Benchmarks.Suites;

namespace InferenceShield.Benchmarks.Hardening;

/// <summary>Keyed noise against noise that is drawn: how many times as long each takes as the fused kernel with uniform noise.</summary>
internal static class NoiseRatios
{
    private const string Notes =
        "Fused: the kernel of wide rows in floats; like the hand-written ones it rounds to four decimals and divides by the sum, but it keeps the label strictly in front and its noise is keyed. "
        + "Step: the noise step of the library alone, in double, under an L1 budget. Full: the library's whole path, with a sum of exactly 1 on the decimal grid, which no other row promises.";

    public static void Run(TextWriter output)
    {
        List<GroupTimes> results = [.. ((int[])[10, 100, 1000, 32_768, 131_072]).Select(classes => PairedHarness.Measure(MakeGroup(classes)))];
        output.WriteLine(RatioReport.Write([results], asSpeedUp: false));
    }

    private static RatioGroup MakeGroup(int classes)
    {
        NoiseBenchmarks suite = new() { Classes = classes };
        return new RatioGroup($"Noise on {classes:N0} classes", suite,
        [
            new Candidate("fused, uniform", suite.FusedUniform),
            new Candidate("fused, Laplace", suite.FusedLaplace),
            new Candidate("fused, Gaussian", suite.FusedGaussian),
            new Candidate("step alone, uniform", suite.StepUniform),
            new Candidate("step alone, Gaussian", suite.StepGaussian),
            new Candidate("full, uniform", suite.Full),
            new Candidate("LINQ, Gaussian", suite.LinqGaussian),
            new Candidate("scalar loop, Gaussian", suite.LoopGaussian),
            new Candidate("scalar loop, uniform", suite.LoopUniform),
            new Candidate("TensorPrimitives, noise for free", suite.Tensors),
        ], Notes);
    }
}
