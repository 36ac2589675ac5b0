using System.Globalization;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Filters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using InferenceShield.Benchmarks.Suites;
using InferenceShield.Benchmarks.Support;
using Perfolizer.Horology;

namespace InferenceShield.Benchmarks.Gate;

/// <summary>Fails if a benchmark allocates other than gate.json says. Time is shown and never fails.</summary>
/// <remarks>BenchmarkDotNet gives the times and warms the code up. What decides is <see cref="AllocationCounter"/>: BenchmarkDotNet's
/// own figure counts all threads of the process, drops the first 8 KB and rounds down, so it is only shown.</remarks>
internal static class GateCommand
{
    private static readonly Type[] s_suites =
        [typeof(AdmissionBenchmarks), typeof(CallerBenchmarks), typeof(HardeningBenchmarks), typeof(PostureBenchmarks), typeof(SessionBenchmarks), typeof(AnswerCacheBenchmarks), typeof(DetectionBenchmarks),
            typeof(MarkBenchmarks), typeof(InputMarkBenchmarks), typeof(VectorMarkBenchmarks)];

    public static int Run(string[] arguments)
    {
        if (arguments.Length != 0)
        {
            Console.Error.WriteLine("Usage: gate (no arguments)");
            return 2;
        }

        List<GateResult> results = [];
        foreach (Type suite in s_suites)
        {
            AccumulationLogger log = new();
            Summary summary = BenchmarkRunner.Run(BenchmarkConverter.TypeToBenchmarks(suite, MakeConfig(log)));
            if (summary.HasCriticalValidationErrors || summary.Reports.Any(report => !report.Success || report.ResultStatistics is null))
            {
                Console.Error.WriteLine(log.GetLog());
                Console.Error.WriteLine($"{suite.Name} failed: BenchmarkDotNet's log is above.");
                return 1;
            }

            results.AddRange(summary.Reports.Select(Measure));
        }

        return Report(results, GateFile.Read(BenchmarkFiles.Gate));
    }

    private static ManualConfig MakeConfig(ILogger log) => ManualConfig.CreateEmpty()
        .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance).WithIterationTime(TimeInterval.FromMilliseconds(100)))
        .AddDiagnoser(MemoryDiagnoser.Default)
        .AddFilter(new AnyCategoriesFilter([BenchmarkSuite.Gate]))
        .AddColumnProvider(BenchmarkDotNet.Columns.DefaultColumnProviders.Instance)
        .AddLogger(log)
        .WithArtifactsPath(BenchmarkFiles.Artifacts)
        .WithOptions(ConfigOptions.DisableLogFile);

    private static GateResult Measure(BenchmarkReport report) => new(
        GateResult.NameOf(report.BenchmarkCase),
        AllocationCounter.Count(report.BenchmarkCase),
        report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase),
        report.ResultStatistics!.Median);

    private static int Report(List<GateResult> results, IReadOnlyDictionary<string, long> allowed)
    {
        int width = results.Max(result => result.Name.Length);
        Console.WriteLine($"{"benchmark".PadRight(width)} {"ns/op",12} {"B/op",8} {"allowed",8} {"BDN B/op",8}");
        int faults = 0;
        foreach (GateResult result in results)
        {
            bool known = allowed.TryGetValue(result.Name, out long bytes);
            string verdict = !known ? "not in gate.json" : result.Allocated.IsExactly(bytes) ? "" : "DIFFERS";
            faults += verdict.Length == 0 ? 0 : 1;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{result.Name.PadRight(width)} {result.Nanoseconds,12:N1} {result.Allocated.PerOperation,8:0.####} {(known ? bytes : null),8} {result.ReportedBytes,8} {verdict}").TrimEnd());
        }

        foreach (string missing in allowed.Keys.Except(results.Select(result => result.Name)))
        {
            faults++;
            Console.WriteLine($"{missing.PadRight(width)} is in gate.json but was not run");
        }

        Console.WriteLine(faults == 0
            ? $"Allocation gate: all {results.Count} benchmarks allocate exactly what gate.json says."
            : $"Allocation gate: {faults} of {results.Count} benchmarks differ from gate.json.");
        return faults == 0 ? 0 : 1;
    }
}
