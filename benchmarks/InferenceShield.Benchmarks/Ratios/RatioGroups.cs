using InferenceShield.Benchmarks.Suites;
using InferenceShield.Benchmarks.Support;

namespace InferenceShield.Benchmarks.Ratios;

/// <summary>What is compared with what.</summary>
internal static class RatioGroups
{
    private const string Shielded = "ShieldedSession.Run";

    /// <summary>Makes the groups one after another, so that only one is in memory.</summary>
    public static IEnumerable<RatioGroup> MakeAll()
    {
        yield return MakeSession("MatMul 64x10, batch 1", BenchmarkModel.MatMul, goal: 1.15, stretch: 1.00);
        yield return MakeSession("fashion-cnn.onnx, batch 1", BenchmarkModel.FashionCnn, goal: 1.03, stretch: 1.01);
        yield return MakeSession("fashion.onnx, batch 1", BenchmarkModel.Fashion, goal: 1.03, stretch: 1.01);
        yield return MakeAnswerCache();
        yield return MakeAdmission();
        foreach (int classes in (int[])[10, 100, 1000])
        {
            yield return MakeHardening(classes);
        }
    }

    private static RatioGroup MakeSession(string name, string model, double goal, double stretch)
    {
        SessionBenchmarks suite = new() { Model = model };
        return new RatioGroup(name, suite,
        [
            new Candidate("InferenceSession.Run, preallocated", suite.Run),
            new Candidate("InferenceSession.RunWithBinding, reused", suite.RunWithBinding),
            new Candidate(Shielded, suite.ShieldedRun, goal, stretch),
        ]);
    }

    private static RatioGroup MakeAnswerCache()
    {
        AnswerCacheBenchmarks suite = new();
        return new RatioGroup("Answer cache, fashion.onnx, batch 1", suite,
        [
            new Candidate(Shielded, suite.ShieldedRun),
            new Candidate("with a cache that has the answer", suite.ShieldedRunHit),
            new Candidate("with a cache that gets the answer", suite.ShieldedRunStored),
        ]);
    }

    private static RatioGroup MakeAdmission()
    {
        AdmissionBenchmarks suite = new();
        return new RatioGroup("Admission, one row of 64 numbers", suite,
        [
            new Candidate("by hand: token bucket in a dictionary, SHA-256 of the input", suite.Naive),
            new Candidate("IdentifyCaller + Admit", suite.IdentifyAndAdmit),
            new Candidate("Admit, caller's key kept", suite.Admit),
            new Candidate("Admit, refused", suite.AdmitRefused),
        ]);
    }

    private static RatioGroup MakeHardening(int classes)
    {
        HardeningBenchmarks suite = new() { Classes = classes };
        return new RatioGroup($"Hardening, one row of {classes:N0} logits", suite,
        [
            new Candidate("by hand: LINQ softmax, rounded", suite.Naive),
            new Candidate("Harden, logits", suite.HardenLogits),
            new Candidate("Harden, probabilities (no softmax to do)", suite.HardenProbabilities),
        ]);
    }
}
