using System.Globalization;

namespace InferenceShield.Statistics.Ownership;

/// <summary>One test of one kind of suspect over its seeds.</summary>
internal sealed record OwnershipSummary(IReadOnlyList<OwnershipRow> Rows)
{
    /// <summary>Of the seeds the middle one.</summary>
    public double MedianLogP => Rows.Select(row => row.LogP).Order().ElementAt(Rows.Count / 2);

    /// <summary>Of the seeds the one with the weakest evidence.</summary>
    public double WorstLogP => Rows.Max(row => row.LogP);

    public double Answers => Rows.Average(row => row.Answers);

    public double Statistic => Rows.Average(row => row.Statistic);

    public double Accuracy => Rows.Average(row => row.Accuracy);

    public double Agreement => Rows.Average(row => row.Agreement);

    /// <summary>The median, and the worst in brackets.</summary>
    public string P => $"{Number(MedianLogP)} ({Number(WorstLogP)})";

    /// <summary>Matches in percent: the mean, and the range in brackets.</summary>
    public string Matches => Percent(row => row.Statistic);

    /// <summary>Accuracy in percent: the mean, and the range in brackets.</summary>
    public string Accuracies => Percent(row => row.Accuracy);

    /// <summary>Agreement with the clean target in percent: the mean, and the range in brackets.</summary>
    public string Agreements => Percent(row => row.Agreement);

    /// <summary>z: the mean, and the range in brackets.</summary>
    public string Z => string.Create(CultureInfo.InvariantCulture, $"{Statistic:F1} ({Rows.Min(row => row.Statistic):F1} to {Rows.Max(row => row.Statistic):F1})");

    /// <summary>A p-value of its decimal logarithm.</summary>
    public static string Number(double logP)
    {
        if (logP > -3)
        {
            return Math.Pow(10, logP).ToString(logP > -1 ? "0.0" : logP > -2 ? "0.00" : "0.000", CultureInfo.InvariantCulture);
        }

        double power = Math.Floor(logP);
        double first = Math.Round(Math.Pow(10, logP - power));
        return string.Create(CultureInfo.InvariantCulture, $"{(first >= 10 ? 1 : first):F0}e{(first >= 10 ? power + 1 : power):F0}");
    }

    private string Percent(Func<OwnershipRow, double> value) =>
        string.Create(CultureInfo.InvariantCulture, $"{100 * Rows.Average(value):F1} ({100 * Rows.Min(value):F1}-{100 * Rows.Max(value):F1})");
}
