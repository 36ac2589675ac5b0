namespace InferenceShield.Lab;

/// <summary>How many times as many queries a policy makes a thief spend for the same agreement as he has without a shield.</summary>
/// <param name="Value">The factor, at most <see cref="Cap"/>; below 1 the policy helps him.</param>
/// <param name="IsExtrapolated">Whether the agreement lies outside of what was measured without a shield, which makes the value a guess.</param>
public readonly record struct CostMultiplier(double Value, bool IsExtrapolated)
{
    /// <summary>No factor above it is told: so far outside of what was measured it would mean nothing.</summary>
    public const double Cap = 20;
}
