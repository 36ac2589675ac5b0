using System.Globalization;
using System.Net;
using System.Text;
using InferenceShield.Lab;

namespace InferenceShield.Statistics.Efficacy;

/// <summary>docs/efficacy.svg, the plot of the README: what naive thieves get, and what is left when they keep labels only.</summary>
internal static class EfficacyPlot
{
    private const int Row = 20;
    private const int Top = 336;

    private static readonly (string Name, string Policy, string Attack)[] s_lines =
    [
        ("no shield", "none", "naive"),
        ("shield, normal: two decimals", "normal", "naive"),
        ("shield, guarded: band and second label", "guarded", "naive"),
        ("shield, restricted: the label; and any policy, if the thief keeps labels only", "restricted", "naive"),
        ("ModelGuard-W 1, a thief who trains on what he is told", "ModelGuard-W 1", "naive"),
        ("reverse sigmoid, a thief who trains on what he is told", "reverse sigmoid", "naive"),
    ];

    public static string Draw(IReadOnlyList<EfficacyRow> rows)
    {
        EfficacyFigures figures = new(rows);
        int[] budgets = [.. figures.Budgets(EfficacyTarget.Fashion)];
        PlotSeries[] series =
        [
            .. s_lines.Select((line, i) => new PlotSeries(line.Name, i, [.. budgets.Select(budget => Point(figures.Agreement(EfficacyTarget.Fashion, line.Policy, line.Attack, budget)!.Value, budget))])),
        ];
        string title = "Agreement of a stolen copy with the model, by queries (Fashion-MNIST, three seeds, 95 % intervals)";
        string plot = SvgPlot.Draw(
            title,
            PlotAxis.Logarithmic("queries", budgets),
            PlotAxis.Linear("the copy agrees, %", 40, 95, value => value.ToString("0", CultureInfo.InvariantCulture)),
            series,
            named: false);

        StringBuilder svg = new(plot.TrimEnd().Replace("</svg>", "", StringComparison.Ordinal));
        svg.Replace("<svg class=\"plot\" viewBox=\"0 0 640 330\"", string.Create(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" width=\"720\" viewBox=\"0 0 640 {Top + (Row * series.Length)}\""));
        svg.Replace(">\n", string.Create(CultureInfo.InvariantCulture, $">\n<style>{Style}</style><rect class=\"page\" width=\"640\" height=\"{Top + (Row * series.Length)}\"/>\n"), 0, svg.ToString().IndexOf('\n', StringComparison.Ordinal) + 1);
        for (int i = 0; i < series.Length; i++)
        {
            int y = Top + (Row * i);
            svg.Append(CultureInfo.InvariantCulture, $"<svg x=\"62\" y=\"{y}\" width=\"26\" height=\"14\">{SvgPlot.DrawMarker(i)}</svg><text x=\"96\" y=\"{y + 11}\">{WebUtility.HtmlEncode(series[i].Name)}</text>\n");
        }

        return svg.Append("</svg>\n").ToString();
    }

    private const string Style = """
        :root{--page:#fff;--text:#1b1f24;--soft:#59636e;--line:#d5dae0;--c0:#4a4f57;--c1:#0068b3;--c2:#c24e00;--c3:#00795a;--c4:#b0508a;--c5:#927200}
        @media (prefers-color-scheme:dark){:root{--page:#0d1117;--text:#e6e9ed;--soft:#9aa4af;--line:#363d45;--c0:#b9c0c9;--c1:#5cb3f5;--c2:#ff9350;--c3:#3fcba0;--c4:#ee9acb;--c5:#e3c34a}}
        .page{fill:var(--page)} text{fill:var(--text);font:12px system-ui,sans-serif} .tick,.title{fill:var(--soft)} .grid{stroke:var(--line);fill:none} .axis{stroke:var(--soft);fill:none}
        .line{fill:none;stroke:currentColor;stroke-width:2} .bar{fill:none;stroke:currentColor;stroke-width:1.2} g{fill:currentColor}
        .s0{color:var(--c0)} .s1{color:var(--c1)} .s2{color:var(--c2)} .s3{color:var(--c3)} .s4{color:var(--c4)} .s5{color:var(--c5)}
        """;

    private static PlotPoint Point(Interval agreement, int budget) => new(budget, agreement.Mean, (agreement.High - agreement.Mean) ?? 0);
}
