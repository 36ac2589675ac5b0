using System.Globalization;

namespace InferenceShield.Lab;

/// <summary>Says what a policy costs a thief.</summary>
internal static class PlainWords
{
    /// <summary>Below this difference of labels alone to answers as they came, a defence is more than a trap for the naive.</summary>
    private const double NaiveTrap = 0.02;

    public static IEnumerable<string> Describe(AuditResult result)
    {
        foreach (ExtractionSetup setup in result.Plan.Setups)
        {
            string where = result.Plan.Setups.Length > 1 ? $"{setup.Name}: " : "";
            AuditRow? undefended = result.FindBest(setup.Name, ReleasePolicy.None.Name) is [.., var last] ? last : null;
            foreach (ReleasePolicy policy in result.Plan.Policies)
            {
                AuditRow best = result.FindBest(setup.Name, policy.Name)[^1];
                yield return where + (policy.Name == ReleasePolicy.None.Name ? DescribeUndefended(best) : DescribePolicy(result, best, undefended));
            }
        }
    }

    /// <summary>A share as per cent with one decimal.</summary>
    public static string Percent(double share) => Say($"{100 * share:0.0} %");

    /// <summary>Half of an interval; null where one value says nothing of it.</summary>
    public static double? HalfWidth(Interval interval) => interval.High - interval.Mean;

    /// <summary>A cost multiplier, with a question mark where it lies outside of what was measured.</summary>
    public static string Times(CostMultiplier? cost) => cost is not { } known ? "" : known.Value >= CostMultiplier.Cap ? Say($"≥ {CostMultiplier.Cap}") : Say(
        $"{known.Value:0.00}{(known.IsExtrapolated ? "?" : "")}");

    /// <summary>A number of queries with thousands set apart.</summary>
    public static string Count(int queries) => Say($"{queries:N0}");

    private static string DescribeUndefended(AuditRow best) =>
        $"none: without a shield the best attack ({best.Attack}) makes a copy that agrees on {Percent(best.Agreement.Mean)} of inputs after {Count(best.Budget)} queries.";

    private static string DescribePolicy(AuditResult result, AuditRow best, AuditRow? undefended)
    {
        string text = $"{best.Policy}: the best attack ({best.Attack}) still agrees on {Percent(best.Agreement.Mean)} after {Count(best.Budget)} queries.";
        if (undefended is not null)
        {
            text += " " + Compare(result, best, undefended);
        }

        if (Find(result, best, "naive") is { } naive && Find(result, best, "top-1") is { } labels && naive < labels - NaiveTrap)
        {
            text += $" It stops only the naive: answers as they came give {Percent(naive)}, their labels alone {Percent(labels)}.";
        }

        PolicyUtility utility = result.Utilities.First(utility => utility.Setup == best.Setup && utility.Policy == best.Policy);
        return text + $" Honest users: {(utility.TopChanged == 0 ? "no label changes" : Percent(utility.TopChanged) + " of labels change")}, answers move by {Say($"{utility.Distance:0.000}")} in L1.";
    }

    private static string Compare(AuditResult result, AuditRow best, AuditRow undefended)
    {
        // Seed by seed: the same seed asks the same rows under every policy.
        Interval loss = Interval.OfRuns([.. Seeds(result, undefended).Zip(Seeds(result, best), (without, with) => without - with)]);
        string change = Say($"{100 * Math.Abs(loss.Mean):0.0} points");
        if (HalfWidth(loss) is { } half && Math.Abs(loss.Mean) <= half)
        {
            return Say($"That is {change} {(loss.Mean < 0 ? "more" : "less")} than without a shield, within the spread over seeds (± {100 * half:0.0}): no cost was measured.");
        }

        if (loss.Mean <= 0)
        {
            return $"That is {change} more than without a shield: it costs a thief nothing.";
        }

        IReadOnlyList<AuditRow> curve = result.FindBest(best.Setup, undefended.Policy);
        IReadOnlyList<AuditRow> defended = result.FindBest(best.Setup, best.Policy);
        CostMultiplier cost = AuditResult.ToCurve(defended).Compare(AuditResult.ToCurve(curve), defended.Count - 1);
        string queries = curve.Count < 2 || cost.IsExtrapolated ? "" : Say($", and the thief pays {cost.Value:0.0} times the queries for the same copy");
        string sure = HalfWidth(loss) is { } width ? Say($" (± {100 * width:0.0})") : " (one seed: no interval)";
        return $"That is {change}{sure} less than without a shield{queries}.";
    }

    private static IEnumerable<double> Seeds(AuditResult result, AuditRow row) => result.Cells
        .Where(cell => (cell.Setup, cell.Policy, cell.Attack, cell.Budget) == (row.Setup, row.Policy, row.Attack, row.Budget))
        .Select(cell => cell.Copy.Agreement);

    private static double? Find(AuditResult result, AuditRow like, string attack) => result.Rows
        .FirstOrDefault(row => row.Setup == like.Setup && row.Policy == like.Policy && row.Budget == like.Budget && row.Attack == attack)?.Agreement.Mean;

    private static string Say(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
