namespace InferenceShield.Lab;

/// <summary>What a gate said of an audit.</summary>
/// <param name="Expression">The gate.</param>
/// <param name="Tripped">Whether the build should fail.</param>
/// <param name="Finding">What tripped it, or that nothing did.</param>
public sealed record GateOutcome(string Expression, bool Tripped, string Finding);
