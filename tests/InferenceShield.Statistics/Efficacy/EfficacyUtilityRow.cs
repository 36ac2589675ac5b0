using System.Globalization;

namespace InferenceShield.Statistics.Efficacy;

/// <summary>What a policy costs the honest user: a line of efficacy-utility.csv.</summary>
internal sealed record EfficacyUtilityRow(
    string Target, string Policy, double TopChanged, double MeanDistance, double MaxDistance, double CalibrationError, double Separation, double Brier, double Crossings, int Distinct)
{
    public const string File = "efficacy-utility.csv";
    public const string Header = "target,policy,top1-changed,mean-l1,max-l1,ece,auroc,brier,crossings-of-.9,distinct-answers";

    public static IReadOnlyList<EfficacyUtilityRow> Read(string path) => [.. System.IO.File.ReadLines(path).SkipWhile(line => line != Header).Skip(1).Select(Parse)];

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Target},{Policy},{TopChanged:F5},{MeanDistance:F5},{MaxDistance:F5},{CalibrationError:F5},{Separation:F5},{Brier:F5},{Crossings:F5},{Distinct}");

    private static EfficacyUtilityRow Parse(string line)
    {
        string[] fields = line.Split(',');
        double Number(int field) => double.Parse(fields[field], CultureInfo.InvariantCulture);
        return new EfficacyUtilityRow(fields[0], fields[1], Number(2), Number(3), Number(4), Number(5), Number(6), Number(7), Number(8), (int)Number(9));
    }
}
