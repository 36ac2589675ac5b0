using InferenceShield.Benchmarks.Ratios;
using InferenceShield.Benchmarks.Suites;

namespace InferenceShield.Benchmarks.Hardening;

/// <summary>The default plan against the same written by hand, and the shortest answers against the traffic of four passes.</summary>
internal static class RoundingRatios
{
    public static void Run(TextWriter output)
    {
        List<GroupTimes> results = [];
        foreach ((int classes, double? goal) in ((int, double?)[])[(10, 1 / 5.0), (100, null), (1000, 1 / 10.0)])
        {
            results.Add(PairedHarness.Measure(MakeDefaultGroup(classes, goal)));
            results.Add(PairedHarness.Measure(MakeShortestGroup(classes)));
        }

        output.WriteLine(RatioReport.Write([results], asSpeedUp: false));
    }

    private static RatioGroup MakeDefaultGroup(int classes, double? goal)
    {
        RoundingBenchmarks suite = new() { Classes = classes };
        return new RatioGroup(
            $"The default plan, {classes:N0} classes",
            suite,
            [
                new Candidate("TensorPrimitives and LINQ, with the same promises", suite.Careful),
                new Candidate("the default plan", suite.Normal, goal),
                new Candidate("LINQ softmax, rounded, without the promises", suite.Naive),
            ]);
    }

    private static RatioGroup MakeShortestGroup(int classes)
    {
        RoundingBenchmarks suite = new() { Classes = classes };
        return new RatioGroup(
            $"Label only and leading three, {classes:N0} classes",
            suite,
            [
                new Candidate("four passes over the row, nothing else", suite.FourPasses),
                new Candidate("label only", suite.LabelOnly, classes == 1000 ? 1 : null),
                new Candidate("leading three", suite.LeadingThree, classes == 1000 ? 1 : null),
            ]);
    }
}
