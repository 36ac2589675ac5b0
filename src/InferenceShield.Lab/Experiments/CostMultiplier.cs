namespace InferenceShield.Lab;

/// <summary>How many times the queries a policy costs a thief, for the same agreement as without a shield.</summary>
/// <param name="Value">Queries under the policy through queries without; 1 costs nothing, below 1 helps the thief.</param>
/// <param name="Bound">Whether it was found between measured budgets.</param>
public readonly record struct CostMultiplier(double Value, CostBound Bound)
{
    /// <summary>Compares a budget with the undefended curve, interpolated in the logarithm of queries.</summary>
    /// <param name="budget">Queries that were spent under the policy.</param>
    /// <param name="agreement">The agreement they gave.</param>
    /// <param name="undefended">Budget and mean agreement without a shield, budgets ascending, at least one. Dips are levelled:
    /// a thief may train on fewer answers than he has.</param>
    internal static CostMultiplier Of(int budget, double agreement, IReadOnlyList<(int Budget, double Agreement)> undefended)
    {
        (int Budget, double Agreement) before = undefended[0];
        if (agreement <= before.Agreement)
        {
            return new CostMultiplier((double)budget / before.Budget, agreement < before.Agreement ? CostBound.AtLeast : CostBound.Measured);
        }

        for (int i = 1; i < undefended.Count; i++)
        {
            (int Budget, double Agreement) next = (undefended[i].Budget, Math.Max(undefended[i].Agreement, before.Agreement));
            if (agreement <= next.Agreement)
            {
                double share = (agreement - before.Agreement) / (next.Agreement - before.Agreement);
                double queries = Math.Exp(Math.Log(before.Budget) + (share * Math.Log((double)next.Budget / before.Budget)));
                return new CostMultiplier(budget / queries, CostBound.Measured);
            }

            before = next;
        }

        return new CostMultiplier((double)budget / before.Budget, CostBound.AtMost);
    }
}
