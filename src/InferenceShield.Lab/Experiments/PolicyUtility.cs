namespace InferenceShield.Lab;

/// <summary>What a policy costs honest users: released answers against clean ones, on the test rows; means over a plan's seeds.</summary>
/// <param name="Setup">On what it was measured.</param>
/// <param name="Policy">The policy.</param>
/// <param name="TopChanged">Share of rows whose label is another one, or no longer strictly ahead.</param>
/// <param name="Distance">Mean L1 distance, 0 to 2.</param>
/// <param name="Accuracy">Share of rows whose released label is the true one; null without labels.</param>
/// <param name="CalibrationError">Expected calibration error; null without labels.</param>
/// <param name="Separation">Area under the ROC curve of telling right answers from wrong ones by their confidence; null without labels.</param>
public sealed record PolicyUtility(
    string Setup, string Policy, double TopChanged, double Distance, double? Accuracy, double? CalibrationError, double? Separation)
{
    /// <summary>Measures every policy of a plan.</summary>
    internal static IEnumerable<PolicyUtility> Measure(AuditPlan plan, CancellationToken cancellationToken)
    {
        foreach (ExtractionSetup setup in plan.Setups)
        {
            int classes = setup.Target.ClassCount;
            float[] clean = new float[setup.Test.Count * classes];
            float[] released = new float[clean.Length];
            setup.Target.Classify(setup.Test.Values.Span, clean);
            foreach (ReleasePolicy policy in plan.Policies)
            {
                List<UtilityMetrics> seeds = [];
                foreach (ulong seed in plan.Seeds)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    policy.Create(seed).Apply(setup.Test.Values.Span, clean, classes, released);
                    seeds.Add(UtilityMetrics.Measure(clean, released, setup.Test.Labels.Span, classes));
                }

                yield return new PolicyUtility(
                    setup.Name,
                    policy.Name,
                    seeds.Average(one => one.TopChanged),
                    seeds.Average(one => one.MeanDistance),
                    seeds.Average(one => one.Accuracy),
                    seeds.Average(one => one.CalibrationError),
                    seeds.Average(one => one.Separation));
            }
        }
    }
}
