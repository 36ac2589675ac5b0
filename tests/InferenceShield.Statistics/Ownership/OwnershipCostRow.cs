using System.Globalization;

namespace InferenceShield.Statistics.Ownership;

/// <summary>What a mark costs honest users under one key: a line of ownership-cost.csv.</summary>
/// <param name="Target">The model.</param>
/// <param name="Mark">What its answers carry.</param>
/// <param name="Seed">Of the key.</param>
/// <param name="Rows">Honest rows.</param>
/// <param name="Moved">Share of labels that the mark moves.</param>
/// <param name="Gain">Accuracy with the mark less without.</param>
/// <param name="GainError">Standard error of <paramref name="Gain"/> over rows, paired.</param>
/// <param name="Distance">Mean L1 distance from the unmarked answer.</param>
/// <param name="CalibrationError">With the mark, in 15 bins.</param>
/// <param name="CalibrationErrorBefore">Without.</param>
/// <param name="Separation">AUROC of telling right answers from wrong ones, with the mark.</param>
/// <param name="SeparationBefore">Without.</param>
internal sealed record OwnershipCostRow(
    string Target, string Mark, ulong Seed, int Rows, double Moved, double Gain, double GainError, double Distance, double CalibrationError, double CalibrationErrorBefore,
    double Separation, double SeparationBefore)
{
    public const string File = "ownership-cost.csv";
    public const string Header = "target,mark,seed,rows,labels-moved,accuracy-change,standard-error,mean-l1,ece,ece-unmarked,auroc,auroc-unmarked";

    public static IReadOnlyList<OwnershipCostRow> Read(string path) => [.. System.IO.File.ReadLines(path).SkipWhile(line => line != Header).Skip(1).Select(Parse)];

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Target},{Mark},{Seed},{Rows},{Moved:F5},{Gain:F5},{GainError:F5},{Distance:F5},{CalibrationError:F5},{CalibrationErrorBefore:F5},{Separation:F5},{SeparationBefore:F5}");

    private static OwnershipCostRow Parse(string line)
    {
        string[] fields = line.Split(',');
        double Number(int field) => double.Parse(fields[field], CultureInfo.InvariantCulture);
        return new OwnershipCostRow(
            fields[0], fields[1], ulong.Parse(fields[2], CultureInfo.InvariantCulture), (int)Number(3), Number(4), Number(5), Number(6), Number(7), Number(8), Number(9), Number(10), Number(11));
    }
}
