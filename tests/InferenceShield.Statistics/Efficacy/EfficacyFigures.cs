namespace InferenceShield.Statistics.Efficacy;

/// <summary>Figures of the page, from the rows of the CSV alone.</summary>
internal sealed class EfficacyFigures(IReadOnlyList<EfficacyRow> rows)
{
    public const string Clean = "none";
    public const string Naive = "naive";
    public const string Label = "top-1";

    public IEnumerable<string> Policies(string target) => rows.Where(row => row.Target == target).Select(row => row.Policy).Distinct();

    public IEnumerable<string> Attacks(string target) => rows.Where(row => row.Target == target).Select(row => row.Attack).Distinct();

    public IEnumerable<int> Budgets(string target) => rows.Where(row => row.Target == target).Select(row => row.Budget).Distinct().Order();

    /// <summary>Agreement over seeds, in percent.</summary>
    public SeedInterval? Agreement(string target, string policy, string attack, int budget)
    {
        double[] values = [.. rows.Where(row => row.Target == target && row.Policy == policy && row.Attack == attack && row.Budget == budget).Select(row => 100 * row.Agreement)];
        return values.Length == 0 ? null : SeedInterval.Of(values);
    }

    /// <summary>The best of some attacks at one budget: its mean and its name.</summary>
    public (double Mean, string Attack)? Best(string target, string policy, IEnumerable<string> attacks, int budget) => attacks
        .Select(attack => (Agreement(target, policy, attack, budget), attack))
        .Where(pair => pair.Item1 is not null)
        .Select(pair => ((double Mean, string Attack)?)(pair.Item1!.Value.Mean, pair.attack))
        .MaxBy(pair => pair!.Value.Mean);

    /// <summary>Queries needed under a policy by those needed without a shield for the agreement that <paramref name="budget"/> queries buy under it: at most 1 budget over the smallest measured.</summary>
    public double? Multiplier(string target, string policy, string attack, int budget)
    {
        if (Agreement(target, policy, attack, budget) is not { } reached)
        {
            return null;
        }

        (double Queries, double Agreement)[] curve = [.. Budgets(target).Select(b => ((double)b, Agreement(target, Clean, Naive, b)!.Value.Mean))];
        for (int i = 1; i < curve.Length; i++)
        {
            if (reached.Mean <= curve[i].Agreement || i == curve.Length - 1)
            {
                double share = (reached.Mean - curve[i - 1].Agreement) / (curve[i].Agreement - curve[i - 1].Agreement);
                double queries = curve[i - 1].Queries * Math.Pow(curve[i].Queries / curve[i - 1].Queries, Math.Min(share, 1));
                return budget / queries;
            }
        }

        return null;
    }
}
