namespace InferenceShield.Lab;

/// <summary>Agreement against budget: what a thief gets for his queries under one policy.</summary>
/// <remarks>Between budgets, agreement is linear in the logarithm of queries. Where more queries came to less, by chance, the best so far
/// counts. Immutable and thread-safe.</remarks>
public sealed class AgreementCurve
{
    private readonly double[] _queries;
    private readonly double[] _measured;
    private readonly double[] _best;

    /// <summary>A measured curve.</summary>
    /// <param name="queries">Queries spent, ascending, each at least 1; at least one point.</param>
    /// <param name="agreements">The agreement that each came to, 0 to 1; means over seeds as a rule.</param>
    /// <exception cref="ArgumentException">Not equally many, none, or not ascending.</exception>
    public AgreementCurve(ReadOnlySpan<double> queries, ReadOnlySpan<double> agreements)
    {
        if (queries.IsEmpty || queries.Length != agreements.Length || !(queries[0] >= 1))
        {
            throw new ArgumentException($"{queries.Length} budgets and {agreements.Length} agreements are not equally many points, at least one, from 1 query on.", nameof(agreements));
        }

        _queries = queries.ToArray();
        _measured = agreements.ToArray();
        _best = agreements.ToArray();
        for (int i = 1; i < _queries.Length; i++)
        {
            if (!(_queries[i] > _queries[i - 1]))
            {
                throw new ArgumentException($"Budget {i} is {_queries[i]}, not above the one before it, {_queries[i - 1]}.", nameof(queries));
            }

            _best[i] = Math.Max(_best[i], _best[i - 1]);
        }
    }

    /// <summary>The queries that an agreement takes.</summary>
    /// <param name="agreement">0 to 1.</param>
    /// <returns>Below the curve a guess along its first rise; above it the greatest budget. Both are marked as extrapolated.</returns>
    public QueryEstimate FindQueries(double agreement)
    {
        int last = _best.Length - 1;
        if (agreement > _best[last])
        {
            return new QueryEstimate(_queries[last], true);
        }

        if (agreement >= _best[0])
        {
            int above = Array.FindIndex(_best, best => best >= agreement);
            return new QueryEstimate(above == 0 ? _queries[0] : Interpolate(above, agreement), false);
        }

        // The first segment that rises; a curve without one tells nothing of smaller budgets.
        int rise = Array.FindIndex(_best, best => best > _best[0]);
        return new QueryEstimate(rise < 0 ? _queries[0] : Math.Max(1, Interpolate(rise, agreement)), true);
    }

    /// <summary>The price of this curve's policy at one of its budgets, against no shield.</summary>
    /// <param name="without">The curve of the same attack without a shield.</param>
    /// <param name="point">Which of this curve's points, from 0.</param>
    public CostMultiplier Compare(AgreementCurve without, int point)
    {
        ArgumentNullException.ThrowIfNull(without);
        ArgumentOutOfRangeException.ThrowIfNegative(point);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(point, _queries.Length);
        QueryEstimate same = without.FindQueries(_measured[point]);
        double factor = _queries[point] / same.Queries;
        return new CostMultiplier(Math.Min(factor, CostMultiplier.Cap), same.IsExtrapolated || factor > CostMultiplier.Cap);
    }

    /// <summary>The queries at an agreement on the line through the point <paramref name="above"/> and the one before it.</summary>
    private double Interpolate(int above, double agreement)
    {
        double low = Math.Log(_queries[above - 1]);
        double high = Math.Log(_queries[above]);
        return Math.Exp(low + ((high - low) * (agreement - _best[above - 1]) / (_best[above] - _best[above - 1])));
    }
}
