using System.Globalization;
using System.Text;

namespace InferenceShield.Statistics.Ownership;

/// <summary>docs/ownership.md, made of the CSV files alone: a table a question.</summary>
internal static class OwnershipPage
{
    private const int Few = OwnershipExperiment.Few;
    private const int Many = OwnershipExperiment.Many;

    private static readonly (string Target, int Budget, string Title)[] s_settings =
        [(OwnershipTarget.Fashion, Few, "Fashion 5,000"), (OwnershipTarget.Fashion, Many, "Fashion 15,000"), (OwnershipTarget.Letters, Few, "letters 5,000")];

    /// <summary>Its place in the repository.</summary>
    public static string PathIn(string root) => Path.Combine(root, "docs", "ownership.md");

    public static void WriteFile(string root) => File.WriteAllText(PathIn(root), Make(root));

    /// <summary>The page's text.</summary>
    public static string Make(string root)
    {
        OwnershipFigures figures = OwnershipFigures.Load(root);
        OwnershipDisguise disguise = OwnershipDisguise.Load(root);
        StringBuilder page = new(OwnershipText.Head(figures, disguise));
        string results = Path.Combine(root, "tests", "InferenceShield.Statistics", "results");
        AppendAcceptance(page, OwnershipAcceptance.All(figures, results));
        AppendMargins(page, figures);
        AppendReleases(page, figures);
        AppendRemoval(page, figures);
        disguise.Append(page);
        OwnershipRegion.Load(root).Append(page);
        AppendEvidence(page, figures);
        AppendCosts(page, figures);
        AppendClaims(page, figures);
        AppendVectors(page, figures);
        foreach (OwnershipOtherTable table in OwnershipOtherTable.All)
        {
            table.Append(page, results);
        }

        return page.Append(OwnershipText.Tail).ToString();
    }

    private static void AppendAcceptance(StringBuilder page, IEnumerable<OwnershipAcceptance> lines)
    {
        static string Say(bool isMet) => isMet ? "yes" : "**no**";
        page.Append("\n## What was asked for, and what was measured\n\n| what | wanted | measured: median (worst) | met, by the median or mean | by the worst |\n|---|---|---|---|---|\n");
        foreach (OwnershipAcceptance line in lines)
        {
            page.Append(CultureInfo.InvariantCulture, $"| {line.What} | {line.Wanted} | {line.Measured} | {Say(line.IsMet)} | {Say(line.IsMetByWorst)} |\n");
        }

        page.Append("\nWhat marks cost in time is read on one machine, by ratios, and stands beside the benchmarks: [marks.md](../benchmarks/results/amd-epyc/marks.md). Removal has a table of its own below, and no bound.\n");
    }

    private static void AppendMargins(StringBuilder page, OwnershipFigures figures)
    {
        page.Append(OwnershipText.Margins);
        foreach ((string target, int budget, string title) in s_settings)
        {
            foreach (MarkKeying keying in (MarkKeying[])[MarkKeying.ExactInput, MarkKeying.Cell])
            {
                foreach (double margin in (double[])[0.05, 0.1, 0.2, 0.3])
                {
                    string mark = OwnershipMark.NearTie(keying, margin).Name;
                    if (figures.Find(target, mark, MarkedRelease.Labels, OwnershipThieves.Labels, budget) is { } logged)
                    {
                        string unseen = figures.Find(target, mark, MarkedRelease.Labels, OwnershipThieves.Labels, budget, OwnershipTests.Unseen)?.P ?? "";
                        page.Append(CultureInfo.InvariantCulture, $"| {title} | {Keying(keying)} | {margin:0.##} | {logged.Answers:F0} | {logged.Matches} | {logged.P} | {unseen} |\n");
                    }
                }
            }
        }
    }

    private static void AppendReleases(StringBuilder page, OwnershipFigures figures)
    {
        page.Append(OwnershipText.Releases);
        foreach ((string target, int budget, string title) in s_settings)
        {
            foreach (string release in (string[])[MarkedRelease.Labels, MarkedRelease.BandsAlone, MarkedRelease.Bands, MarkedRelease.Round1, MarkedRelease.Round2, MarkedRelease.Full])
            {
                string thief = release == MarkedRelease.Labels ? OwnershipThieves.Labels : OwnershipThieves.Scores;
                OwnershipSummary? exact = figures.Find(target, Flagship(MarkKeying.ExactInput), release, thief, budget);
                OwnershipSummary? cell = figures.Find(target, Flagship(MarkKeying.Cell), release, thief, budget);
                if (exact is not null && cell is not null)
                {
                    page.Append(CultureInfo.InvariantCulture, $"| {title} | {release} | {exact.Matches} | {exact.P} | {cell.Matches} | {cell.P} | {exact.Accuracies} |\n");
                }
            }
        }
    }

    private static void AppendRemoval(StringBuilder page, OwnershipFigures figures)
    {
        page.Append(OwnershipText.Removal);
        foreach ((string target, int budget, string title) in s_settings)
        {
            page.Append(CultureInfo.InvariantCulture, $"\n### {title}\n\n| thief | exact: matches, % | exact: p | cell: matches, % | cell: p | cell, unseen rows: p | accuracy, % | agreement, % |\n|---|---|---|---|---|---|---|---|\n");
            foreach ((string release, string thief, string name) in OwnershipText.Thieves)
            {
                OwnershipSummary? exact = figures.Find(target, Flagship(MarkKeying.ExactInput), release, thief, budget);
                OwnershipSummary? cell = figures.Find(target, Flagship(MarkKeying.Cell), release, thief, budget);
                OwnershipSummary? unseen = figures.Find(target, Flagship(MarkKeying.Cell), release, thief, budget, OwnershipTests.Unseen);
                if (exact is not null && cell is not null)
                {
                    page.Append(CultureInfo.InvariantCulture, $"| {name} | {exact.Matches} | {exact.P} | {cell.Matches} | {cell.P} | {unseen?.P} | {exact.Accuracies} | {exact.Agreements} |\n");
                }
            }
        }
    }

    private static void AppendEvidence(StringBuilder page, OwnershipFigures figures)
    {
        page.Append(OwnershipText.Evidence);
        page.Append(CultureInfo.InvariantCulture, $"| copy | key | {string.Join(" | ", OwnershipTests.Kept)} | all |\n|---|---|").Insert(page.Length, "---|", OwnershipTests.Kept.Length + 1).Append('\n');
        foreach ((string target, int budget, string title) in s_settings)
        {
            foreach (string thief in (string[])[OwnershipThieves.Labels, OwnershipThieves.Regularised])
            {
                foreach (MarkKeying keying in (MarkKeying[])[MarkKeying.ExactInput, MarkKeying.Cell])
                {
                    OwnershipSummary? Find(string test) => figures.Find(target, Flagship(keying), MarkedRelease.Labels, thief, budget, test);
                    if (Find(OwnershipTests.Logged) is not { } all)
                    {
                        continue;
                    }

                    IEnumerable<string> cells = OwnershipTests.Kept.Select(kept => (Find($"{kept} ties {OwnershipTests.Median}"), Find($"{kept} ties {OwnershipTests.Worst}")))
                        .Select(pair => pair is ({ } median, { } worst) ? $"{OwnershipSummary.Number(median.MedianLogP)} ({OwnershipSummary.Number(worst.WorstLogP)})" : "");
                    page.Append(CultureInfo.InvariantCulture, $"| {title}, {thief} | {Keying(keying)} | {string.Join(" | ", cells)} | {all.P} |\n");
                }
            }
        }
    }

    private static void AppendCosts(StringBuilder page, OwnershipFigures figures)
    {
        page.Append(OwnershipText.Costs);
        foreach (string target in OwnershipTarget.Names)
        {
            foreach (OwnershipMark mark in OwnershipCost.Marks)
            {
                IReadOnlyList<OwnershipCostRow> rows = figures.Costs(target, mark.Name);
                if (rows.Count > 0)
                {
                    page.Append(
                        CultureInfo.InvariantCulture,
                        $"| {target} | {mark.Name} | {OwnershipFigures.Percent(rows.Select(row => row.Moved))} | {OwnershipFigures.Percent(rows.Select(row => row.Gain))} | {100 * rows.Average(row => row.GainError):F2} | {rows.Average(row => row.Distance):F3} | {rows.Average(row => row.CalibrationError):F3} ({rows.Average(row => row.CalibrationErrorBefore):F3}) | {rows.Average(row => row.Separation):F3} ({rows.Average(row => row.SeparationBefore):F3}) |\n");
                }
            }
        }
    }

    private static void AppendClaims(StringBuilder page, OwnershipFigures figures)
    {
        page.Append(OwnershipText.Claims);
        foreach (string target in OwnershipTarget.Names)
        {
            foreach (string test in figures.Claims.Where(row => row.Target == target).Select(row => row.Test).Distinct())
            {
                foreach (string suspect in figures.Claims.Where(row => row.Target == target && row.Test == test).Select(row => row.Suspect).Distinct())
                {
                    (double share, double low, double high, int keys) = figures.FalseClaims(target, suspect, test);
                    OwnershipClaimRow[] rows = [.. figures.Claims.Where(row => row.Target == target && row.Test == test && row.Suspect == suspect)];
                    page.Append(
                        CultureInfo.InvariantCulture,
                        $"| {target} | {test} | {suspect} | {keys:N0} | {100.0 * rows.Sum(row => row.Below05) / keys:F1} | {share:F2} ({low:F2}-{high:F2}) | {string.Join(", ", rows.Select(row => row.PValue.ToString("0.00", CultureInfo.InvariantCulture)))} |\n");
                }
            }
        }
    }

    /// <summary>Marks of full vectors, and triggers.</summary>
    private static void AppendVectors(StringBuilder page, OwnershipFigures figures)
    {
        StringBuilder table = new();
        foreach ((string target, int budget, string title) in s_settings)
        {
            foreach ((string mark, string release, string thief, string name) in OwnershipText.Vectors)
            {
                if (figures.Find(target, mark, release, thief, budget) is { } found)
                {
                    string statistic = mark == OwnershipMark.None || new OwnershipMark(mark).IsCosine ? found.Z : found.Matches;
                    table.Append(CultureInfo.InvariantCulture, $"| {title} | {mark} | {release} | {name} | {found.Answers:F0} | {statistic} | {found.P} | {found.Accuracies} |\n");
                }
            }
        }

        if (table.Length > 0)
        {
            page.Append(OwnershipText.VectorTable).Append(table);
        }
    }

    private static string Flagship(MarkKeying keying) => OwnershipMark.NearTie(keying, 0.2).Name;

    private static string Keying(MarkKeying keying) => keying == MarkKeying.Cell ? "cell" : "exact";
}
