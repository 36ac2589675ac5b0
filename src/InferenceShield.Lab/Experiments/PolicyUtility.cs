using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>What a policy costs honest users: released answers against clean ones, on the test rows.</summary>
/// <param name="Setup">On what it was measured.</param>
/// <param name="Policy">The policy.</param>
/// <param name="TopOneChanged">Share of rows whose label is another one.</param>
/// <param name="Distance">Mean L1 distance, 0 to 2.</param>
/// <param name="Accuracy">Share of rows whose released label is the true one; null without labels.</param>
public sealed record PolicyUtility(string Setup, string Policy, double TopOneChanged, double Distance, double? Accuracy)
{
    /// <summary>Measures every policy of a plan, as the mean over its seeds.</summary>
    internal static IEnumerable<PolicyUtility> Measure(AuditPlan plan, CancellationToken cancellationToken)
    {
        foreach (ExtractionSetup setup in plan.Setups)
        {
            float[] clean = new float[setup.Test.Count * setup.Target.ClassCount];
            setup.Target.Classify(setup.Test.Values.Span, clean);
            foreach (ReleasePolicy policy in plan.Policies)
            {
                cancellationToken.ThrowIfCancellationRequested();
                PolicyUtility[] seeds = [.. plan.Seeds.Select(seed => Measure(setup, policy, seed, clean))];
                yield return seeds[0] with
                {
                    TopOneChanged = seeds.Average(one => one.TopOneChanged),
                    Distance = seeds.Average(one => one.Distance),
                    Accuracy = seeds.Average(one => one.Accuracy),
                };
            }
        }
    }

    private static PolicyUtility Measure(ExtractionSetup setup, ReleasePolicy policy, ulong seed, float[] clean)
    {
        int classes = setup.Target.ClassCount;
        float[] released = new float[clean.Length];
        policy.Create(seed).Apply(setup.Test.Values.Span, clean, classes, released);
        int rows = setup.Test.Count;
        int changed = 0;
        int right = 0;
        double distance = 0;
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<float> before = clean.AsSpan(row * classes, classes);
            ReadOnlySpan<float> after = released.AsSpan(row * classes, classes);
            int top = TensorPrimitives.IndexOfMax(after);
            changed += top == TensorPrimitives.IndexOfMax(before) ? 0 : 1;
            right += setup.Test.HasLabels && top == setup.Test.Labels.Span[row] ? 1 : 0;
            for (int i = 0; i < classes; i++)
            {
                distance += Math.Abs(before[i] - after[i]);
            }
        }

        return new PolicyUtility(setup.Name, policy.Name, (double)changed / rows, distance / rows, setup.Test.HasLabels ? (double)right / rows : null);
    }
}
