using System.Globalization;
using System.Text;

namespace InferenceShield.Statistics.Ownership;

/// <summary>The section of docs/ownership.md on near ties that are released as sure as others, from its CSV files alone.</summary>
internal sealed class OwnershipDisguise
{
    private const int Few = OwnershipExperiment.Few;

    private static readonly string s_exact = OwnershipMark.NearTie(MarkKeying.ExactInput, 0.2).Name;
    private static readonly string s_cell = OwnershipMark.NearTie(MarkKeying.Cell, 0.2).Name;

    private readonly OwnershipFigures _figures;
    private readonly ILookup<(string, string, string), DisguiseCostRow> _costs;

    private OwnershipDisguise(IReadOnlyList<OwnershipRow> rows, IReadOnlyList<DisguiseCostRow> costs)
    {
        _figures = new OwnershipFigures(rows, [], []);
        _costs = costs.ToLookup(row => (row.Target, row.Mark, row.Release));
    }

    /// <summary>The files of a repository.</summary>
    public static OwnershipDisguise Load(string root)
    {
        string results = Path.Combine(root, "tests", "InferenceShield.Statistics", "results");
        return new(OwnershipRow.Read(Path.Combine(results, DisguiseExperiment.File)), DisguiseCostRow.Read(Path.Combine(results, DisguiseCostRow.File)));
    }

    /// <summary>What a thief left of the exact key's mark.</summary>
    public OwnershipSummary Exact(string target, string disguise, string thief, string release = MarkedRelease.Round2) =>
        _figures.Get(target, $"{s_exact} {disguise}", release, thief, Few);

    /// <summary>What a thief left of the cell key's mark.</summary>
    public OwnershipSummary Cell(string target, string disguise, string thief, string release = MarkedRelease.Round2) =>
        _figures.Get(target, $"{s_cell} {disguise}", release, thief, Few);

    /// <summary>What honest users are told: the mean over keys; without a mark if no disguise is given.</summary>
    public double Cost(string target, string? disguise, Func<DisguiseCostRow, double> value, string release = MarkedRelease.Round2) =>
        _costs[(target, disguise is null ? OwnershipMark.None : $"{s_cell} {disguise}", release)].Average(value);

    /// <summary>p where a thief of labels replaces what his copy answers otherwise, of exact and cell key, and what he pays.</summary>
    public string OfLabels(string target)
    {
        OwnershipSummary replaces = Exact(target, NearTieDisguise.None, DisguiseThieves.ReplacesOther, MarkedRelease.Labels);
        OwnershipSummary cell = Cell(target, NearTieDisguise.None, DisguiseThieves.ReplacesOther, MarkedRelease.Labels);
        OwnershipSummary trains = Exact(target, NearTieDisguise.None, DisguiseThieves.Trains, MarkedRelease.Labels);
        return string.Create(CultureInfo.InvariantCulture, $"{replaces.P} and {cell.P} for {Points(replaces, trains)} points of accuracy");
    }

    public void Append(StringBuilder page)
    {
        const string Evenly = NearTieDisguise.Evenly;
        const string All = NearTieDisguise.LikeAll;
        const string Fashion = OwnershipTarget.Fashion;
        const string Letters = OwnershipTarget.Letters;
        string P(string disguise, string thief) => $"{Exact(Fashion, disguise, thief).P} on Fashion and {Exact(Letters, disguise, thief).P} on letters";
        string Paid(string target, string disguise, string thief) => Points(Exact(target, disguise, thief), Exact(target, NearTieDisguise.None, DisguiseThieves.Trains));
        string Change(string disguise, Func<DisguiseCostRow, double> value) =>
            string.Join(" / ", OwnershipTarget.Names.Select(target => (Cost(target, disguise, value) - Cost(target, NearTieDisguise.None, value)).ToString("+.000;-.000", CultureInfo.InvariantCulture)));
        page.Append(CultureInfo.InvariantCulture, $"""

            ## What does not help enough: near ties released as sure as other answers

            Item 1 above works because released scores show which answers are near ties. So near ties were released otherwise: what the two labels have together is shared anew, and the picked one gets 60 to 80 % of it (like neighbours), 60 to 100 % (evenly), or as much as in benign answers that are no near ties (like all); the nearer the two, the surer, so that repeats get the same and near-repeats like answers. **That ends the removal at no cost, and leaves one that costs about what labels cost him who cleans them; honest users are told that coin tosses are sure. So no option does it.**

            Of the exact key and two decimals, shared evenly: who makes small released margins even leaves {P(Evenly, DisguiseThieves.EvensReleased)}, who makes even what his copy finds near {P(Evenly, DisguiseThieves.EvensOwn)}, who only regularises {P(Evenly, DisguiseThieves.Regularised)} (of near ties as they are {P(NearTieDisguise.None, DisguiseThieves.Regularised)}). But who drops what his copy answers otherwise than he was told leaves {P(Evenly, DisguiseThieves.DropsOther)} (of near ties like all {P(All, DisguiseThieves.DropsOther)}), and who takes the copy's answer there {P(Evenly, DisguiseThieves.ReplacesOther)}, for {Paid(Fashion, Evenly, DisguiseThieves.DropsOther)} / {Paid(Letters, Evenly, DisguiseThieves.DropsOther)} and {Paid(Fashion, Evenly, DisguiseThieves.ReplacesOther)} / {Paid(Letters, Evenly, DisguiseThieves.ReplacesOther)} points of accuracy (Fashion / letters) against a copy of scores as they are. From labels that thief removes it, too: he leaves {OfLabels(Fashion)} on Fashion and {OfLabels(Letters)} on letters (exact and cell key). What a key picks is noise to a copy that did not see that very answer, and goes as noise goes.

            Honest users' ECE, Brier score and AUROC change by {Change(Evenly, row => row.CalibrationError)}, {Change(Evenly, row => row.Brier)} and {Change(Evenly, row => row.Separation)} evenly, by {Change(All, row => row.CalibrationError)}, {Change(All, row => row.Brier)} and {Change(All, row => row.Separation)} like all (two decimals, Fashion / letters, beside those of the mark; labels and accuracy are the mark's).

            A thief's copy is regularised and trained on the other half of the answers. He finds near what it gives margins of at most .3, and far what differs from it by more than .5 of L1; margins are made even between the leading label and its strongest rival by the copy, or by the answer where no copy is asked. These limits were chosen after a look at the first of the three seeds. 5,000 answers, near-tie mark of .2 with the exact key: p, then accuracy and agreement of the copy in %.


            """);
        AppendThieves(page);
        AppendOthers(page);
        AppendCosts(page);
    }

    private void AppendThieves(StringBuilder page)
    {
        (string Title, string Release, string Disguise)[] columns =
        [
            .. NearTieDisguise.Names.Select(name => ($"2 decimals, {name}", MarkedRelease.Round2, name)),
            (MarkedRelease.Labels, MarkedRelease.Labels, NearTieDisguise.None),
        ];
        page.Append(CultureInfo.InvariantCulture, $"| copy of | thief | {string.Join(" | ", columns.Select(column => column.Title))} |\n|---|---|").Insert(page.Length, "---|", columns.Length).Append('\n');
        foreach (string target in OwnershipTarget.Names)
        {
            foreach (string thief in DisguiseThieves.Names)
            {
                IEnumerable<string> cells = columns.Select(column => _figures.Find(target, $"{s_exact} {column.Disguise}", column.Release, thief, Few) is { } found
                    ? string.Create(CultureInfo.InvariantCulture, $"{found.P}; {100 * found.Accuracy:F1}, {100 * found.Agreement:F1}")
                    : "");
                page.Append(CultureInfo.InvariantCulture, $"| {target} | {thief} | {string.Join(" | ", cells)} |\n");
            }
        }
    }

    private void AppendOthers(StringBuilder page)
    {
        page.Append(CultureInfo.InvariantCulture, $"\np in other releases, and with the cell key:\n\n| copy of | key | release | near ties | {string.Join(" | ", DisguiseExperiment.SomeThieves)} |\n|---|---|---|---|").Insert(page.Length, "---|", DisguiseExperiment.SomeThieves.Length).Append('\n');
        foreach ((string target, string mark, string release, string disguise) in
            from target in OwnershipTarget.Names
            from mark in (string[])[s_exact, s_cell]
            from release in DisguiseExperiment.Scores
            from disguise in NearTieDisguise.Names
            where mark == s_cell || release != MarkedRelease.Round2 // that is above
            select (target, mark, release, disguise))
        {
            OwnershipSummary?[] found = [.. DisguiseExperiment.SomeThieves.Select(thief => _figures.Find(target, $"{mark} {disguise}", release, thief, Few))];
            if (found.Any(one => one is not null))
            {
                page.Append(CultureInfo.InvariantCulture, $"| {target} | {(mark == s_cell ? "cell" : "exact")} | {release} | {disguise} | {string.Join(" | ", found.Select(one => one?.P))} |\n");
            }
        }
    }

    private void AppendCosts(StringBuilder page)
    {
        page.Append("\nWhat honest users are told (cell key, mean of ten keys):\n\n| data | release | near ties | accuracy, % | L1 mean | ECE | Brier | AUROC |\n|---|---|---|---|---|---|---|---|\n");
        foreach ((string target, string release, string? disguise) in
            from target in OwnershipTarget.Names
            from release in DisguiseExperiment.Scores
            from disguise in NearTieDisguise.Names.Prepend(null)
            select (target, release, disguise))
        {
            double Of(Func<DisguiseCostRow, double> value) => Cost(target, disguise, value, release);
            page.Append(
                CultureInfo.InvariantCulture,
                $"| {target} | {release} | {disguise ?? "without the mark"} | {100 * Of(row => row.Accuracy):F2} | {Of(row => row.Distance):F3} | {Of(row => row.CalibrationError):F3} | {Of(row => row.Brier):F3} | {Of(row => row.Separation):F3} |\n");
        }
    }

    private static string Points(OwnershipSummary less, OwnershipSummary from) => (100 * (from.Accuracy - less.Accuracy)).ToString("F1", CultureInfo.InvariantCulture);
}
