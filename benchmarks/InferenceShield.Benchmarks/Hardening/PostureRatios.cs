using InferenceShield.Benchmarks.Ratios;
using InferenceShield.Benchmarks.Suites;

namespace InferenceShield.Benchmarks.Hardening;

/// <summary>The default plans of guarded and restricted callers against the same written by a careful user: how many times faster.</summary>
internal static class PostureRatios
{
    private const string Notes =
        """
        The same answers, bit for bit. By hand: rows checked, TensorPrimitives softmax with the largest subtracted, LINQ for the second
        label and the answer, no admission, nothing counted. Harden checks the admission and counts the answer, its label and its
        confidence besides.
        """;

    public static void Run(TextWriter output)
    {
        List<GroupTimes> results = [];
        foreach (int classes in (int[])[10, 1000])
        {
            PostureBenchmarks suite = new() { Classes = classes };
            suite.SetUp();
            double goal = classes == 10 ? 1.0 / 5 : 1.0 / 10;
            results.Add(PairedHarness.Measure(new RatioGroup($"Guarded, one row of {classes:N0} logits", suite,
            [
                new Candidate("by hand: TensorPrimitives and LINQ", suite.CarefulGuarded),
                new Candidate("Harden", suite.HardenGuarded, goal),
                new Candidate("the plan by itself", suite.PlanGuarded),
            ], Notes)));
            results.Add(PairedHarness.Measure(new RatioGroup($"Restricted, one row of {classes:N0} logits", suite,
            [
                new Candidate("by hand: TensorPrimitives and LINQ", suite.CarefulRestricted),
                new Candidate("Harden", suite.HardenRestricted, goal),
                new Candidate("the plan by itself", suite.PlanRestricted),
            ], Notes)));
        }

        output.WriteLine(RatioReport.Write([results], asSpeedUp: true));
    }
}
