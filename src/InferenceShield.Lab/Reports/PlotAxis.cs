using System.Globalization;

namespace InferenceShield.Lab;

/// <summary>An axis of a plot: its ends, its ticks and how numbers look on it.</summary>
internal sealed class PlotAxis
{
    private readonly bool _logarithmic;

    private PlotAxis(string title, double low, double high, bool logarithmic, IReadOnlyList<(double Value, string Text)> ticks)
    {
        Title = title;
        Low = low;
        High = high;
        _logarithmic = logarithmic;
        Ticks = ticks;
    }

    public string Title { get; }

    public double Low { get; }

    public double High { get; }

    public IReadOnlyList<(double Value, string Text)> Ticks { get; }

    /// <summary>A logarithmic axis with a tick at each value that is there.</summary>
    public static PlotAxis Logarithmic(string title, IReadOnlyList<int> values) => new(
        title,
        values[0] / 1.25,
        values[^1] * 1.25,
        true,
        [.. values.Select(value => ((double)value, value.ToString("N0", CultureInfo.InvariantCulture)))]);

    /// <summary>An axis with round ticks that holds all values.</summary>
    public static PlotAxis Linear(string title, double low, double high, Func<double, string> format)
    {
        double span = Math.Max(high - low, 1e-6);
        double rough = span / 5;
        double power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        double step = power * ((rough / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 });
        double first = Math.Floor(low / step);
        double last = Math.Ceiling(high / step);
        return new PlotAxis(
            title,
            first * step,
            last * step,
            false,
            [.. Enumerable.Range(0, (int)(last - first) + 1).Select(i => ((first + i) * step, format((first + i) * step)))]);
    }

    /// <summary>Where a value lies, 0 to 1.</summary>
    public double Place(double value) => _logarithmic
        ? Math.Log(value / Low) / Math.Log(High / Low)
        : (value - Low) / (High - Low);
}
