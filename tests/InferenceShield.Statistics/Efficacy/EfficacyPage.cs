using System.Globalization;
using System.Text;
using InferenceShield.Lab;

namespace InferenceShield.Statistics.Efficacy;

/// <summary>docs/efficacy.md, made of the CSV files alone.</summary>
internal static class EfficacyPage
{
    public const int Adaptive = 5_000;

    public static readonly string[] EqualQueries = ["naive", "top-1", "D-DAE+", "top-1 + prior", "partial Bayes"];
    private static readonly string[] s_eight = ["8 repeats", "8 near-repeats", "8 near-repeats by label"];

    /// <summary>The page and its plot, by their places in the repository.</summary>
    public static IEnumerable<(string Path, string Text)> Make(string root)
    {
        string results = System.IO.Path.Combine(root, "tests", "InferenceShield.Statistics", "results");
        IReadOnlyList<EfficacyRow> rows = EfficacyRow.Read(System.IO.Path.Combine(results, EfficacyRow.File));
        IReadOnlyList<EfficacyUtilityRow> utility = EfficacyUtilityRow.Read(System.IO.Path.Combine(results, EfficacyUtilityRow.File));
        yield return (System.IO.Path.Combine(root, "docs", "efficacy.md"), Write(rows, utility));
        yield return (System.IO.Path.Combine(root, "docs", "efficacy.svg"), EfficacyPlot.Draw(rows));
    }

    /// <summary>Writes both.</summary>
    public static void WriteFiles(string root)
    {
        foreach ((string path, string text) in Make(root))
        {
            File.WriteAllText(path, text);
        }
    }

    /// <summary>The page's text.</summary>
    public static string Write(IReadOnlyList<EfficacyRow> rows, IReadOnlyList<EfficacyUtilityRow> utility)
    {
        EfficacyFigures figures = new(rows);
        StringBuilder page = new();
        page.Append(EfficacyText.Head(figures, utility));
        foreach ((string target, string title, string about) in EfficacyText.Targets)
        {
            page.Append(CultureInfo.InvariantCulture, $"\n## {title}\n\n{about}\n\n");
            AppendAgreement(page, figures, target);
            AppendAdaptive(page, figures, target);
            AppendUtility(page, utility, target);
        }

        return page.Append(EfficacyText.Tail).ToString();
    }

    private static void AppendAgreement(StringBuilder page, EfficacyFigures figures, string target)
    {
        int[] budgets = [.. figures.Budgets(target)];
        page.Append("Agreement of the copy with the clean target, %, mean of the seeds and half of the 95 % interval. × is queries needed under the policy by queries needed without a shield for the same agreement, at the budget of 5,000; in brackets where that agreement lies outside of what was measured without a shield, and at most 20.\n\n");
        page.Append(CultureInfo.InvariantCulture, $"| policy | trained on | {string.Join(" | ", budgets.Select(budget => budget.ToString("N0", CultureInfo.InvariantCulture)))} | × |\n");
        page.Append("|---|---|").Insert(page.Length, "---|", budgets.Length).Append("---|\n");
        foreach (string policy in figures.Policies(target))
        {
            foreach ((string attack, string trained) in ((string, string)[])[(EfficacyFigures.Naive, "answers"), (EfficacyFigures.Label, "labels")])
            {
                IEnumerable<string> cells = budgets.Select(budget => Cell(figures.Agreement(target, policy, attack, budget)));
                page.Append(CultureInfo.InvariantCulture, $"| {policy} | {trained} | {string.Join(" | ", cells)} | {Multiplier(figures.Multiplier(target, policy, attack, Adaptive))} |\n");
            }
        }
    }

    private static void AppendAdaptive(StringBuilder page, EfficacyFigures figures, string target)
    {
        string[] attacks = [.. figures.Attacks(target).Where(attack => attack is not (EfficacyFigures.Naive or EfficacyFigures.Label))];
        if (attacks.Length == 0)
        {
            return;
        }

        page.Append(CultureInfo.InvariantCulture, $"\nThieves who adapt, {Adaptive:N0} distinct inputs; those that ask each input eight times pay for eight.\n\n");
        page.Append(CultureInfo.InvariantCulture, $"| policy | {string.Join(" | ", attacks)} | best at equal queries | best with eight times |\n|---|").Insert(page.Length, "---|", attacks.Length).Append("---|---|\n");
        foreach (string policy in figures.Policies(target))
        {
            if (attacks.All(attack => figures.Agreement(target, policy, attack, Adaptive) is null))
            {
                continue;
            }

            IEnumerable<string> cells = attacks.Select(attack => Cell(figures.Agreement(target, policy, attack, Adaptive)));
            page.Append(CultureInfo.InvariantCulture, $"| {policy} | {string.Join(" | ", cells)} | {Best(figures, target, policy, EqualQueries)} | {Best(figures, target, policy, s_eight)} |\n");
        }
    }

    private static void AppendUtility(StringBuilder page, IReadOnlyList<EfficacyUtilityRow> utility, string target)
    {
        page.Append("\nWhat the honest user pays, on the rows that copies are measured on.\n\n");
        page.Append("| policy | top-1 changed, % | L1 mean | L1 max | ECE | AUROC | Brier | across .9, % | distinct answers |\n|---|---|---|---|---|---|---|---|---|\n");
        foreach (EfficacyUtilityRow row in utility.Where(row => row.Target == target))
        {
            page.Append(
                CultureInfo.InvariantCulture,
                $"| {row.Policy} | {100 * row.TopChanged:F1} | {row.MeanDistance:F3} | {row.MaxDistance:F2} | {row.CalibrationError:F3} | {row.Separation:F3} | {row.Brier:F3} | {100 * row.Crossings:F1} | {row.Distinct:N0} |\n");
        }
    }

    private static string Cell(Interval? interval) => interval switch
    {
        null => "",
        { Count: 1 } one => string.Create(CultureInfo.InvariantCulture, $"{one.Mean:F1}"),
        { } some => string.Create(CultureInfo.InvariantCulture, $"{some.Mean:F1} ± {some.High - some.Mean:F1}"),
    };

    private static string Multiplier(CostMultiplier? times) => times switch
    {
        null => "",
        { IsExtrapolated: true, Value: > 1 } bound => string.Create(CultureInfo.InvariantCulture, $"({bound.Value:F1})"),
        { IsExtrapolated: true } bound => string.Create(CultureInfo.InvariantCulture, $"({bound.Value:F2})"),
        { } found => string.Create(CultureInfo.InvariantCulture, $"{found.Value:F2}"),
    };

    private static string Best(EfficacyFigures figures, string target, string policy, IEnumerable<string> attacks) =>
        figures.Best(target, policy, attacks, Adaptive) is { } best ? string.Create(CultureInfo.InvariantCulture, $"{best.Mean:F1} ({best.Attack})") : "";
}
