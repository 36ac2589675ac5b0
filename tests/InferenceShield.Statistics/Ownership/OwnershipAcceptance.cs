using System.Globalization;

namespace InferenceShield.Statistics.Ownership;

/// <summary>One figure that was asked for, beside what was measured.</summary>
/// <param name="What">The question.</param>
/// <param name="Wanted">The bound.</param>
/// <param name="Measured">What the CSV says.</param>
/// <param name="IsMet">Whether the median over seeds, or the mean over keys, meets the bound.</param>
/// <param name="IsMetByWorst">Whether the worst in brackets does, too; of an interval its worse end.</param>
internal sealed record OwnershipAcceptance(string What, string Wanted, string Measured, bool IsMet, bool IsMetByWorst)
{
    private const int Few = OwnershipExperiment.Few;
    private const int Many = OwnershipExperiment.Many;
    private const string Fashion = OwnershipTarget.Fashion;
    private const string Letters = OwnershipTarget.Letters;

    /// <param name="figures">Of marks in labels and scores.</param>
    /// <param name="results">The folder of the other files.</param>
    public static IEnumerable<OwnershipAcceptance> All(OwnershipFigures figures, string results) =>
    [
        .. Marks(figures),
        .. Tokens(OwnershipOtherTable.Read(results, "ownership-tokens.csv")),
        .. Fingerprints(OwnershipOtherTable.Read(results, "ownership-fingerprint-summary.csv")),
    ];

    private static IEnumerable<OwnershipAcceptance> Marks(OwnershipFigures figures)
    {
        foreach (MarkKeying keying in (MarkKeying[])[MarkKeying.ExactInput, MarkKeying.Cell])
        {
            string mark = OwnershipMark.NearTie(keying, 0.2).Name;
            OwnershipAcceptance? P(string what, string target, string release, string thief, int budget, int power, string test = OwnershipTests.Logged) =>
                figures.Find(target, mark, release, thief, budget, test) is { } found
                    ? new($"{mark}: {what}", string.Create(CultureInfo.InvariantCulture, $"p < 1e{power}"), found.P, found.MedianLogP < power, found.WorstLogP < power)
                    : null;
            OwnershipAcceptance?[] lines =
            [
                P("labels, Fashion 5,000", Fashion, MarkedRelease.Labels, OwnershipThieves.Labels, Few, -20),
                P("labels, letters 5,000", Letters, MarkedRelease.Labels, OwnershipThieves.Labels, Few, -12),
                P("bands + second, Fashion 5,000", Fashion, MarkedRelease.Bands, OwnershipThieves.Scores, Few, -4),
                P("bands + second, Fashion 15,000", Fashion, MarkedRelease.Bands, OwnershipThieves.Scores, Many, -4),
                P("bands + second, letters 5,000", Letters, MarkedRelease.Bands, OwnershipThieves.Scores, Few, -4),
                P("regularised, Fashion 5,000", Fashion, MarkedRelease.Labels, OwnershipThieves.Regularised, Few, -6),
                P("regularised, Fashion 15,000", Fashion, MarkedRelease.Labels, OwnershipThieves.Regularised, Many, -6),
                keying == MarkKeying.Cell ? P("8 votes, Fashion 5,000", Fashion, MarkedRelease.Labels, OwnershipThieves.Votes, Few, -3) : null,
                keying == MarkKeying.Cell ? P("8 votes, Fashion 5,000, unseen rows", Fashion, MarkedRelease.Labels, OwnershipThieves.Votes, Few, -3, OwnershipTests.Unseen) : null,
            ];
            foreach (OwnershipAcceptance line in lines.OfType<OwnershipAcceptance>())
            {
                yield return line;
            }

            foreach (string target in OwnershipTarget.Names)
            {
                if (figures.Costs(target, mark) is { Count: > 0 } costs)
                {
                    double moved = costs.Average(row => row.Moved);
                    double gain = costs.Average(row => row.Gain);
                    yield return new($"{mark}: labels moved, {target}", "at most 3.5 %", OwnershipFigures.Percent(costs.Select(row => row.Moved)) + " %", moved <= 0.035, costs.All(row => row.Moved <= 0.035));
                    yield return new($"{mark}: change of accuracy, {target}", "within 0.5 points", OwnershipFigures.Percent(costs.Select(row => row.Gain)) + " points", Math.Abs(gain) <= 0.005, costs.All(row => Math.Abs(row.Gain) <= 0.005));
                }
            }
        }

        string cosine = OwnershipMark.OfCosine(0.05).Name;
        OwnershipAcceptance? Z(string what, int budget, double least) =>
            figures.Find(Fashion, cosine, MarkedRelease.Full, OwnershipThieves.Scores, budget) is { } found
                ? new($"{cosine}: {what}, Fashion", string.Create(CultureInfo.InvariantCulture, $"mean z of at least {least}"), "z " + found.Z, found.Statistic >= least, found.Rows.All(row => row.Statistic >= least)) : null;
        OwnershipAcceptance? None(string what, string mark, string thief, int budget)
        {
            OwnershipSummary? found = figures.Find(Fashion, mark, MarkedRelease.Full, thief, budget);
            bool isMet = found?.Rows.All(row => Math.Abs(row.Statistic) < 3) ?? false;
            return found is null ? null : new($"{cosine}: {what}, Fashion", "z within 3 of 0", "z " + found.Z, isMet, isMet);
        }

        OwnershipAcceptance?[] cosines =
        [
            Z("scores, 5,000", Few, 3),
            Z("scores, 15,000", Many, 4.5),
            None("copy of unmarked scores, 5,000", OwnershipMark.None, OwnershipThieves.Scores, Few),
            None("copy of unmarked scores, 15,000", OwnershipMark.None, OwnershipThieves.Scores, Many),
            None("labels, 5,000", cosine, OwnershipThieves.Labels, Few),
            None("labels, 15,000", cosine, OwnershipThieves.Labels, Many),
        ];
        foreach (OwnershipAcceptance line in cosines.OfType<OwnershipAcceptance>())
        {
            yield return line;
        }

        foreach (string target in OwnershipTarget.Names)
        {
            foreach (string test in figures.Claims.Where(row => row.Target == target).Select(row => row.Test).Distinct())
            {
                (double share, double low, double high, _) = figures.FalseClaims(target, "", test);
                yield return new($"false claims, {test}, {target}", "p < .01 for at most 2.5 % of random keys", string.Create(CultureInfo.InvariantCulture, $"{share:F2} % ({low:F2}-{high:F2})"), share <= 2.5, high <= 2.5);
            }
        }

        // Of a cell key p takes few values, which this test does not allow for.
        foreach (IGrouping<(string Target, string Test), OwnershipClaimRow> runs in figures.Claims.Where(row => row.Test.Contains(" exact", StringComparison.Ordinal)).GroupBy(row => (row.Target, row.Test)))
        {
            double[] values = [.. runs.Select(row => row.PValue).Order()];
            yield return new(
                $"false claims, {runs.Key.Test}, {runs.Key.Target}: p uniform over random keys", "p of Kolmogorov and Smirnov at least .01",
                string.Create(CultureInfo.InvariantCulture, $"{values[values.Length / 2]:F2} ({values[0]:F3}), {values.Length} models"), values[values.Length / 2] >= 0.01, values[0] >= 0.01);
        }
    }

    private static IEnumerable<OwnershipAcceptance> Tokens(IReadOnlyList<Dictionary<string, string>> rows)
    {
        foreach (string kind in new[] { "green list", "tournament" })
        {
            double[] ratios = [.. rows.Where(row => row["edit"] == "none" && row["mark"].StartsWith(kind, StringComparison.Ordinal)).Select(row => Number(row["ratio"]))];
            yield return new(
                $"tokens, {kind}: z by that of theory", "within 10 %", string.Create(CultureInfo.InvariantCulture, $"{ratios.Average():F3} ({ratios.Min():F3} to {ratios.Max():F3}), {ratios.Length} rows"),
                Math.Abs(ratios.Average() - 1) <= 0.1, ratios.All(ratio => Math.Abs(ratio - 1) <= 0.1));
        }
    }

    private static IEnumerable<OwnershipAcceptance> Fingerprints(IReadOnlyList<Dictionary<string, string>> rows)
    {
        foreach (Dictionary<string, string> row in rows.Where(row => row["statistic"] == FingerprintExperiment.Ratio && row["stolen"].Split(' ')[0] is "all" or "labels"))
        {
            yield return new(
                $"fingerprint, {row["data"]}: stolen {row["stolen"]}, independent {row["independents"]}", "AUC of at least .95",
                string.Create(CultureInfo.InvariantCulture, $"{Number(row["auc"]):F3} ({Number(row["low"]):F3}-{Number(row["high"]):F3})"), Number(row["auc"]) >= 0.95, Number(row["low"]) >= 0.95);
        }
    }

    private static double Number(string field) => double.Parse(field, CultureInfo.InvariantCulture);
}
