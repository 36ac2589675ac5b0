using System.Globalization;

namespace InferenceShield.Statistics.Detection;

/// <summary>What a thief's copy is worth after so many queries, and what odometers say: a line of detection-odometer.csv.</summary>
/// <param name="Attack">The attack.</param>
/// <param name="Stream">Which thief.</param>
/// <param name="Queries">His queries.</param>
/// <param name="Mass">Benign mass covered.</param>
/// <param name="Sentry">Sum of (1 - confidence) / (1 + visits of the cell before).</param>
/// <param name="Agreement">Of an MLP of 128 units trained on his soft answers, with the victim.</param>
internal sealed record LeakRow(string Attack, int Stream, int Queries, double Mass, double Sentry, double Agreement)
{
    public const string File = "detection-odometer.csv";
    public const string Header = "attack,stream,queries,mass,sentry,agreement";

    public static IReadOnlyList<LeakRow> Read(string path) => [.. System.IO.File.ReadLines(path).SkipWhile(line => line != Header).Skip(1).Select(Parse)];

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Attack},{Stream},{Queries},{Mass:F4},{Sentry:F3},{Agreement:F4}");

    private static LeakRow Parse(string line)
    {
        string[] fields = line.Split(',');
        double Number(int field) => double.Parse(fields[field], CultureInfo.InvariantCulture);
        return new LeakRow(fields[0], (int)Number(1), (int)Number(2), Number(3), Number(4), Number(5));
    }
}
