using System.Globalization;

namespace InferenceShield.Tests;

/// <summary>The committed simulation results keep what the documentation promises, and a small run agrees with them.</summary>
public sealed class SketchStatisticsTests
{
    private sealed record Row(string Estimator, int Precision, long Count, int Cycles, double Bias, double Rmse, double Theory);

    [Fact]
    public void Errors_are_the_theorys_up_to_ten_million()
    {
        List<Row> rows = ReadRows();
        Assert.Equal(DistinctCountSimulation.Estimators.Order(), rows.Select(row => row.Estimator).Distinct().Order());
        Assert.Equal(10_000_000, rows.Max(row => row.Count));
        foreach (Row row in rows)
        {
            // A root mean square over c cycles is itself known within 1 / sqrt(2 c). At p = 4 the asymptotic theory is
            // 3 % too low; below 2^p items it is too high.
            double spread = 4 / Math.Sqrt(2.0 * row.Cycles);
            Assert.InRange(row.Rmse, 0, row.Theory * (1 + spread) * (row.Precision < 6 ? 1.05 : 1.015));
            Assert.True(row.Count < 20L << row.Precision || row.Rmse > row.Theory * (1 - spread) * 0.985, row.ToString());

            // Bias: what chance makes of it, and what the estimators have below 2^p items, as in hash4j's figures.
            double own = row.Estimator == "HyperLogLog" ? 0.6 : 0.25;
            Assert.InRange(Math.Abs(row.Bias), 0, 4 * row.Theory / Math.Sqrt(row.Cycles) + own / (1 << row.Precision));
        }
    }

    [Fact]
    public void A_small_run_agrees_with_the_committed_one()
    {
        const int Cycles = 200;
        List<Row> rows = ReadRows();
        DistinctCountSimulation simulation = new([6, 10], [1000, 10_000]);
        (double Bias, double Rmse)[,,] results = simulation.Run(Cycles, 2);
        for (int i = 0; i < simulation.Precisions.Length; i++)
        {
            for (int j = 0; j < simulation.Counts.Length; j++)
            {
                for (int k = 0; k < DistinctCountSimulation.Estimators.Count; k++)
                {
                    Row row = rows.Single(row => row.Estimator == DistinctCountSimulation.Estimators[k]
                        && row.Precision == simulation.Precisions[i] && row.Count == simulation.Counts[j]);
                    Assert.Equal(1, results[i, j, k].Rmse / row.Rmse, 4 / Math.Sqrt(2 * Cycles));
                    Assert.Equal(row.Bias, results[i, j, k].Bias, 4 * row.Rmse / Math.Sqrt(Cycles));
                }
            }
        }
    }

    [Fact]
    public void At_equal_memory_UltraLogLog_errs_less()
    {
        Dictionary<string, double> ratios = Read("sketches-memory.csv").ToDictionary(fields => fields[0], fields => Number(fields[1]));
        Assert.InRange(ratios["FGRA / HLL, byte registers"], 0.74, 0.77);
        Assert.InRange(ratios["ML / HLL, byte registers"], 0.72, 0.75);
        Assert.InRange(ratios["FGRA / HLL, HLL packed to 6 bits"], 0.86, 0.88);
        Assert.InRange(ratios["ML / HLL, HLL packed to 6 bits"], 0.83, 0.855);
    }

    [Fact]
    public void Attacks_work_only_with_the_key()
    {
        List<string[]> rows = Read("sketches-attacks.csv");
        Assert.NotEmpty(rows);
        Assert.All(rows, fields =>
        {
            double distortion = Math.Abs(Math.Log(Math.Max(Number(fields[5]), 1e-9) / Number(fields[4])));
            Assert.True(fields[2] == "known" ? distortion > Math.Log(10) : distortion < Math.Log(1.2), string.Join(',', fields));
        });
    }

    private static List<Row> ReadRows() =>
        [.. Read("sketches-distinct.csv").Select(fields => new Row(fields[0], (int)Number(fields[1]), (long)Number(fields[2]),
            (int)Number(fields[3]), Number(fields[4]), Number(fields[5]), Number(fields[6])))];

    private static List<string[]> Read(string file)
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "InferenceShield.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        Assert.NotNull(folder);
        string path = Path.Combine(folder, "tests", "InferenceShield.Statistics", "results", file);
        return [.. File.ReadAllLines(path).Where(line => !line.StartsWith('#')).Skip(1).Select(Split)];
    }

    /// <summary>Names that hold a comma are quoted.</summary>
    private static string[] Split(string line) =>
        line.StartsWith('"') ? [line[1..line.IndexOf('"', 1)], .. line[(line.IndexOf('"', 1) + 2)..].Split(',')] : line.Split(',');

    private static double Number(string field) => double.Parse(field, CultureInfo.InvariantCulture);
}
