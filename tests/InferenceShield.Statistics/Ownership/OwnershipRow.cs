using System.Globalization;

namespace InferenceShield.Statistics.Ownership;

/// <summary>One test of one suspect: a line of ownership.csv.</summary>
/// <param name="Target">The stolen model.</param>
/// <param name="Mark">What its answers carry.</param>
/// <param name="Release">The form in which they leave.</param>
/// <param name="Thief">What was made of them.</param>
/// <param name="Budget">Distinct inputs that were asked.</param>
/// <param name="Seed">Of key, inputs, order and weights.</param>
/// <param name="Test">What the suspect is tested by.</param>
/// <param name="Answers">Of the suspect that counted.</param>
/// <param name="Statistic">Share of matches, or z.</param>
/// <param name="Expected">The same of an independent model.</param>
/// <param name="LogP">Decimal logarithm of the one-sided p-value.</param>
/// <param name="Accuracy">Of the suspect on rows that nobody was asked.</param>
/// <param name="Agreement">With the clean target, on the same rows.</param>
internal sealed record OwnershipRow(
    string Target, string Mark, string Release, string Thief, int Budget, ulong Seed, string Test, int Answers, double Statistic, double Expected, double LogP,
    double Accuracy, double Agreement)
{
    public const string File = "ownership.csv";
    public const string Header = "target,mark,release,thief,budget,seed,test,answers,statistic,expected,log10-p,accuracy,agreement";

    /// <summary>What was stolen, apart from how it is tested.</summary>
    public (string, string, string, string, int, ulong) Theft => (Target, Mark, Release, Thief, Budget, Seed);

    public static IReadOnlyList<OwnershipRow> Read(string path) => [.. System.IO.File.ReadLines(path).SkipWhile(line => line != Header).Skip(1).Select(Parse)];

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Target},{Mark},{Release},{Thief},{Budget},{Seed},{Test},{Answers},{Statistic:F5},{Expected:F5},{LogP:F3},{Accuracy:F5},{Agreement:F5}");

    private static OwnershipRow Parse(string line)
    {
        string[] fields = line.Split(',');
        double Number(int field) => double.Parse(fields[field], CultureInfo.InvariantCulture);
        return new OwnershipRow(
            fields[0], fields[1], fields[2], fields[3], (int)Number(4), ulong.Parse(fields[5], CultureInfo.InvariantCulture), fields[6], (int)Number(7), Number(8), Number(9), Number(10),
            Number(11), Number(12));
    }
}
