using System.Runtime.CompilerServices;
using BenchmarkDotNet.Parameters;
using BenchmarkDotNet.Running;
using InferenceShield.Benchmarks.Suites;

namespace InferenceShield.Benchmarks.Gate;

/// <summary>Counts to the byte what a benchmark allocates on its own thread.</summary>
internal static class AllocationCounter
{
    private const int WarmUpOperations = 2_000;
    private const int Operations = 10_000;

    public static AllocationCount Count(BenchmarkCase benchmark)
    {
        BenchmarkSuite suite = (BenchmarkSuite)Activator.CreateInstance(benchmark.Descriptor.Type)!;
        foreach (ParameterInstance parameter in benchmark.Parameters.Items)
        {
            benchmark.Descriptor.Type.GetProperty(parameter.Name)!.SetValue(suite, parameter.Value);
        }

        suite.SetUp();
        Action operation = benchmark.Descriptor.WorkloadMethod.CreateDelegate<Action>(suite);
        Repeat(operation, WarmUpOperations);

        // A background collection that the setup started would retire this thread's allocation context when it ends, and
        // the context's unused rest (up to 8 KB) would count as allocated. A blocking collection waits for it.
        GC.Collect();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Repeat(operation, Operations);
        long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        suite.CleanUp();
        return new AllocationCount(bytes, Operations);
    }

    /// <summary>Compiled once and for all: replacing a running loop by a better one (OSR) may allocate on its thread.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Repeat(Action operation, int times)
    {
        for (int i = 0; i < times; i++)
        {
            operation();
        }
    }
}
