namespace InferenceShield.Lab;

/// <summary>One line of a table: a policy, an attack and a budget, over all seeds.</summary>
/// <param name="Setup">What was stolen.</param>
/// <param name="Policy">The policy in force.</param>
/// <param name="Attack">The attack.</param>
/// <param name="Budget">Queries.</param>
/// <param name="Agreement">Agreement of the copy with the clean target, 0 to 1.</param>
/// <param name="Accuracy">Accuracy of the copy, 0 to 1; null without labels.</param>
/// <param name="Distance">Mean L1 distance of the copy from the clean target, 0 to 2.</param>
/// <param name="Cost">Against the same attack on the policy "none"; null where the plan lacks it. Intervals are those over seeds.</param>
public sealed record AuditRow(
    string Setup, string Policy, string Attack, int Budget, Interval Agreement, Interval? Accuracy, Interval Distance, CostMultiplier? Cost);
