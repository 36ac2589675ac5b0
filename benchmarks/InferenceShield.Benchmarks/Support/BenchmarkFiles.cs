using InferenceShield.Samples;

namespace InferenceShield.Benchmarks.Support;

/// <summary>Where things lie in the checkout.</summary>
internal static class BenchmarkFiles
{
    /// <summary>What BenchmarkDotNet writes; not committed.</summary>
    public static string Artifacts => Path.Combine(SampleFiles.FindRoot(), "artifacts", "benchmarks");

    /// <summary>The bytes that the gate allows.</summary>
    public static string Gate => Path.Combine(SampleFiles.FindRoot(), "benchmarks", "gate.json");
}
