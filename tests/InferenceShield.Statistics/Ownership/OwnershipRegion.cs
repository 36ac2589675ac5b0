using System.Globalization;
using System.Text;

namespace InferenceShield.Statistics.Ownership;

/// <summary>The section of docs/ownership.md on near ties whose bit varies smoothly with the input, from its CSV file alone.</summary>
internal sealed class OwnershipRegion
{
    private readonly IReadOnlyList<RegionRow> _rows;
    private readonly ILookup<(string, string, string, string, string), RegionRow> _found;

    private OwnershipRegion(IReadOnlyList<RegionRow> rows)
    {
        _rows = rows;
        _found = rows.ToLookup(row => (row.Target, row.Keying, row.Release, row.Suspect, row.Test));
    }

    /// <summary>The file of a repository.</summary>
    public static OwnershipRegion Load(string root) =>
        new(RegionRow.Read(Path.Combine(root, "tests", "InferenceShield.Statistics", "results", RegionRow.File)));

    /// <summary>One test of one kind of suspect, a row a seed.</summary>
    public IReadOnlyList<RegionRow> Get(string target, string keying, string suspect, string test, string release = MarkedRelease.Labels) =>
        [.. _found[(target, keying, release, suspect, test)]];

    /// <summary>One test of all models that saw no mark, under every key by region.</summary>
    public IReadOnlyList<RegionRow> Innocent(string target, string test) =>
    [
        .. _rows.Where(row => row.Target == target && row.Test == test && row.Keying.StartsWith("region", StringComparison.Ordinal)
            && (row.Suspect.StartsWith(RegionExperiment.Clean, StringComparison.Ordinal) || row.Suspect.StartsWith(RegionExperiment.Independent, StringComparison.Ordinal))),
    ];

    public void Append(StringBuilder page)
    {
        string Of(string keying, string suspect, string test, string release = MarkedRelease.Labels) => P(Get(OwnershipTarget.Fashion, keying, suspect, test, release));
        page.Append(CultureInfo.InvariantCulture, $"""

            ## What does not help enough: near ties whose bit varies smoothly with the input

            What the exact and the cell key pick is noise to a copy that did not see that very answer. So a bit was tried that near inputs share: for each pair of labels a keyed direction among the principal ones of benign inputs, and the sign of where an input lies along it (linear; all directions weighed alike), or of cos(f u + phase), u the standard deviations along a direction as the cosine mark's, f the frequency in radians for each, direction and phase keyed for each pair. A copy should learn the tilted boundary, and show it where nobody asked. Fashion, 5,000 answers; p of each of two or three seeds (the third was not run for every key), of the rank among 20,000 random keys, which is never below 5e-5.

            **It does, but faintly.** With frequency 2 a copy of labels picks what the key picks in {Percent(Get(OwnershipTarget.Fashion, RegionMark.Cosine2, OwnershipThieves.Labels, RegionExperiment.Unseen), row => row.Matches)} % of unseen near ties; p is {Of(RegionMark.Cosine2, OwnershipThieves.Labels, RegionExperiment.UnseenAlone)}, {Of(RegionMark.Cosine2, OwnershipThieves.Labels, RegionExperiment.Unseen)} less what clean copies of other rows pick, and {Of(RegionMark.Cosine2, OwnershipThieves.Labels, RegionExperiment.UnseenMatched)} less what clean copies of the thief's rows pick (matched controls), for which the owner needs the whole log. The best, linear with matched controls, is {Of(RegionMark.Linear, OwnershipThieves.Labels, RegionExperiment.UnseenMatched)}. Of who takes the other half's copy's answer wherever he was told something else, frequency 2 and linear leave {Of(RegionMark.Cosine2, DisguiseThieves.ReplacesOther, RegionExperiment.UnseenMatched)} and {Of(RegionMark.Linear, DisguiseThieves.ReplacesOther, RegionExperiment.UnseenMatched)} of it, and {Of(RegionMark.Cosine2, DisguiseThieves.ReplacesOther, RegionExperiment.Logged)} and {Of(RegionMark.Linear, DisguiseThieves.ReplacesOther, RegionExperiment.Logged)} on the logged rows. A margin of .4 moves {Moved(RegionMark.Cosine2Wide)} % of labels instead of {Moved(RegionMark.Cosine2)} and leaves {Of(RegionMark.Cosine2Wide, OwnershipThieves.Labels, RegionExperiment.UnseenMatched)} of a copy of labels, {Of(RegionMark.Cosine2Wide, DisguiseThieves.ReplacesOther, RegionExperiment.UnseenMatched)} of that thief's. With two decimals, who makes small released margins even leaves {Of(RegionMark.Cosine2, OwnershipThieves.EvensMargins, RegionExperiment.Logged, MarkedRelease.Round2)} of the logged rows, as of the other keys. p below .001 was asked for, on unseen rows and of the thief of halves: linear with matched controls is about there on unseen rows, and nothing is in every seed of that thief. So no option does it.

            What is smooth costs evidence, too. A copy differs from its model smoothly, by chance, so that near ties of one pair count as a few and not as many: of a copy that picks all that it was told, the logged rows give frequency 2 a z of {Zs(RegionMark.Cosine2)}, and the exact key {Zs(RegionMark.Exact)}. Frequencies and the statistic were chosen mainly on other seeds than these, of which the first was looked at once before. Not tried: letters, more seeds, more answers, and thieves who know of it, such as one who regresses the labels of near ties on inputs to find the directions.

            {Innocents()}

            Margin .2 but for one row; logged near ties are those of the margin, unseen ones those to .4 among rows that neither thieves nor controls used ({UnseenTies()}). The statistic is the sum over near ties of the bit times (the suspect's pick less the mean pick of six clean copies), logged and unseen by copies of other rows. Frequencies and statistics were chosen on other seeds.

            | key | release | thief | matches, unseen, % | logged: p | unseen: p | unseen, matched controls: p | unseen, no controls: p | accuracy, % | agreement, % |
            |---|---|---|---|---|---|---|---|---|---|

            """);
        foreach ((string keying, string release, string thief) in
            from cell in RegionExperiment.Cells
            from thief in cell.Thieves
            select (cell.Keying, cell.Release, thief))
        {
            IReadOnlyList<RegionRow> By(string test) => Get(OwnershipTarget.Fashion, keying, thief, test, release);
            IReadOnlyList<RegionRow> logged = By(RegionExperiment.Logged);
            page.Append(
                CultureInfo.InvariantCulture,
                $"| {keying} | {release} | {thief} | {Percent(By(RegionExperiment.Unseen), row => row.Matches)} | {P(logged)} | {P(By(RegionExperiment.Unseen))} | {P(By(RegionExperiment.UnseenMatched))} | {P(By(RegionExperiment.UnseenAlone))} | {Percent(logged, row => row.Accuracy)} | {Percent(logged, row => row.Agreement)} |\n");
        }
    }

    private string Moved(string keying) =>
        (100 * (1 - Get(OwnershipTarget.Fashion, keying, RegionExperiment.Answers, RegionExperiment.Answers).Average(row => row.Agreement))).ToString("F1", CultureInfo.InvariantCulture);

    private string Zs(string keying) =>
        Get(OwnershipTarget.Fashion, keying, OwnershipThieves.Labels, RegionExperiment.Logged).Average(row => row.Z).ToString("F1", CultureInfo.InvariantCulture);

    private string UnseenTies() => string.Join(" / ", Get(OwnershipTarget.Fashion, RegionMark.Cosine2, OwnershipThieves.Labels, RegionExperiment.Unseen).Select(row => row.Ties));

    private string Innocents()
    {
        IReadOnlyList<RegionRow> rows = Innocent(OwnershipTarget.Fashion, RegionExperiment.Unseen);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Of {rows.Select(row => (row.Seed, row.Suspect)).Distinct().Count()} models that saw no mark (copies of clean labels of the thief's rows, and of true labels), {rows.Count} tests with every key by region, on unseen rows and less clean copies of other rows, give z of {rows.Min(row => row.Z):F1} to {rows.Max(row => row.Z):F1}, mean {rows.Average(row => row.Z):F2}, and p below .01 in {rows.Count(row => row.LogP < -2)}. Tests of one model with several keys, and of models on the same rows, are not independent.");
    }

    private static string P(IReadOnlyList<RegionRow> rows) => string.Join(" / ", rows.Select(row => OwnershipSummary.Number(row.LogP)));

    private static string Percent(IReadOnlyList<RegionRow> rows, Func<RegionRow, double> value) =>
        string.Create(CultureInfo.InvariantCulture, $"{100 * rows.Average(value):F1} ({100 * rows.Min(value):F1}-{100 * rows.Max(value):F1})");
}
