using System.Globalization;
using InferenceShield.Lab;
using InferenceShield.Statistics.Efficacy;

namespace InferenceShield.Statistics.Ownership;

/// <summary>Does a fingerprint tell stolen models from independent ones? Writes results/ownership-fingerprint.csv and its summary.</summary>
/// <remarks>Each model is a cell: what is in the file already is not trained again, so a run that was stopped goes on where it was.</remarks>
internal static class FingerprintExperiment
{
    private const int Suspects = 32;
    private const int Owned = 8;
    private const ulong Seed = 7;
    private const string FileName = "ownership-fingerprint.csv";
    private const string SummaryName = "ownership-fingerprint-summary.csv";
    private const string Header = "data,origin,number,model,answers,accuracy,agreement,boundary,mistakes,conferrable,statistic";

    public static void Run(string folder, IReadOnlyList<string> names, TextWriter output)
    {
        string path = Path.Combine(folder, FileName);
        Dictionary<string, Cell> cells = Read(path);
        foreach (string name in names)
        {
            (int Number, bool Stolen)[] wanted = [.. Enumerable.Range(0, 2 * Suspects).Select(i => (i / 2, i % 2 == 0)).Where(one => !cells.ContainsKey(KeyOf(name, one.Item2, one.Item1)))];
            if (wanted.Length == 0)
            {
                continue;
            }

            FingerprintModels models = FingerprintModels.Load(name);
            Fingerprint fingerprint = Make(models);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {fingerprint.Inputs.Count} inputs, weights {string.Join(' ', fingerprint.Weights.Select(weight => weight.ToString("F3", CultureInfo.InvariantCulture)))}"));
            Parallel.ForEach(wanted, new ParallelOptions { MaxDegreeOfParallelism = 2 }, one =>
            {
                Cell cell = Measure(models, fingerprint, one.Number, one.Stolen);
                lock (cells)
                {
                    cells[cell.Key] = cell;
                    Write(path, cells.Values);
                    output.WriteLine(cell.ToString());
                }
            });
        }

        Summarise(Path.Combine(folder, SummaryName), Read(path).Values); // as the file has them: the same after a run that was stopped
    }

    private static Fingerprint Make(FingerprintModels models)
    {
        Surrogate[] owned = new Surrogate[2 * Owned];
        Parallel.For(0, owned.Length, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i => owned[i] = models.TrainOwned(i % Owned, stolen: i < Owned));
        return Fingerprint.Make(models.Target, models.Probes, owned[Owned..], owned[..Owned], new FingerprintOptions(), Seed);
    }

    private static Cell Measure(FingerprintModels models, Fingerprint fingerprint, int number, bool stolen)
    {
        Surrogate suspect = models.TrainSuspect(number, stolen);
        int[] own = FingerprintSearch.LabelsOf(suspect, models.Probes.Values.Span);
        int[] target = FingerprintSearch.LabelsOf(models.Target, models.Probes.Values.Span);
        double[] groups = fingerprint.MeasureAgreement(suspect);
        return new Cell(
            models.Name, stolen ? "stolen" : "independent", number, FingerprintModels.Describe(models.Name, number),
            !stolen ? "true labels" : FingerprintModels.IsLabelOnly(number) ? "labels" : "vectors",
            Share(own, models.Probes.Labels.Span), Share(own, target), groups[0], groups[1], groups[2], fingerprint.Measure(suspect));
    }

    private static double Share(ReadOnlySpan<int> labels, ReadOnlySpan<int> others)
    {
        int same = 0;
        for (int i = 0; i < labels.Length; i++)
        {
            same += labels[i] == others[i] ? 1 : 0;
        }

        return (double)same / labels.Length;
    }

    private static string KeyOf(string data, bool stolen, int number) => string.Create(CultureInfo.InvariantCulture, $"{data},{(stolen ? "stolen" : "independent")},{number}");

    private static Dictionary<string, Cell> Read(string path)
    {
        if (!File.Exists(path))
        {
            return [];
        }

        return File.ReadLines(path).Where(line => !line.StartsWith('#') && line != Header && line.Length > 0).Select(Cell.Parse).ToDictionary(cell => cell.Key);
    }

    /// <summary>As a whole and in order, so that the file is the same however the cells came.</summary>
    private static void Write(string path, IEnumerable<Cell> cells)
    {
        string fresh = path + ".new";
        File.WriteAllText(fresh, string.Join('\n', new[]
        {
            "# Unmarked models: agreement with the target on a fingerprint's inputs. Made by: dotnet run --project tests/InferenceShield.Statistics -c Release -- ownership-fingerprint",
            Header,
        }.Concat(cells.OrderBy(cell => cell.Data, StringComparer.Ordinal).ThenByDescending(cell => cell.Origin, StringComparer.Ordinal).ThenBy(cell => cell.Number).Select(cell => cell.ToString()))) + "\n");
        File.Move(fresh, path, overwrite: true);
    }

    private static void Summarise(string path, IReadOnlyCollection<Cell> cells)
    {
        List<string> lines =
        [
            "# Area under the ROC curve of stolen against independent models, low to high its 95 % score interval (Newcombe), and p-values: of the stolen against all independent ones, of each independent one against the others.",
            "data,stolen,independents,statistic,auc,low,high,stolen p<=.05,independents p<=.05,largest independent,stolen above it",
        ];
        foreach (IGrouping<string, Cell> data in cells.GroupBy(cell => cell.Data).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            foreach (string which in new[] { "all", "labels", "vectors", "linear" })
            {
                Cell[] stolen = [.. data.Where(cell => cell.Origin == "stolen" && (which == "all" || cell.Answers == which || cell.Model == which))];
                Cell[] independents = [.. data.Where(cell => cell.Origin == "independent")];
                if (stolen.Length == 0 || independents.Length < 6)
                {
                    continue;
                }

                foreach ((string statistic, Func<Cell, double> read) in new (string, Func<Cell, double>)[]
                {
                    ("weighted", cell => cell.Statistic), ("boundary", cell => cell.Boundary), ("mistakes", cell => cell.Mistakes), ("conferrable", cell => cell.Conferrable),
                    ("agreement on all probes", cell => cell.Agreement),
                })
                {
                    double[] from = [.. stolen.Select(read)];
                    double[] others = [.. independents.Select(read)];
                    double auc = from.Average(one => others.Average(other => one > other ? 1 : one == other ? 0.5 : 0));
                    (double low, double high) = Interval(auc, from.Length, others.Length);
                    double most = others.Max();
                    int small = from.Count(one => RankP(one, others) <= 0.05);
                    int wrong = others.Where((one, i) => RankP(one, [.. others.Where((_, j) => j != i)]) <= 0.05).Count();
                    lines.Add(string.Create(CultureInfo.InvariantCulture,
                        $"{data.Key},{which} ({from.Length}),{others.Length},{statistic},{auc:F4},{low:F4},{high:F4},{(double)small / from.Length:F3},{(double)wrong / others.Length:F3},{most:F4},{(double)from.Count(one => one > most) / from.Length:F3}"));
                }
            }
        }

        File.WriteAllText(path, string.Join('\n', lines) + "\n");
    }

    /// <summary>Where the area lies: those that are within 1.96 of their own standard errors of what was found, which holds at 1, too.</summary>
    /// <remarks>Newcombe, "Confidence intervals for an effect size measure based on the Mann-Whitney statistic", Statistics in Medicine 2006, method 5.</remarks>
    internal static (double Low, double High) Interval(double auc, int stolen, int independents)
    {
        double more = ((stolen + independents) / 2.0) - 1;
        bool IsNear(double area)
        {
            double variance = area * (1 - area) / stolen / independents * (1 + (more * (1 - area) / (2 - area)) + (more * area / (1 + area)));
            return Math.Abs(area - auc) <= 1.96 * Math.Sqrt(variance);
        }

        double Bound(double far)
        {
            double near = auc;
            for (int i = 0; i < 60; i++)
            {
                double middle = (near + far) / 2;
                (near, far) = IsNear(middle) ? (middle, far) : (near, middle);
            }

            return near;
        }

        return (Bound(0), Bound(1));
    }

    private static double RankP(double statistic, double[] controls) => (1.0 + controls.Count(control => control >= statistic)) / (1 + controls.Length);

    private sealed record Cell(
        string Data, string Origin, int Number, string Model, string Answers, double Accuracy, double Agreement, double Boundary, double Mistakes, double Conferrable, double Statistic)
    {
        public string Key => KeyOf(Data, Origin == "stolen", Number);

        public static Cell Parse(string line)
        {
            string[] fields = line.Split(',');
            double[] numbers = [.. fields.Skip(5).Select(field => double.Parse(field, CultureInfo.InvariantCulture))];
            return new Cell(fields[0], fields[1], int.Parse(fields[2], CultureInfo.InvariantCulture), fields[3], fields[4], numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]);
        }

        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"{Data},{Origin},{Number},{Model},{Answers},{Accuracy:F4},{Agreement:F4},{Boundary:F4},{Mistakes:F4},{Conferrable:F4},{Statistic:F5}");
    }
}
