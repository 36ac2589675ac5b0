using InferenceShield.Benchmarks.Ratios;
using InferenceShield.Benchmarks.Suites;

namespace InferenceShield.Benchmarks.Hardening;

/// <summary>The answer of least information against a linear program and a ternary search: how many times as long they take.</summary>
internal static class LeastInformationRatios
{
    /// <summary>Above, the program's tableau has some 100 MB.</summary>
    private const int MostProgramClasses = 100;

    /// <summary>Above, phase one alone takes too long to be repeated a few thousand times.</summary>
    private const int MostPublishedClasses = 10;

    public static void Run(TextWriter output)
    {
        List<GroupTimes> results = [];
        foreach (double budget in (double[])[0.2, 1])
        {
            foreach (int classes in (int[])[10, 100, 1000])
            {
                results.Add(PairedHarness.Measure(MakeGroup(classes, budget)));
            }
        }

        output.WriteLine(RatioReport.Write([results], asSpeedUp: false));
    }

    private static RatioGroup MakeGroup(int classes, double budget)
    {
        LeastInformationBenchmarks suite = new() { Classes = classes, Budget = budget };
        suite.SetUp();
        List<Candidate> candidates =
        [
            new Candidate("exact", suite.Exact),
            new Candidate("exact, floats", suite.ExactFloats),
            new Candidate("exact, always by search", suite.Search),
            new Candidate("60 ternary steps", suite.Ternary),
        ];
        if (classes <= MostProgramClasses)
        {
            candidates.Add(new Candidate("linear program, started at the clean row", suite.LinearProgram));
        }

        if (classes <= MostPublishedClasses)
        {
            candidates.Add(new Candidate("linear program as published, two phases", suite.PublishedProgram));
        }

        return new RatioGroup(
            $"Least information, {classes:N0} classes, budget {budget}; a single move in {100 * suite.SingleMoves:0} % of the rows", suite, candidates);
    }
}
