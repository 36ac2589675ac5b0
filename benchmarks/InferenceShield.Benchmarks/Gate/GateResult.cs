using BenchmarkDotNet.Running;

namespace InferenceShield.Benchmarks.Gate;

/// <summary>What the gate has measured of one benchmark.</summary>
/// <param name="Name">Its name in gate.json.</param>
/// <param name="Allocated">What decides.</param>
/// <param name="ReportedBytes">Bytes for an operation according to BenchmarkDotNet.</param>
/// <param name="Nanoseconds">The median time of an operation.</param>
internal sealed record GateResult(string Name, AllocationCount Allocated, long? ReportedBytes, double Nanoseconds)
{
    /// <summary>For example <c>HardeningBenchmarks.HardenLogits [Classes=10]</c>.</summary>
    public static string NameOf(BenchmarkCase benchmark) =>
        $"{benchmark.Descriptor.Type.Name}.{benchmark.Descriptor.WorkloadMethod.Name} {benchmark.Parameters.DisplayInfo}".TrimEnd();
}
