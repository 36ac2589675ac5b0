namespace InferenceShield.Lab;

/// <summary>An attack: how it asks, what it makes of the answers, and what it trains.</summary>
/// <param name="Name">What it is called in reports.</param>
/// <param name="Strategy">How it chooses what to ask.</param>
/// <param name="Recovery">What it makes of released answers.</param>
/// <param name="Surrogate">What it trains.</param>
public sealed record Attack(string Name, IQueryStrategy Strategy, IAnswerRecovery Recovery, SurrogateOptions Surrogate)
{
    /// <summary>What stands between the attack and the oracle, such as averaging over repeats or evasion; null for nothing.</summary>
    public Func<IOracle, QueryContext, IOracle>? Through { get; init; }

    /// <summary>An attack that reads the model off its answers; strategy, recovery and training are not used then. Null to train a copy.</summary>
    public IExactAttack? Exact { get; init; }
}
