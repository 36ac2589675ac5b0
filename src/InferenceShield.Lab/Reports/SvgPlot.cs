using System.Globalization;
using System.Net;
using System.Text;

namespace InferenceShield.Lab;

/// <summary>Draws a plot as SVG whose colours come from the page's style sheet.</summary>
internal static class SvgPlot
{
    private const int Width = 640;
    private const int Height = 330;
    private const int Left = 62;
    private const int Right = 16;
    private const int Top = 14;
    private const int Bottom = 48;

    /// <param name="title">Read out to those who do not see the plot.</param>
    /// <param name="x">The horizontal axis.</param>
    /// <param name="y">The vertical axis.</param>
    /// <param name="series">What is drawn; one name each.</param>
    /// <param name="named">Whether each point carries its series' name; else a legend beside the plot has to tell.</param>
    public static string Draw(string title, PlotAxis x, PlotAxis y, IReadOnlyList<PlotSeries> series, bool named)
    {
        StringBuilder svg = new();
        svg.Append(CultureInfo.InvariantCulture, $"<svg class=\"plot\" viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{WebUtility.HtmlEncode(title)}\">\n");
        DrawAxes(svg, x, y);
        for (int i = 0; i < series.Count; i++)
        {
            DrawSeries(svg, x, y, series[i], (i - ((series.Count - 1) / 2.0)) * (named ? 0 : 5), named ? (i % 2 == 0 ? -7 : 16) : null);
        }

        return svg.Append("</svg>\n").ToString();
    }

    /// <summary>The marker of a style, for legends.</summary>
    public static string DrawMarker(int style) =>
        $"<svg class=\"key\" viewBox=\"0 0 26 14\" aria-hidden=\"true\"><g class=\"s{style % 8}\"><path class=\"line\" d=\"M1 7H25\"/>{Marker(13, 7, style)}</g></svg>";

    private static void DrawAxes(StringBuilder svg, PlotAxis x, PlotAxis y)
    {
        foreach ((double value, string text) in y.Ticks)
        {
            double at = PlaceY(y, value);
            svg.Append(CultureInfo.InvariantCulture, $"<path class=\"grid\" d=\"M{Left} {at:0.#}H{Width - Right}\"/><text class=\"tick\" x=\"{Left - 8}\" y=\"{at + 4:0.#}\" text-anchor=\"end\">{WebUtility.HtmlEncode(text)}</text>\n");
        }

        foreach ((double value, string text) in x.Ticks)
        {
            double at = PlaceX(x, value);
            svg.Append(CultureInfo.InvariantCulture, $"<path class=\"grid\" d=\"M{at:0.#} {Top}V{Height - Bottom}\"/><text class=\"tick\" x=\"{at:0.#}\" y=\"{Height - Bottom + 18}\" text-anchor=\"middle\">{WebUtility.HtmlEncode(text)}</text>\n");
        }

        double middle = (Top + Height - Bottom) / 2.0;
        svg.Append(CultureInfo.InvariantCulture, $"<path class=\"axis\" d=\"M{Left} {Top}V{Height - Bottom}H{Width - Right}\"/>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"title\" x=\"{(Left + Width - Right) / 2.0:0.#}\" y=\"{Height - 8}\" text-anchor=\"middle\">{WebUtility.HtmlEncode(x.Title)}</text>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"title\" transform=\"translate(14 {middle:0.#}) rotate(-90)\" text-anchor=\"middle\">{WebUtility.HtmlEncode(y.Title)}</text>\n");
    }

    /// <param name="svg">Receives the drawing.</param>
    /// <param name="x">The horizontal axis.</param>
    /// <param name="y">The vertical axis.</param>
    /// <param name="series">What is drawn.</param>
    /// <param name="shift">Moves it sideways, so that intervals at the same place can be told apart.</param>
    /// <param name="nameBelow">How far below its point the name stands, so that those of neighbours do not meet; null for no name.</param>
    private static void DrawSeries(StringBuilder svg, PlotAxis x, PlotAxis y, PlotSeries series, double shift, int? nameBelow)
    {
        svg.Append(CultureInfo.InvariantCulture, $"<g class=\"s{series.Style % 8}\"><title>{WebUtility.HtmlEncode(series.Name)}</title>");
        if (series.Points.Count > 1)
        {
            svg.Append("<path class=\"line\" d=\"M").AppendJoin('L', series.Points.Select(point => At(PlaceX(x, point.X) + shift, PlaceY(y, point.Y)))).Append("\"/>");
        }

        foreach (PlotPoint point in series.Points)
        {
            double left = PlaceX(x, point.X) + shift;
            double top = PlaceY(y, point.Y);
            if (point.HalfWidth > 0)
            {
                double high = PlaceY(y, Math.Min(point.Y + point.HalfWidth, y.High));
                double low = PlaceY(y, Math.Max(point.Y - point.HalfWidth, y.Low));
                svg.Append(CultureInfo.InvariantCulture, $"<path class=\"bar\" d=\"M{left:0.#} {high:0.#}V{low:0.#}M{left - 4:0.#} {high:0.#}h8M{left - 4:0.#} {low:0.#}h8\"/>");
            }

            svg.Append(Marker(left, top, series.Style));
            if (nameBelow is { } below)
            {
                bool beyond = left > Width - 190;
                svg.Append(CultureInfo.InvariantCulture, $"<text class=\"name\" x=\"{left + (beyond ? -9 : 9):0.#}\" y=\"{top + below:0.#}\" text-anchor=\"{(beyond ? "end" : "start")}\">{WebUtility.HtmlEncode(series.Name)}</text>");
            }
        }

        svg.Append("</g>\n");
    }

    private static string Marker(double x, double y, int style) => FormattableString.Invariant((style % 4) switch
    {
        0 => (FormattableString)$"<circle cx=\"{x:0.#}\" cy=\"{y:0.#}\" r=\"4.5\"/>",
        1 => $"<rect x=\"{x - 4:0.#}\" y=\"{y - 4:0.#}\" width=\"8\" height=\"8\"/>",
        2 => $"<path d=\"M{x:0.#} {y - 5.5:0.#}l5.5 9.5h-11z\"/>",
        _ => $"<path d=\"M{x:0.#} {y - 5.5:0.#}l5.5 5.5l-5.5 5.5l-5.5 -5.5z\"/>",
    });

    private static double PlaceX(PlotAxis axis, double value) => Left + (axis.Place(value) * (Width - Left - Right));

    private static double PlaceY(PlotAxis axis, double value) => Height - Bottom - (axis.Place(value) * (Height - Top - Bottom));

    private static string At(double x, double y) => string.Create(CultureInfo.InvariantCulture, $"{x:0.#} {y:0.#}");
}
