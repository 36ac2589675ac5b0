using System.Globalization;

namespace InferenceShield.Statistics.Ownership;

/// <summary>What honest users are told under one key: a line of ownership-disguise-cost.csv.</summary>
/// <param name="Target">The model.</param>
/// <param name="Mark">What its answers carry, and how near ties are released.</param>
/// <param name="Release">The form in which they leave.</param>
/// <param name="Seed">Of the key.</param>
/// <param name="Moved">Share of labels that are not the clean one.</param>
/// <param name="Accuracy">Share of right labels.</param>
/// <param name="Distance">Mean L1 distance from the clean answer.</param>
/// <param name="CalibrationError">In 15 bins.</param>
/// <param name="Brier">Mean squared distance from the true label.</param>
/// <param name="Separation">AUROC of telling right answers from wrong ones.</param>
internal sealed record DisguiseCostRow(
    string Target, string Mark, string Release, ulong Seed, double Moved, double Accuracy, double Distance, double CalibrationError, double Brier, double Separation)
{
    public const string File = "ownership-disguise-cost.csv";
    public const string Header = "target,mark,release,seed,labels-moved,accuracy,mean-l1,ece,brier,auroc";

    public static IReadOnlyList<DisguiseCostRow> Read(string path) => [.. System.IO.File.ReadLines(path).SkipWhile(line => line != Header).Skip(1).Select(Parse)];

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Target},{Mark},{Release},{Seed},{Moved:F5},{Accuracy:F5},{Distance:F5},{CalibrationError:F5},{Brier:F5},{Separation:F5}");

    private static DisguiseCostRow Parse(string line)
    {
        string[] fields = line.Split(',');
        double Number(int field) => double.Parse(fields[field], CultureInfo.InvariantCulture);
        return new DisguiseCostRow(fields[0], fields[1], fields[2], ulong.Parse(fields[3], CultureInfo.InvariantCulture), Number(4), Number(5), Number(6), Number(7), Number(8), Number(9));
    }
}
