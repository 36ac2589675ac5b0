namespace InferenceShield.Lab;

/// <summary>One theft: a policy, an attack, a budget and a seed, and what came of it.</summary>
/// <param name="Setup">What was stolen.</param>
/// <param name="Policy">The policy in force.</param>
/// <param name="Attack">The attack.</param>
/// <param name="Budget">Queries it might spend.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Queries">Queries that were asked, refused ones included.</param>
/// <param name="Answered">Queries that were answered.</param>
/// <param name="Copy">How good the copy is.</param>
public sealed record ExtractionResult(string Setup, string Policy, string Attack, int Budget, ulong Seed, long Queries, long Answered, CopyMetrics Copy)
{
    /// <summary>Answered queries whose row had been answered before.</summary>
    public long Repeats { get; init; }

    /// <summary>From the first query to the last reply, by the oracle's clock: what a theft at the pace of limits, delays and evasions would have taken if that clock is simulated.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>What an exact attack says it came to; null for attacks that train a copy.</summary>
    public string? Verdict { get; init; }
}
