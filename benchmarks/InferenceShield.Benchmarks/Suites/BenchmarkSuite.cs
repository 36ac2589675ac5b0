using BenchmarkDotNet.Attributes;

namespace InferenceShield.Benchmarks.Suites;

/// <summary>Benchmarks that BenchmarkDotNet, the gate and the paired harness can all run: one call is one operation, without arguments or result.</summary>
[MemoryDiagnoser]
public abstract class BenchmarkSuite
{
    /// <summary>Marks the benchmarks whose bytes are fixed by gate.json.</summary>
    public const string Gate = nameof(Gate);

    [GlobalSetup]
    public void SetUp() => Prepare();

    /// <summary>Fails if something else was measured than should have been.</summary>
    [GlobalCleanup]
    public void CleanUp() => Finish();

    protected abstract void Prepare();

    protected abstract void Finish();
}
