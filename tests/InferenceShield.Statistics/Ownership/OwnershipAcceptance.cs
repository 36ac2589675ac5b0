using System.Globalization;

namespace InferenceShield.Statistics.Ownership;

/// <summary>One figure that was asked for, beside what was measured.</summary>
/// <param name="What">The question.</param>
/// <param name="Wanted">The bound.</param>
/// <param name="Measured">What the CSV says.</param>
/// <param name="IsMet">Whether the median over seeds, or the mean over keys, meets the bound.</param>
internal sealed record OwnershipAcceptance(string What, string Wanted, string Measured, bool IsMet)
{
    private const int Few = OwnershipExperiment.Few;
    private const int Many = OwnershipExperiment.Many;
    private const string Fashion = OwnershipTarget.Fashion;
    private const string Letters = OwnershipTarget.Letters;

    public static IEnumerable<OwnershipAcceptance> All(OwnershipFigures figures)
    {
        foreach (MarkKeying keying in (MarkKeying[])[MarkKeying.ExactInput, MarkKeying.Cell])
        {
            string mark = OwnershipMark.NearTie(keying, 0.2).Name;
            OwnershipAcceptance? P(string what, string target, string release, string thief, int budget, int power, string test = OwnershipTests.Logged) =>
                figures.Find(target, mark, release, thief, budget, test) is { } found
                    ? new($"{mark}: {what}", string.Create(CultureInfo.InvariantCulture, $"p < 1e{power}"), found.P, found.MedianLogP < power)
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
                    yield return new($"{mark}: labels moved, {target}", "at most 3.5 %", OwnershipFigures.Percent(costs.Select(row => row.Moved)) + " %", moved <= 0.035);
                    yield return new($"{mark}: change of accuracy, {target}", "within 0.5 points", OwnershipFigures.Percent(costs.Select(row => row.Gain)) + " points", Math.Abs(gain) <= 0.005);
                }
            }
        }

        string cosine = OwnershipMark.OfCosine(0.05).Name;
        OwnershipAcceptance? Z(string what, string thief, int budget, Func<OwnershipSummary, bool> isMet, string wanted) =>
            figures.Find(Fashion, cosine, MarkedRelease.Full, thief, budget) is { } found ? new($"{cosine}: {what}, Fashion", wanted, "z " + found.Z, isMet(found)) : null;
        OwnershipAcceptance? Clean(string what, int budget) =>
            figures.Find(Fashion, OwnershipMark.None, MarkedRelease.Full, OwnershipThieves.Scores, budget) is { } found
                ? new($"{cosine}: {what}, Fashion", "z within 3 of 0", "z " + found.Z, found.Rows.All(row => Math.Abs(row.Statistic) < 3)) : null;
        OwnershipAcceptance?[] cosines =
        [
            Z("scores, 5,000", OwnershipThieves.Scores, Few, found => found.Statistic >= 3, "mean z of at least 3"),
            Z("scores, 15,000", OwnershipThieves.Scores, Many, found => found.Statistic >= 4.5, "mean z of at least 4.5"),
            Clean("copy of unmarked scores, 5,000", Few),
            Clean("copy of unmarked scores, 15,000", Many),
            Z("labels, 5,000", OwnershipThieves.Labels, Few, found => found.Rows.All(row => Math.Abs(row.Statistic) < 3), "z within 3 of 0"),
            Z("labels, 15,000", OwnershipThieves.Labels, Many, found => found.Rows.All(row => Math.Abs(row.Statistic) < 3), "z within 3 of 0"),
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
                yield return new($"false claims, {test}, {target}", "p < .01 for at most 2.5 % of random keys", string.Create(CultureInfo.InvariantCulture, $"{share:F2} % ({low:F2}-{high:F2})"), share <= 2.5);
            }
        }
    }
}
