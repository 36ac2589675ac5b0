namespace InferenceShield.Lab;

/// <summary>How many times as many queries a policy makes a thief spend for the same agreement as he has without a shield.</summary>
/// <param name="Value">Queries under the policy by queries without; 1 costs nothing, below 1 the policy helps the thief.</param>
/// <param name="Bound">Whether it was found between measured budgets, or lies beyond them and is a bound.</param>
public readonly record struct CostMultiplier(double Value, CostBound Bound);
