using System.Globalization;

namespace InferenceShield.Statistics.Efficacy;

/// <summary>One theft: a line of efficacy.csv.</summary>
internal sealed record EfficacyRow(
    string Target, string Policy, string Attack, int Budget, ulong Seed, long Queries, double Agreement, double Accuracy, double Divergence, double Distance)
{
    public const string File = "efficacy.csv";
    public const string Header = "target,policy,attack,budget,seed,queries,agreement,accuracy,divergence,distance";

    public static IReadOnlyList<EfficacyRow> Read(string path) => [.. System.IO.File.ReadLines(path).SkipWhile(line => line != Header).Skip(1).Select(Parse)];

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Target},{Policy},{Attack},{Budget},{Seed},{Queries},{Agreement:F5},{Accuracy:F5},{Divergence:F5},{Distance:F5}");

    private static EfficacyRow Parse(string line)
    {
        string[] fields = line.Split(',');
        double Number(int field) => double.Parse(fields[field], CultureInfo.InvariantCulture);
        return new EfficacyRow(
            fields[0], fields[1], fields[2], (int)Number(3), ulong.Parse(fields[4], CultureInfo.InvariantCulture), (long)Number(5), Number(6), Number(7), Number(8), Number(9));
    }
}
