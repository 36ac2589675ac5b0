using System.Globalization;
using System.Net;
using System.Text;

namespace InferenceShield.Lab;

/// <summary>summary.html of a dossier: what was committed to and when, what was found, and how the test behaves under random keys. No script.</summary>
internal static class DossierPage
{
    private const int Points = 40;

    public static string Write(DossierContent content, CommitmentTimestamp? stamp, string? evidence, CommitmentTimestamp? listStamp)
    {
        OwnershipCommitment commitment = content.Commitment;
        string title = "Ownership dossier: " + commitment.Model;
        StringBuilder html = new("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        html.Append(CultureInfo.InvariantCulture, $"<title>{Escape(title)}</title>\n<style>\n{ReportStyle.Css}</style>\n</head>\n<body>\n<main>\n<header><h1>{Escape(title)}</h1>\n");
        if (stamp is null)
        {
            html.Append("<p class=\"lead\">Nobody but the claimant dates this dossier: its commitment has no timestamp, so nothing shows that it is older than the suspicion.</p>\n");
        }

        html.Append("<p class=\"lead\">Written by who makes the claim. Check it with <code>inference-shield dossier check</code>, or as README.txt says; this page proves nothing by itself.</p></header>\n<section>\n<h2>Commitment</h2>\n<dl>\n");
        Term(html, "Id", commitment.Id);
        Term(html, "Model's file", "SHA-256 " + commitment.ModelDigest);
        Term(html, "Mark key", commitment.KeyId);
        Term(html, "Made", OwnershipFiles.TextOf(commitment.Time) + ", as its maker says");
        Term(html, "Stamped", stamp is null ? "never: only its maker says when it was made" : stamp.ToString());
        Term(html, "Public key", "SHA-256 " + commitment.SignerDigest);
        Term(html, "Marks", string.Join("; ", commitment.Marks.Select(static marks => $"{marks.Output}, {marks.Posture}")));
        Term(html, "List of marked queries", evidence is null ? "none given" : "SHA-256 of its files " + evidence);
        Term(html, "Digest of that list", content.EvidenceDigest is { } digest ? $"{digest.Id}, made {OwnershipFiles.TextOf(digest.Time)}, as its maker says" : "none given");
        if (content.EvidenceDigest is not null)
        {
            Term(html, "Digest stamped", listStamp is null ? "never: only its maker says when it was made" : listStamp.ToString());
        }

        html.Append("</dl>\n</section>\n");
        foreach (VerificationReport report in content.Reports)
        {
            html.Append(VerificationWriter.ToHtmlSection(report));
            foreach (RecordedTest test in report.Record?.Tests ?? [])
            {
                DrawRandomKeys(html, report, test);
            }
        }

        return html.Append("</main>\n</body>\n</html>\n").ToString();
    }

    /// <summary>The share of random keys at or below each p-value: below the diagonal the test promises no more than it holds.</summary>
    private static void DrawRandomKeys(StringBuilder html, VerificationReport report, RecordedTest test)
    {
        int keys = report.Tests.FirstOrDefault(result => result.Name == test.Test)?.RandomKeys ?? 0;
        double[] values = test.Random is { } random
            ? SharesOf(random)
            : DossierArithmetic.RandomPValues(test, report.Seed, Math.Clamp(keys, 0, 1000));
        if (values.Length == 0 || values.Any(double.IsNaN))
        {
            return;
        }

        double[] levels = [.. Enumerable.Range(0, Points + 1).Select(static i => i / (double)Points)];
        PlotSeries[] series =
        [
            new("promised", 0, [new PlotPoint(0, 0, 0), new PlotPoint(1, 1, 0)]),
            new("random keys", 1, [.. levels.Select(level => new PlotPoint(level, values.Count(value => value <= level) / (double)values.Length, 0))]),
        ];
        PlotAxis x = PlotAxis.Linear("p", 0, 1, static value => value.ToString("0.0", CultureInfo.InvariantCulture));
        PlotAxis y = PlotAxis.Linear("share of random keys at or below p", 0, 1, static value => value.ToString("0.0", CultureInfo.InvariantCulture));
        html.Append(CultureInfo.InvariantCulture, $"<div class=\"plots\"><figure><figcaption>{Escape(report.Suspect)}, {Escape(test.Test)}: p under {values.Length:N0} keys that marked nothing</figcaption>\n<p class=\"legend\">");
        foreach (PlotSeries one in series)
        {
            html.Append(CultureInfo.InvariantCulture, $"<span>{SvgPlot.DrawMarker(one.Style)}{one.Name}</span>\n");
        }

        html.Append("</p>\n").Append(SvgPlot.Draw("p-values under random keys", x, y, series, named: false)).Append("</figure></div>\n");
    }

    /// <summary>Of each value the share that is as large. In a sorted list, as a claimant's may be long.</summary>
    private static double[] SharesOf(double[] random)
    {
        Dictionary<double, int> smaller = [];
        foreach ((int i, double value) in random.Order().Index())
        {
            smaller.TryAdd(value, i);
        }

        return [.. random.Select(value => (random.Length - smaller[value]) / (double)random.Length)];
    }

    private static void Term(StringBuilder html, string name, string text) => html.Append(CultureInfo.InvariantCulture, $"<dt>{name}</dt><dd>{Escape(text)}</dd>\n");

    private static string Escape(string text) => WebUtility.HtmlEncode(text);
}
