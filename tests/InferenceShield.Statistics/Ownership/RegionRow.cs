using System.Globalization;

namespace InferenceShield.Statistics.Ownership;

/// <summary>One test of one suspect: a line of ownership-region.csv.</summary>
/// <param name="Target">The stolen model.</param>
/// <param name="Keying">What the bit is a function of: see <see cref="RegionMark"/>.</param>
/// <param name="Release">The form in which answers leave.</param>
/// <param name="Suspect">A thief, or a model that never saw a mark, or the answers themselves.</param>
/// <param name="Seed">Of key, inputs, order and weights.</param>
/// <param name="Test">What it is tested by.</param>
/// <param name="Ties">Near ties that were tested.</param>
/// <param name="Matches">Share of them in which it picks what the key picks.</param>
/// <param name="Z">Against random keys.</param>
/// <param name="LogP">Decimal logarithm of the rank among them.</param>
/// <param name="Accuracy">Of the suspect on rows that nobody was asked.</param>
/// <param name="Agreement">With the clean target, on the same rows.</param>
internal sealed record RegionRow(
    string Target, string Keying, string Release, string Suspect, ulong Seed, string Test, int Ties, double Matches, double Z, double LogP, double Accuracy, double Agreement)
{
    public const string File = "ownership-region.csv";
    public const string Header = "target,keying,release,suspect,seed,test,ties,matches,z,log10-p,accuracy,agreement";

    public static IReadOnlyList<RegionRow> Read(string path) => [.. System.IO.File.ReadLines(path).Skip(1).Select(Parse)];

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Target},{Keying},{Release},{Suspect},{Seed},{Test},{Ties},{Matches:F5},{Z:F3},{LogP:F3},{Accuracy:F5},{Agreement:F5}");

    private static RegionRow Parse(string line)
    {
        string[] fields = line.Split(',');
        double Number(int field) => double.Parse(fields[field], CultureInfo.InvariantCulture);
        return new RegionRow(
            fields[0], fields[1], fields[2], fields[3], ulong.Parse(fields[4], CultureInfo.InvariantCulture), fields[5], (int)Number(6), Number(7), Number(8), Number(9), Number(10), Number(11));
    }
}
