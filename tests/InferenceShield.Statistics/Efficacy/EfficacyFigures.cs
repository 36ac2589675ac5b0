using InferenceShield.Lab;

namespace InferenceShield.Statistics.Efficacy;

/// <summary>Figures of the page, from the rows of the CSV alone.</summary>
internal sealed class EfficacyFigures(IReadOnlyList<EfficacyRow> rows)
{
    public const string Clean = "none";
    public const string Naive = "naive";
    public const string Label = "top-1";

    /// <summary>Thefts.</summary>
    public int Count => rows.Count;

    public IEnumerable<string> Policies(string target) => rows.Where(row => row.Target == target).Select(row => row.Policy).Distinct();

    public IEnumerable<string> Attacks(string target) => rows.Where(row => row.Target == target).Select(row => row.Attack).Distinct();

    public IEnumerable<int> Budgets(string target) => rows.Where(row => row.Target == target).Select(row => row.Budget).Distinct().Order();

    /// <summary>Agreement over seeds, in percent.</summary>
    public Interval? Agreement(string target, string policy, string attack, int budget)
    {
        double[] values = [.. rows.Where(row => row.Target == target && row.Policy == policy && row.Attack == attack && row.Budget == budget).Select(row => 100 * row.Agreement)];
        return values.Length == 0 ? null : Interval.OfRuns(values);
    }

    /// <summary>The best of some attacks at one budget: its mean and its name.</summary>
    public (double Mean, string Attack)? Best(string target, string policy, IEnumerable<string> attacks, int budget) => attacks
        .Select(attack => (Agreement(target, policy, attack, budget), attack))
        .Where(pair => pair.Item1 is not null)
        .Select(pair => ((double Mean, string Attack)?)(pair.Item1!.Value.Mean, pair.attack))
        .MaxBy(pair => pair!.Value.Mean);

    /// <summary>Queries needed under a policy by those needed without a shield, for the agreement that <paramref name="budget"/> queries buy under it.</summary>
    public CostMultiplier? Multiplier(string target, string policy, string attack, int budget)
    {
        if (Agreement(target, policy, attack, budget) is not { } reached)
        {
            return null;
        }

        AgreementCurve clean = new([.. Budgets(target).Select(b => (double)b)], [.. Budgets(target).Select(b => Agreement(target, Clean, Naive, b)!.Value.Mean / 100)]);
        return new AgreementCurve([budget], [reached.Mean / 100]).Compare(clean, 0);
    }
}
