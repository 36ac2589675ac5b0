using System.Globalization;

namespace InferenceShield.Statistics.Ownership;

/// <summary>What random keys say of a model that was never marked with them: a line of ownership-claims.csv.</summary>
/// <param name="Target">The model that is said to be stolen.</param>
/// <param name="Suspect">What the accused model is.</param>
/// <param name="Seed">Of the accused model.</param>
/// <param name="Test">What it is tested by.</param>
/// <param name="Keys">Random keys.</param>
/// <param name="Below05">Keys with p below .05.</param>
/// <param name="Below01">Keys with p below .01.</param>
/// <param name="Distance">Greatest distance of the distribution of p from that of an exact test, at the values that p takes (Kolmogorov and Smirnov).</param>
/// <param name="PValue">Of that distance; conservative where p takes few values.</param>
internal sealed record OwnershipClaimRow(string Target, string Suspect, ulong Seed, string Test, int Keys, int Below05, int Below01, double Distance, double PValue)
{
    public const string File = "ownership-claims.csv";
    public const string Header = "target,suspect,seed,test,keys,p-below-.05,p-below-.01,ks-distance,ks-p";

    public static IReadOnlyList<OwnershipClaimRow> Read(string path) => [.. System.IO.File.ReadLines(path).SkipWhile(line => line != Header).Skip(1).Select(Parse)];

    /// <summary>Of the p-values that random keys gave.</summary>
    public static OwnershipClaimRow Of(string target, string suspect, ulong seed, string test, double[] values)
    {
        double[] sorted = [.. values.Order()];
        double distance = 0;
        for (int i = 0; i < sorted.Length; i++)
        {
            if (i == sorted.Length - 1 || sorted[i + 1] > sorted[i])
            {
                distance = Math.Max(distance, Math.Abs(((i + 1.0) / sorted.Length) - sorted[i]));
            }
        }

        return new OwnershipClaimRow(target, suspect, seed, test, sorted.Length, sorted.Count(p => p < 0.05), sorted.Count(p => p < 0.01), distance, Kolmogorov(distance, sorted.Length));
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Target},{Suspect},{Seed},{Test},{Keys},{Below05},{Below01},{Distance:F5},{PValue:F5}");

    /// <summary>Stephens' form (1970) of Kolmogorov's limit, good from some ten values on.</summary>
    private static double Kolmogorov(double distance, int count)
    {
        double root = Math.Sqrt(count);
        double scaled = (root + 0.12 + (0.11 / root)) * distance;
        if (scaled < 0.2)
        {
            return 1;
        }

        double sum = 0;
        for (int term = 1; term <= 100; term++)
        {
            sum += (term % 2 == 1 ? 2 : -2) * Math.Exp(-2.0 * term * term * scaled * scaled);
        }

        return Math.Clamp(sum, 0, 1);
    }

    private static OwnershipClaimRow Parse(string line)
    {
        string[] fields = line.Split(',');
        double Number(int field) => double.Parse(fields[field], CultureInfo.InvariantCulture);
        return new OwnershipClaimRow(
            fields[0], fields[1], ulong.Parse(fields[2], CultureInfo.InvariantCulture), fields[3], (int)Number(4), (int)Number(5), (int)Number(6), Number(7), Number(8));
    }
}
