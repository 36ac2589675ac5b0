using System.Globalization;
using InferenceShield.Lab;

namespace InferenceShield.Statistics.Detection;

/// <summary>One figure: a line of detection.csv.</summary>
/// <param name="Experiment">Which one.</param>
/// <param name="Attack">Of whom.</param>
/// <param name="Padding">Percent of honest queries, or ramp, or after so many honest ones; sybils where callers are linked; queries of odometers.</param>
/// <param name="Statistic">Of what.</param>
/// <param name="Count">Callers, streams or cohorts it rests on.</param>
/// <param name="Median">Queries to alarm, never where half of the streams raise none; or another figure.</param>
/// <param name="High90">The 90th percentile of it; NaN for none.</param>
/// <param name="Low">The lower end of the 95 % interval of the median, or of the share where there is no median.</param>
/// <param name="High">The upper end.</param>
/// <param name="Share">Share that was alarmed; NaN for none.</param>
internal sealed record DetectionRow(
    string Experiment, string Attack, string Padding, string Statistic, int Count, double Median, double High90, double Low, double High, double Share)
{
    public const string File = "detection.csv";
    public const string Header = "experiment,attack,padding,statistic,n,median,p90,low,high,share";

    private const int Draws = 1_000;
    private const double Normal = 1.959964;
    private const string Never = "never";

    public static IReadOnlyList<DetectionRow> Read(string path) => [.. System.IO.File.ReadLines(path).SkipWhile(line => line != Header).Skip(1).Select(Parse)];

    /// <summary>A share and its Wilson interval (1927).</summary>
    public static DetectionRow OfShare(string experiment, string attack, string padding, string statistic, int hits, int count)
    {
        double share = (double)hits / count;
        double z = Normal * Normal / count;
        double centre = (share + (z / 2)) / (1 + z);
        double half = Normal / (1 + z) * Math.Sqrt((share * (1 - share) / count) + (z / (4 * count)));
        return new DetectionRow(experiment, attack, padding, statistic, count, double.NaN, double.NaN, Math.Max(0, centre - half), Math.Min(1, centre + half), share);
    }

    /// <summary>Times to alarm, infinite for never; the interval of the median by the percentiles of bootstrap medians (Efron, 1979).</summary>
    public static DetectionRow OfTimes(string experiment, string attack, string padding, string statistic, double[] times)
    {
        double[] sorted = [.. times.Order()];
        SeededRandom random = new(seed: 1, stream: (ulong)times.Length);
        double[] medians = new double[Draws];
        double[] drawn = new double[times.Length];
        for (int draw = 0; draw < Draws; draw++)
        {
            for (int i = 0; i < drawn.Length; i++)
            {
                drawn[i] = times[random.NextInt32(times.Length)];
            }

            Array.Sort(drawn);
            medians[draw] = Quantile(drawn, 0.5);
        }

        Array.Sort(medians);
        return new DetectionRow(
            experiment, attack, padding, statistic, times.Length, Quantile(sorted, 0.5), Quantile(sorted, 0.9), medians[Draws / 40], medians[Draws - 1 - (Draws / 40)],
            (double)times.Count(double.IsFinite) / times.Length);
    }

    /// <summary>A figure without an interval.</summary>
    public static DetectionRow OfFigure(string experiment, string attack, string padding, string statistic, int count, double figure) =>
        new(experiment, attack, padding, statistic, count, figure, double.NaN, double.NaN, double.NaN, double.NaN);

    public override string ToString() =>
        $"{Experiment},{Attack},{Padding},{Statistic},{Count},{Format(Median)},{Format(High90)},{Format(Low)},{Format(High)},{Format(Share)}";

    /// <summary>The smallest value that so large a share does not exceed: never a mean of two, one of which may be never.</summary>
    private static double Quantile(double[] sorted, double share) => sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)];

    private static string Format(double value) => double.IsNaN(value) ? "" : double.IsInfinity(value) ? Never : value.ToString("G5", CultureInfo.InvariantCulture);

    private static DetectionRow Parse(string line)
    {
        string[] fields = line.Split(',');
        double Number(int field) => fields[field] switch
        {
            "" => double.NaN,
            Never => double.PositiveInfinity,
            _ => double.Parse(fields[field], CultureInfo.InvariantCulture),
        };
        return new DetectionRow(
            fields[0], fields[1], fields[2], fields[3], int.Parse(fields[4], CultureInfo.InvariantCulture), Number(5), Number(6), Number(7), Number(8), Number(9));
    }
}
