using System.Globalization;
using InferenceShield.Lab;

namespace InferenceShield.Statistics.Detection;

/// <summary>The figures of docs/detection.md, found in the CSV files.</summary>
internal sealed class DetectionFigures(
    IReadOnlyList<DetectionRow> rows, IReadOnlyList<CellRow> letters, IReadOnlyList<CellRow> adaptive, IReadOnlyList<CellRow> poisoned)
{
    public IReadOnlyList<string> Attacks { get; } = AttackTraffic.Names;

    public IReadOnlyList<CellRow> Letters => letters;

    public IReadOnlyList<CellRow> Adaptive => adaptive;

    /// <summary>A share in percent, with its interval.</summary>
    public string Share(string experiment, string attack, string padding, string statistic)
    {
        DetectionRow row = Find(experiment, attack, padding, statistic);
        return string.Create(CultureInfo.InvariantCulture, $"{100 * row.Share:0.##} % ({100 * row.Low:0.##}-{100 * row.High:0.##})");
    }

    public string PlainShare(string experiment, string attack, string padding, string statistic) =>
        (100 * Find(experiment, attack, padding, statistic).Share).ToString("0.#", CultureInfo.InvariantCulture);

    public string Figure(string experiment, string attack, string padding, string statistic) =>
        Find(experiment, attack, padding, statistic).Median.ToString("0.00", CultureInfo.InvariantCulture);

    /// <summary>Median / 90th percentile, the interval of the median, and the share alarmed unless it is all.</summary>
    public string Delay(string attack, string padding, string statistic)
    {
        DetectionRow row = Find("delay", attack, padding, statistic);
        if (row.Share == 0)
        {
            return "never";
        }

        string share = row.Share < 1 ? string.Create(CultureInfo.InvariantCulture, $" ({100 * row.Share:0} %)") : "";
        if (double.IsInfinity(row.Median))
        {
            return $"never{share}";
        }

        return $"{Queries(row.Median)} / {Queries(row.High90)} [{Queries(row.Low)}-{Queries(row.High)}]{share}";
    }

    public double MedianDelay(string attack, string padding) => Find("delay", attack, padding, "full").Median;

    public double ShareAlarmed(string attack, string padding) => Find("delay", attack, padding, "full").Share;

    /// <summary>Honest callers' odometer after so many queries.</summary>
    public string Spent(string queries)
    {
        DetectionRow row = Find("odometer", "as calibrated", queries, "mass");
        return string.Create(CultureInfo.InvariantCulture, $"{row.Median:0.00} / {row.High90:0.00}");
    }

    /// <summary>Queries until a limit on the odometer, and the copy's agreement then.</summary>
    public string Limit(string data, string thief, string limit)
    {
        CellRow? row = adaptive.FirstOrDefault(row => row["data"] == data && row["experiment"] == "odometer limit" && row["name"] == $"{thief} to {limit}");
        return row is null ? "" : row["median"] == "never" ? "not reached" : $"{row["median"]}: {row["agreement at alarm"]}";
    }

    /// <summary>What is left of detection when an attack was in the log; empty where it was not run.</summary>
    public string Poisoned(string attack, string share, string treatment)
    {
        CellRow? row = FindPoisoned(attack, share, treatment, attack);
        if (row is null)
        {
            return "";
        }

        double alarmed = double.Parse(row["alarmed"], CultureInfo.InvariantCulture);
        return alarmed == 0 ? "never" : alarmed < 1 ? string.Create(CultureInfo.InvariantCulture, $"{row["median"]} ({alarmed:0.##})") : row["median"];
    }

    /// <summary>The smallest and largest share of honest callers alarmed, over the attacks in the log.</summary>
    public string PoisonedHonest(IEnumerable<string> attacks, string share, string treatment)
    {
        double[] found = [.. attacks.Select(attack => FindPoisoned(attack, share, treatment, "honest")).OfType<CellRow>().Select(row => 100 * double.Parse(row["alarmed"], CultureInfo.InvariantCulture))];
        return found.Length == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{found.Min():0.#}-{found.Max():0.#}");
    }

    private CellRow? FindPoisoned(string attack, string share, string treatment, string name) => poisoned.FirstOrDefault(
        row => row["calibration"] == (share.Length == 0 ? $"clean {treatment}" : $"{attack} {share} {treatment}") && row["name"] == name);

    private static string Queries(double count) => double.IsInfinity(count) ? "never" : count.ToString("0", CultureInfo.InvariantCulture);

    private DetectionRow Find(string experiment, string attack, string padding, string statistic) =>
        rows.FirstOrDefault(row => row.Experiment == experiment && row.Attack == attack && row.Padding == padding && row.Statistic == statistic)
        ?? throw new InvalidOperationException($"detection.csv has no row {experiment},{attack},{padding},{statistic}. Run the verb detection.");
}
