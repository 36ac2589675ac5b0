namespace InferenceShield.Lab;

/// <summary>How many queries an agreement takes.</summary>
/// <param name="Queries">The number, between measured budgets where it could be.</param>
/// <param name="IsExtrapolated">Whether it lies outside of the measured budgets: below them a guess, above them only what it takes at least.</param>
public readonly record struct QueryEstimate(double Queries, bool IsExtrapolated)
{
    /// <summary>What the queries cost.</summary>
    /// <param name="perThousand">The price of 1,000 queries, in any currency.</param>
    public double GetPrice(double perThousand) => Queries / 1000 * perThousand;
}
