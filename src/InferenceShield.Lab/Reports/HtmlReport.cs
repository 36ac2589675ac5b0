using System.Globalization;
using System.Net;
using System.Text;

namespace InferenceShield.Lab;

/// <summary>Writes report.html. Every text that comes from outside goes through <see cref="Escape"/>.</summary>
internal sealed class HtmlReport(AuditResult result, IReadOnlyDictionary<string, string> settings, IReadOnlyList<GateOutcome> gates)
{
    private readonly StringBuilder _html = new();

    public string Write()
    {
        AuditPlan plan = result.Plan;
        string title = "Extraction audit: " + string.Join(", ", plan.Setups.Select(setup => setup.Name));
        _html.Append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        _html.Append(CultureInfo.InvariantCulture, $"<title>{Escape(title)}</title>\n<style>\n{ReportStyle.Css}</style>\n</head>\n<body>\n<main>\n<header><h1>{Escape(title)}</h1>\n");
        _html.Append(CultureInfo.InvariantCulture, $"<p class=\"lead\">{Counted(plan.CellCount, "theft")}: {Counted(plan.Policies.Length, "policy")}, {Counted(plan.Attacks.Length, "attack")}, {Counted(plan.Budgets.Length, "budget")}, {Counted(plan.Seeds.Length, "seed")}. Agreement is the share of held-out inputs on which the stolen copy and the clean model give the same label.</p></header>\n");
        WriteGates();
        WriteSummary();
        foreach (ExtractionSetup setup in plan.Setups)
        {
            WriteSetup(setup);
        }

        WriteSettings();
        _html.Append("</main>\n</body>\n</html>\n");
        return _html.ToString();
    }

    private static string Escape(string text) => WebUtility.HtmlEncode(text);

    private static string Counted(int count, string word) =>
        Say($"{count:N0} {(count == 1 ? word : word.EndsWith('y') ? word[..^1] + "ies" : word + "s")}");

    private static string Say(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>A share in per cent with its interval.</summary>
    private static string Show(Interval interval) =>
        Say($"{100 * interval.Mean:0.0}") + (PlainWords.HalfWidth(interval) is { } half ? Say($"<small> ± {100 * half:0.0}</small>") : "");

    private static string Show(CostMultiplier? cost) => Escape(PlainWords.Times(cost));

    private void WriteGates()
    {
        if (gates.Count == 0)
        {
            return;
        }

        _html.Append("<section>\n<h2>Gates</h2>\n<ul class=\"gates\">\n");
        foreach (GateOutcome gate in gates)
        {
            _html.Append(CultureInfo.InvariantCulture, $"<li class=\"{(gate.Tripped ? "tripped" : "held")}\"><b>{(gate.Tripped ? "Tripped" : "Held")}</b> <code>{Escape(gate.Expression)}</code> {Escape(gate.Finding)}</li>\n");
        }

        _html.Append("</ul>\n</section>\n");
    }

    private void WriteSummary()
    {
        _html.Append("<section>\n<h2>What each policy costs a thief</h2>\n<ul class=\"summary\">\n");
        foreach (string sentence in PlainWords.Describe(result))
        {
            int colon = sentence.IndexOf(':', StringComparison.Ordinal);
            _html.Append(CultureInfo.InvariantCulture, $"<li><b>{Escape(sentence[..colon])}</b>{Escape(sentence[colon..])}</li>\n");
        }

        _html.Append("</ul>\n</section>\n");
    }

    private void WriteSetup(ExtractionSetup setup)
    {
        _html.Append(CultureInfo.InvariantCulture, $"<section>\n<h2>{Escape(setup.Name)}</h2>\n");
        WriteLegend();
        _html.Append("<div class=\"plots\">\n");
        WriteCurves("The best attack against each policy", setup, BestAxis(setup), policy => result.FindBest(setup.Name, policy));
        WriteTradeOff(setup);
        if (result.Plan.Attacks.Length > 1)
        {
            // The same in all of them, so that attacks can be compared.
            PlotAxis all = AgreementAxis(result.Rows.Where(row => row.Setup == setup.Name));
            foreach (Attack attack in result.Plan.Attacks)
            {
                WriteCurves("Attack: " + attack.Name, setup, all, policy =>
                    [.. result.Rows.Where(row => row.Setup == setup.Name && row.Policy == policy && row.Attack == attack.Name)]);
            }
        }

        _html.Append("</div>\n");
        WriteUtilities(setup);
        WriteAgreements(setup);
        _html.Append("</section>\n");
    }

    private void WriteLegend()
    {
        _html.Append("<p class=\"legend\">");
        for (int i = 0; i < result.Plan.Policies.Length; i++)
        {
            _html.Append(CultureInfo.InvariantCulture, $"<span>{SvgPlot.DrawMarker(i)}{Escape(result.Plan.Policies[i].Name)}</span>\n");
        }

        _html.Append("</p>\n");
    }

    private void WriteCurves(string title, ExtractionSetup setup, PlotAxis axis, Func<string, IReadOnlyList<AuditRow>> find)
    {
        PlotSeries[] series =
        [
            .. result.Plan.Policies.Select((policy, style) => new PlotSeries(
                policy.Name,
                style,
                [.. find(policy.Name).OrderBy(row => row.Budget).Select(row => new PlotPoint(row.Budget, row.Agreement.Mean, PlainWords.HalfWidth(row.Agreement) ?? 0))])),
        ];
        _html.Append(CultureInfo.InvariantCulture, $"<figure><figcaption>{Escape(title)}</figcaption>\n");
        _html.Append(SvgPlot.Draw(
            $"{title}: agreement against queries on {setup.Name}", PlotAxis.Logarithmic("queries", result.Plan.Budgets), axis, series, named: false));
        _html.Append("</figure>\n");
    }

    private void WriteTradeOff(ExtractionSetup setup)
    {
        PlotSeries[] series =
        [
            .. result.Plan.Policies.Select((policy, style) =>
            {
                AuditRow best = result.FindBest(setup.Name, policy.Name)[^1];
                return new PlotSeries(policy.Name, style, [new PlotPoint(Utility(setup, policy.Name).Distance, best.Agreement.Mean, PlainWords.HalfWidth(best.Agreement) ?? 0)]);
            }),
        ];
        double most = Math.Max(0.05, series.Max(one => one.Points[0].X));
        PlotAxis x = PlotAxis.Linear("how far honest answers move (mean L1)", 0, most * 1.05, value => Say($"{value:0.###}"));
        string title = Say($"What honest users pay, and what the best thief gets after {result.Plan.Budgets[^1]:N0} queries");
        _html.Append(CultureInfo.InvariantCulture, $"<figure><figcaption>{Escape(title)}</figcaption>\n");
        _html.Append(SvgPlot.Draw($"{title}, on {setup.Name}", x, AgreementAxis(result.Plan.Policies.Select(policy => result.FindBest(setup.Name, policy.Name)[^1])), series, named: true));
        _html.Append("</figure>\n");
    }

    private PlotAxis BestAxis(ExtractionSetup setup) =>
        AgreementAxis(result.Plan.Policies.SelectMany(policy => result.FindBest(setup.Name, policy.Name)));

    private static PlotAxis AgreementAxis(IEnumerable<AuditRow> rows)
    {
        Interval[] agreements = [.. rows.Select(row => row.Agreement)];
        double low = Math.Max(0, agreements.Min(agreement => agreement.Mean - (PlainWords.HalfWidth(agreement) ?? 0)));
        double high = Math.Min(1, agreements.Max(agreement => agreement.Mean + (PlainWords.HalfWidth(agreement) ?? 0)));

        // Less than four points of difference are not blown up to the height of the plot.
        double room = Math.Max(0, 0.04 - (high - low)) / 2;
        return PlotAxis.Linear("agreement", Math.Max(0, low - room), Math.Min(1, high + room), value => Say($"{100 * value:0.#} %"));
    }

    private void WriteUtilities(ExtractionSetup setup)
    {
        _html.Append("<h3>Honest users</h3>\n<div class=\"scroll\"><table>\n<thead><tr><th>policy</th><th>labels changed, %</th><th>mean L1</th><th>accuracy, %</th><th>calibration error</th><th>AUROC of confidence</th></tr></thead>\n<tbody>\n");
        foreach (PolicyUtility utility in result.Utilities.Where(utility => utility.Setup == setup.Name))
        {
            string accuracy = utility.Accuracy is { } share ? Say($"{100 * share:0.0}") : "";
            string calibration = utility.CalibrationError is { } error ? Say($"{error:0.000}") : "";
            string separation = utility.Separation is { } area ? Say($"{area:0.000}") : "";
            _html.Append(CultureInfo.InvariantCulture, $"<tr><th scope=\"row\">{Escape(utility.Policy)}</th><td>{100 * utility.TopChanged:0.0}</td><td>{utility.Distance:0.000}</td><td>{accuracy}</td><td>{calibration}</td><td>{separation}</td></tr>\n");
        }

        _html.Append("</tbody></table></div>\n");
    }

    /// <summary>One table: rows are policies and budgets, columns attacks, so that naive stands beside top-1.</summary>
    private void WriteAgreements(ExtractionSetup setup)
    {
        bool hasCost = result.Rows.Any(row => row.Cost is not null);
        _html.Append("<h3>Agreement, %, with its 95 % interval").Append(hasCost ? "; below it, the queries it takes against those without a shield, by the same attack (? lies outside of what was measured)" : "").Append("</h3>\n<div class=\"scroll\"><table>\n<thead><tr><th>policy</th><th>queries</th>");
        foreach (Attack attack in result.Plan.Attacks)
        {
            _html.Append(CultureInfo.InvariantCulture, $"<th>{Escape(attack.Name)}</th>");
        }

        _html.Append("</tr></thead>\n<tbody>\n");
        foreach (ReleasePolicy policy in result.Plan.Policies)
        {
            foreach (int budget in result.Plan.Budgets)
            {
                string opens = budget == result.Plan.Budgets[0] ? " class=\"opens\"" : "";
                _html.Append(CultureInfo.InvariantCulture, $"<tr{opens}><th scope=\"row\">{Escape(policy.Name)}</th><td>{budget:N0}</td>");
                foreach (Attack attack in result.Plan.Attacks)
                {
                    AuditRow row = result.Rows.First(row => row.Setup == setup.Name && row.Policy == policy.Name && row.Attack == attack.Name && row.Budget == budget);
                    string cost = row.Cost is null || policy.Name == ReleasePolicy.None.Name ? "" : $"<br><small>× {Show(row.Cost)}</small>";
                    _html.Append(CultureInfo.InvariantCulture, $"<td>{Show(row.Agreement)}{cost}</td>");
                }

                _html.Append("</tr>\n");
            }
        }

        _html.Append("</tbody></table></div>\n");
    }

    private void WriteSettings()
    {
        _html.Append("<section>\n<h2>Settings</h2>\n<dl>\n");
        foreach ((string name, string value) in settings)
        {
            _html.Append(CultureInfo.InvariantCulture, $"<dt>{Escape(name)}</dt><dd>{Escape(value)}</dd>\n");
        }

        foreach (ExtractionSetup setup in result.Plan.Setups)
        {
            _html.Append(CultureInfo.InvariantCulture, $"<dt>{Escape(setup.Name)}</dt><dd>{setup.Pool.Count:N0} rows for the thief, {setup.Test.Count:N0} held out; {setup.Target.InputLength:N0} values in, {setup.Target.ClassCount:N0} classes</dd>\n");
        }

        _html.Append(CultureInfo.InvariantCulture, $"<dt>Seeds</dt><dd>{string.Join(", ", result.Plan.Seeds)}</dd>\n<dt>Plan</dt><dd><code>{result.Plan.Digest}</code></dd>\n");
        _html.Append("</dl>\n<p class=\"note\">Intervals are those of the mean over seeds (Student's t); they say how much another seed would change, not another model or other data. The thief here has inputs of the same kind as the model's own. For models you own or are authorised to test.</p>\n</section>\n");
    }

    private PolicyUtility Utility(ExtractionSetup setup, string policy) =>
        result.Utilities.First(utility => utility.Setup == setup.Name && utility.Policy == policy);
}
