using InferenceShield.Benchmarks.Ratios;
using InferenceShield.Benchmarks.Suites;

namespace InferenceShield.Benchmarks.Hardening;

/// <summary>The default plans of guarded and restricted callers against the same written by a careful user: how many times faster.</summary>
internal static class PostureRatios
{
    private const string Notes =
        """
        The same answers, bit for bit. By hand: rows checked, TensorPrimitives softmax with the largest subtracted, LINQ for the second
        label and the answer, no admission, nothing counted. Harden checks the admission and counts the answer and its label
        besides, and the confidence: of a label alone, that of one row in 64.
        """;

    public static void Run(TextWriter output)
    {
        List<GroupTimes> results = [];
        foreach (int classes in (int[])[10, 1000])
        {
            double goal = classes == 10 ? 1.0 / 5 : 1.0 / 10;
            PostureBenchmarks guarded = new() { Classes = classes };
            results.Add(PairedHarness.Measure(new RatioGroup($"Guarded, one row of {classes:N0} logits", guarded,
            [
                new Candidate("by hand: TensorPrimitives and LINQ", guarded.CarefulGuarded),
                new Candidate("Harden", guarded.HardenGuarded, goal),
                new Candidate("the plan by itself", guarded.PlanGuarded),
            ], Notes)));
            PostureBenchmarks restricted = new() { Classes = classes };
            results.Add(PairedHarness.Measure(new RatioGroup($"Restricted, one row of {classes:N0} logits", restricted,
            [
                new Candidate("by hand: TensorPrimitives and LINQ", restricted.CarefulRestricted),
                new Candidate("Harden", restricted.HardenRestricted, goal),
                new Candidate("the plan by itself", restricted.PlanRestricted),
            ], Notes)));
        }

        output.WriteLine(RatioReport.Write([results], asSpeedUp: true));
    }
}
