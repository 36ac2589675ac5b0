using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

namespace InferenceShield.Lab;

/// <summary>Writes what verifications found, for people and for programs.</summary>
public static class VerificationWriter
{
    private const double Deepest = 300;
    private const int MostCallers = 20;
    private const string AttributionLimit = "callers by pseudonym, with the marked queries that are in the list. Having asked is not having copied: several callers may have asked the same, the list is a sample, and answers may have been passed on or leaked.";

    /// <summary>Everything as JSON; numbers that are none are written as "NaN".</summary>
    /// <param name="reports">One for each suspect.</param>
    public static string ToJson(IReadOnlyList<VerificationReport> reports)
    {
        ArgumentNullException.ThrowIfNull(reports);
        return JsonSerializer.Serialize([.. reports], LabJsonContext.Default.VerificationReportArray);
    }

    /// <summary>One report as lines of plain text.</summary>
    /// <param name="report">The report.</param>
    public static string ToText(VerificationReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{report.Words}\n\n");
        foreach (OwnershipTestResult test in report.Tests)
        {
            text.Append(CultureInfo.InvariantCulture, $"{test.Name}: {Describe(test, report)}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"\nCombined: p = {PValue(report.CombinedPValue)}. {report.Combination}\n");
        foreach (string note in report.Notes)
        {
            text.Append(CultureInfo.InvariantCulture, $"Note: {note}\n");
        }

        if (report.Callers.Count > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"\nWho was given these answers: {AttributionLimit}\n");
            foreach (CallerAttribution caller in report.Callers.Take(MostCallers))
            {
                text.Append(CultureInfo.InvariantCulture, $"- {caller.Caller}: {caller.Queries:N0} marked {(caller.Queries == 1 ? "query" : "queries")}\n");
            }

            text.Append(MoreCallers(report));
        }

        text.Append("\nWhat this does not prove:\n");
        foreach (string limit in report.Limits)
        {
            text.Append(CultureInfo.InvariantCulture, $"- {limit}\n");
        }

        return text.ToString();
    }

    /// <summary>A plan as lines of plain text.</summary>
    /// <param name="plan">The plan.</param>
    public static string ToText(VerificationPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{plan.Given:N0} queries are at hand; {plan.Asked:N0} would be asked{(plan.Asked > plan.Given ? ", with rows that only show which class is which" : "")}.\n");
        foreach (PowerEstimate test in plan.Tests)
        {
            string queries = test.Needed == CellPower.Never ? "no number of queries like these suffices"
                : test.Queries is { } count
                ? string.Create(CultureInfo.InvariantCulture, $"you need about {count:N0} queries like these, {test.Needed:N0} of whose answers count; at hand are {test.Available:N0} that count")
                : "none of the queries at hand counts";
            text.Append(CultureInfo.InvariantCulture, $"{test.Name}: for p <= {PValue(test.PValue)} on {(double.IsNaN(test.Match) ? "a network that was trained on 6,000 answers with the default mark" : string.Create(CultureInfo.InvariantCulture, $"a copy that repeats {100 * test.Match:0} % of marked answers"))} {queries}.\n");
        }

        foreach (string missing in plan.Missing)
        {
            text.Append(CultureInfo.InvariantCulture, $"Note: {missing}\n");
        }

        return text.ToString();
    }

    /// <summary>A page that needs nothing else: words, tables, a plot (inline SVG); no script, nothing from elsewhere.</summary>
    /// <param name="reports">One for each suspect.</param>
    public static string ToHtml(IReadOnlyList<VerificationReport> reports)
    {
        ArgumentNullException.ThrowIfNull(reports);
        string title = "Ownership verification: " + string.Join(", ", reports.Select(static report => report.Model).Distinct());
        StringBuilder html = new("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        html.Append(CultureInfo.InvariantCulture, $"<title>{Escape(title)}</title>\n<style>\n{ReportStyle.Css}</style>\n</head>\n<body>\n<main>\n<header><h1>{Escape(title)}</h1></header>\n");
        foreach (VerificationReport report in reports)
        {
            html.Append(ToHtmlSection(report));
        }

        return html.Append("</main>\n</body>\n</html>\n").ToString();
    }

    /// <summary>One report as a section of a page whose style sheet is that of reports.</summary>
    internal static string ToHtmlSection(VerificationReport report)
    {
        StringBuilder html = new();
        html.Append(CultureInfo.InvariantCulture, $"<section>\n<h2>{Escape(report.Suspect)}</h2>\n<p class=\"lead\">{Escape(report.Words)}</p>\n");
        html.Append("<h3>Tests</h3>\n<div class=\"scroll\"><table>\n<thead><tr><th>test</th><th>answers</th><th>measured</th><th>by chance</th><th>effect, 95 %</th><th>p</th><th>random keys below .01</th><th>controls, least p</th></tr></thead>\n<tbody>\n");
        foreach (OwnershipTestResult test in report.Tests)
        {
            html.Append(CultureInfo.InvariantCulture, $"<tr><th scope=\"row\">{Escape(test.Name)}<br><small>{Escape(test.EffectUnit)}</small></th><td>{test.Answers:N0}{(Needed(test, report) is { Length: > 0 } needed ? $"<br><small>{needed}</small>" : "")}</td>{(test.Answers == 0 ? "<td>none</td><td>none</td><td>none</td>" : string.Create(CultureInfo.InvariantCulture, $"<td>{test.Statistic:0.000}</td><td>{test.Expected:0.000}</td><td>{test.Effect:+0.000;-0.000}<br><small>{test.EffectLow:+0.000;-0.000} to {test.EffectHigh:+0.000;-0.000}</small></td>"))}<td>{PValue(test.PValue)}<br><small>{Escape(Say(test.Method))}</small></td><td>{(test.RandomKeys > 0 && test.Answers > 0 ? string.Create(CultureInfo.InvariantCulture, $"{100 * test.RandomKeyShare:0.0} %<br><small>of {test.RandomKeys:N0}</small>") : "none")}</td><td>{Controls(test)}</td></tr>\n");
        }

        html.Append("</tbody></table></div>\n");
        if (report.Tests.Any(static test => test.ControlPValues.Count > 0))
        {
            html.Append("<p class=\"note\">Controls, least p: the smallest p-value that any of the independent models has in the same test; a small one says that the test accuses models which copied nothing, and makes it void.</p>\n");
        }

        DrawEvidence(html, report);
        html.Append(CultureInfo.InvariantCulture, $"<p class=\"note\">Combined: p = {PValue(report.CombinedPValue)}. {Escape(report.Combination)}</p>\n");
        foreach (string note in report.Tests.Where(static test => test.Note.Length > 0).Select(static test => $"{test.Name}: {test.Note}").Concat(report.Notes))
        {
            html.Append(CultureInfo.InvariantCulture, $"<p class=\"note\">{Escape(note)}</p>\n");
        }

        if (report.Callers.Count > 0)
        {
            html.Append(CultureInfo.InvariantCulture, $"<h3>Who was given these answers</h3>\n<p class=\"note\">{Escape(AttributionLimit)}</p>\n<div class=\"scroll\"><table>\n<thead><tr><th>caller</th><th>marked queries</th></tr></thead>\n<tbody>\n");
            foreach (CallerAttribution caller in report.Callers.Take(MostCallers))
            {
                html.Append(CultureInfo.InvariantCulture, $"<tr><th scope=\"row\">{Escape(caller.Caller)}</th><td>{caller.Queries:N0}</td></tr>\n");
            }

            html.Append(CultureInfo.InvariantCulture, $"</tbody></table></div>\n{(report.Callers.Count > MostCallers ? $"<p class=\"note\">{MoreCallers(report).TrimEnd()}</p>\n" : "")}");
        }

        html.Append("<h3>What this does not prove</h3>\n<ul class=\"summary\">\n");
        foreach (string limit in report.Limits)
        {
            html.Append(CultureInfo.InvariantCulture, $"<li>{Escape(limit)}</li>\n");
        }

        html.Append(CultureInfo.InvariantCulture, $"</ul>\n<h3>Settings</h3>\n<dl>\n<dt>Model</dt><dd>{Escape(report.Model)}</dd>\n<dt>Suspect</dt><dd>{Escape(report.SuspectIdentity is { Length: > 0 } identity ? $"{report.Suspect}, {identity}" : report.Suspect)}</dd>\n<dt>Commitment</dt><dd>{Escape(report.Commitment.Length > 0 ? report.Commitment : "none")}</dd>\n{(report.OtherCommitments.Count > 0 ? $"<dt>Other commitments</dt><dd>{Escape(string.Join(", ", report.OtherCommitments))}</dd>\n" : "")}<dt>Queries</dt><dd>{report.Queries:N0}</dd>\n<dt>Digest of their list</dt><dd>{Escape(report.Binding is { } binding ? Say(binding) : "none")}</dd>\n<dt>Controls</dt><dd>{Escape(report.Controls.Count > 0 ? string.Join(", ", report.Controls) : "none")}</dd>\n<dt>Seed</dt><dd>{report.Seed}</dd>\n<dt>Time</dt><dd>{report.Time.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC</dd>\n<dt>Version</dt><dd>{Escape(report.Version)}</dd>\n</dl>\n</section>\n");
        return html.ToString();
    }

    private static string Say(EvidenceBinding binding)
    {
        string root = binding.Root.Length == 0 ? "its root was not checked" : $"its root {binding.Root} was checked";
        string stamp = binding.Stamped is { } time ? $"stamped at {OwnershipFiles.TextOf(time)} by {binding.Authority}; {root}" : "stamped by nobody";
        return string.Create(CultureInfo.InvariantCulture, $"{binding.Digest}, {binding.Entries:N0} marked queries, {stamp}");
    }

    private static void DrawEvidence(StringBuilder html, VerificationReport report)
    {
        OwnershipTestResult[] tests = [.. report.Tests.Where(static test => !double.IsNaN(test.PValue))];
        if (tests.Length == 0)
        {
            return;
        }

        List<PlotSeries> series = [new("suspect", 1, [.. tests.Select((test, i) => new PlotPoint(i + 1, Depth(test.PValue), 0))])];
        for (int control = 0; control < report.Controls.Count; control++)
        {
            series.Add(new PlotSeries(report.Controls[control], control + 2, [.. tests.Select((test, i) => new PlotPoint(i + 1, control < test.ControlPValues.Count ? Depth(test.ControlPValues[control]) : 0, 0))]));
        }

        string axis = "test: " + string.Join(", ", tests.Select(static (test, i) => string.Create(CultureInfo.InvariantCulture, $"{i + 1} {test.Name}")));
        double most = Math.Max(6, 1.05 * series.Max(static one => one.Points.Max(static point => point.Y)));
        string drawn = SvgPlot.Draw(
            "Evidence against chance, suspect and controls",
            PlotAxis.Linear(axis, 0.5, tests.Length + 0.5, static value => value == Math.Floor(value) ? value.ToString("0", CultureInfo.InvariantCulture) : ""),
            PlotAxis.Linear("-log10 of p", 0, most, static value => value.ToString("0", CultureInfo.InvariantCulture)),
            series,
            named: false);
        html.Append("<div class=\"plots\"><figure><figcaption>How unlikely each fit is by chance: 4 and more together is what a verdict takes</figcaption>\n").Append("<p class=\"legend\">");
        foreach (PlotSeries one in series)
        {
            html.Append(CultureInfo.InvariantCulture, $"<span>{SvgPlot.DrawMarker(one.Style)}{Escape(one.Name)}</span>\n");
        }

        html.Append("</p>\n").Append(drawn).Append("</figure></div>\n");
    }

    private static string MoreCallers(VerificationReport report) => report.Callers.Count <= MostCallers ? ""
        : string.Create(CultureInfo.InvariantCulture, $"and {report.Callers.Count - MostCallers:N0} {(report.Callers.Count - MostCallers == 1 ? "caller" : "callers")} more; all are in the JSON\n");

    private static double Depth(double pValue) => double.IsNaN(pValue) ? 0 : Math.Min(Deepest, -Math.Log10(pValue));

    /// <summary>What a verdict lacks; empty where it lacks nothing of this test.</summary>
    private static string Needed(OwnershipTestResult test, VerificationReport report) =>
        report.Verdict != OwnershipVerdict.Inconclusive || test.Answers >= test.Needed ? ""
        : test.Needed == CellPower.Never ? "no number suffices"
        : string.Create(CultureInfo.InvariantCulture, $"of {test.Needed:N0} needed");

    private static string Describe(OwnershipTestResult test, VerificationReport report) => test.Answers == 0 ? $"no answer counts, so nothing was measured. {Needed(test, report)}".TrimEnd() : string.Create(
        CultureInfo.InvariantCulture,
        $"p = {PValue(test.PValue)} ({Say(test.Method)}), {test.Statistic:0.000} {test.EffectUnit} against {test.Expected:0.000} by chance (effect {test.EffectLow:+0.000;-0.000} to {test.EffectHigh:+0.000;-0.000}), {test.Answers:N0} {(test.Answers == 1 ? "answer" : "answers")}{(Needed(test, report) is { Length: > 0 } needed ? " " + needed : "")}{(test.RandomKeys > 0 ? string.Create(CultureInfo.InvariantCulture, $", {100 * test.RandomKeyShare:0.0} % of {test.RandomKeys:N0} random keys below .01") : "")}{(test.ControlPValues.Count > 0 ? ", least p of the controls " + Controls(test) : "")}. {test.Note}").TrimEnd();

    private static string Controls(OwnershipTestResult test) =>
        test.ControlPValues.Where(static value => !double.IsNaN(value)).ToArray() is { Length: > 0 } values ? PValue(values.Min()) : "none";

    private static string Say(PValueMethod method) => method switch
    {
        PValueMethod.Exact => "exact over random keys",
        PValueMethod.RandomKeys => "rank among random keys",
        PValueMethod.SaddlePoint => "by a saddle-point formula over random keys",
        _ => "by control models",
    };

    /// <summary>A p-value as people read it.</summary>
    internal static string PValue(double value) => double.IsNaN(value) ? "none"
        : value <= BinomialTail.Smallest ? "1e-300 or less"
        : value.ToString(value < 0.001 ? "0.0e+0" : "0.000", CultureInfo.InvariantCulture);

    private static string Escape(string text) => WebUtility.HtmlEncode(text);
}
