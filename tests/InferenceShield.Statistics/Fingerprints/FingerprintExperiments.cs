using System.Security.Cryptography;
using System.Text;

namespace InferenceShield.Statistics.Fingerprints;

/// <summary>How stable input cells and near-duplicate fingerprints are on real data, and how often they confuse inputs.</summary>
/// <remarks>Seeded: the same CSV files on every machine. About a minute.</remarks>
public static class FingerprintExperiments
{
    /// <summary>Runs everything and writes the CSV files.</summary>
    /// <param name="resultsFolder">Made if it does not exist.</param>
    /// <param name="log">Takes one line for each file.</param>
    public static void Run(string resultsFolder, TextWriter log)
    {
        ArgumentNullException.ThrowIfNull(log);
        Directory.CreateDirectory(resultsFolder);
        Write("input-cell-stability.csv", CellExperiment.Stability());
        Write("input-cell-distinctness.csv", CellExperiment.Distinctness());
        Write("near-duplicate-detection.csv", NearDuplicateExperiment.Detection());
        Write("near-duplicate-confusion.csv", NearDuplicateExperiment.Confusion());

        void Write(string name, IEnumerable<string> lines)
        {
            File.WriteAllText(Path.Combine(resultsFolder, name), string.Join('\n', lines) + "\n", new UTF8Encoding(false));
            log.WriteLine(name);
        }
    }

    internal static ShieldSecret Secret(int number) => new(SHA256.HashData(Encoding.UTF8.GetBytes($"fingerprint experiment {number}")));

    /// <summary>A number that is normally distributed, with mean 0 and spread 1.</summary>
    internal static double Gaussian(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    internal static double Spread(ReadOnlySpan<float> values)
    {
        double sum = 0;
        double squares = 0;
        foreach (float value in values)
        {
            sum += value;
            squares += (double)value * value;
        }

        return Math.Sqrt((squares / values.Length) - (sum / values.Length * (sum / values.Length)));
    }
}
