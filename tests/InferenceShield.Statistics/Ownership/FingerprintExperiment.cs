using System.Globalization;
using InferenceShield.Lab;
using InferenceShield.Statistics.Efficacy;

namespace InferenceShield.Statistics.Ownership;

/// <summary>Does a fingerprint tell stolen models from independent ones? Writes results/ownership-fingerprint.csv and its summary.</summary>
/// <remarks>Each model is a cell: what is in the file already is not trained again, so a run that was stopped goes on where it was. How the fingerprint is made was
/// chosen on target 1; the others, with their rows, thieves and independent models, were looked at afterwards.</remarks>
internal static class FingerprintExperiment
{
    private const int Suspects = 2 * FingerprintModels.Kinds;
    private const int Owned = FingerprintModels.OwnedKinds;
    private const ulong Seed = 7;
    private const string FileName = "ownership-fingerprint.csv";
    private const string SummaryName = "ownership-fingerprint-summary.csv";
    private const string Header = "data,target,origin,number,model,answers,accuracy,agreement,mistakes,conferrable,statistic";

    /// <summary>The statistic, as the summary names it.</summary>
    internal const string Ratio = "log-likelihood ratio";

    private static readonly ulong[] s_targets = [2, 3];

    public static void Run(string folder, IReadOnlyList<string> names, TextWriter output)
    {
        string path = Path.Combine(folder, FileName);
        Dictionary<string, Cell> cells = Read(path);
        foreach ((string name, ulong target) in names.SelectMany(name => s_targets.Select(target => (name, target))))
        {
            (int Number, bool Stolen)[] wanted = [.. Enumerable.Range(0, 2 * Suspects).Select(i => (i / 2, i % 2 == 0)).Where(one => !cells.ContainsKey(KeyOf(name, target, one.Item2, one.Item1)))];
            if (wanted.Length == 0)
            {
                continue;
            }

            FingerprintModels models = FingerprintModels.Load(name, target);
            Fingerprint fingerprint = Make(models);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}, target {target}: {fingerprint.Inputs.Count} inputs"));
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
        (IClassifier Independent, IClassifier Copy)[] owned = new (IClassifier, IClassifier)[Owned];
        Parallel.For(0, owned.Length, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i => owned[i] = models.TrainOwned(i));
        return Fingerprint.Make(models.Target, models.Probes, [.. owned.Select(pair => pair.Independent)], [.. owned.Select(pair => pair.Copy)], new FingerprintOptions(), Seed);
    }

    private static Cell Measure(FingerprintModels models, Fingerprint fingerprint, int number, bool stolen)
    {
        IClassifier suspect = models.TrainSuspect(number, stolen);
        int[] own = FingerprintSearch.LabelsOf(suspect, models.Probes.Values.Span);
        int[] target = FingerprintSearch.LabelsOf(models.Target, models.Probes.Values.Span);
        double[] groups = fingerprint.MeasureAgreement(suspect);
        return new Cell(
            models.Name, models.Seed, stolen ? "stolen" : "independent", number, FingerprintModels.Describe(models.Name, number),
            !stolen ? "true labels" : FingerprintModels.IsLabelOnly(number) ? "labels" : "vectors",
            Share(own, models.Probes.Labels.Span), Share(own, target), groups[0], groups[1], fingerprint.Measure(suspect));
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

    private static string KeyOf(string data, ulong target, bool stolen, int number) => string.Create(CultureInfo.InvariantCulture, $"{data},{target},{(stolen ? "stolen" : "independent")},{number}");

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
            "# Unmarked models: agreement with the target on a fingerprint's inputs. Made by: dotnet run --project tests/InferenceShield.Statistics -c Release -- ownership fingerprint",
            Header,
        }.Concat(cells.OrderBy(cell => cell.Data, StringComparer.Ordinal).ThenBy(cell => cell.Target).ThenByDescending(cell => cell.Origin, StringComparer.Ordinal).ThenBy(cell => cell.Number).Select(cell => cell.ToString()))) + "\n");
        File.Move(fresh, path, overwrite: true);
    }

    private static void Summarise(string path, IReadOnlyCollection<Cell> cells)
    {
        List<string> lines =
        [
            "# Area under the ROC curve of stolen against independent models of the same target, low to high its 95 % score interval (Newcombe) as if all models were of one target. Rank p: (1 + independent models whose statistic is as large) / (1 + independent models); normal p: Student's t, if statistics of independent models are normally distributed. Stolen against all independent models of their target, each independent one against the others.",
            "data,stolen,independents,statistic,auc,low,high,stolen rank p<=.05,stolen normal p<.01,median normal p,largest normal p,independents rank p<=.05,independents normal p<.01,least normal p of independents",
        ];
        foreach (IGrouping<string, Cell> data in cells.GroupBy(cell => cell.Data).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            (string Name, Func<Cell, bool> Is)[] kinds =
            [
                ("all", _ => true), ("labels", cell => cell.Answers == "labels"), ("vectors", cell => cell.Answers == "vectors"),
                ("of architectures the owner did not train", cell => cell.Number % FingerprintModels.Kinds >= FingerprintModels.OwnedKinds),
                ("convolutional", cell => cell.Model.StartsWith("cnn", StringComparison.Ordinal)), ("random features", cell => cell.Model == "random features"),
                .. data.Select(cell => cell.Target).Distinct().Order().Select(target => (string.Create(CultureInfo.InvariantCulture, $"of target {target}"), (Func<Cell, bool>)(cell => cell.Target == target))),
            ];
            foreach ((string name, Func<Cell, bool> isOne) in kinds)
            {
                Cell[] stolen = [.. data.Where(cell => cell.Origin == "stolen" && isOne(cell))];
                if (stolen.Length == 0)
                {
                    continue;
                }

                foreach ((string statistic, Func<Cell, double> read) in new (string, Func<Cell, double>)[]
                {
                    (Ratio, cell => cell.Statistic), ("agreement on mistakes", cell => cell.Mistakes), ("agreement on conferrable inputs", cell => cell.Conferrable),
                    ("agreement on all probes", cell => cell.Agreement),
                })
                {
                    lines.Add(Line(data.Key, name, statistic, stolen, [.. data.Where(cell => cell.Origin == "independent" && stolen.Any(one => one.Target == cell.Target))], read));
                }
            }
        }

        File.WriteAllText(path, string.Join('\n', lines) + "\n");
    }

    private static string Line(string data, string name, string statistic, Cell[] stolen, Cell[] independents, Func<Cell, double> read)
    {
        const int Inputs = 1_000;
        double[] OthersOf(Cell one) => [.. independents.Where(cell => cell.Target == one.Target && cell.Key != one.Key).Select(read)];
        double auc = stolen.Average(one => OthersOf(one).Average(other => read(one) > other ? 1 : read(one) == other ? 0.5 : 0));
        (double low, double high) = Interval(auc, stolen.Length, independents.Length);
        double[] normal = [.. stolen.Select(one => Fingerprint.StudentP(read(one), OthersOf(one), Inputs)).Order()];
        double[] innocent = [.. independents.Select(one => Fingerprint.StudentP(read(one), OthersOf(one), Inputs)).Order()];
        double RankShare(Cell[] models) => (double)models.Count(one => RankP(read(one), OthersOf(one)) <= 0.05) / models.Length;
        return string.Create(CultureInfo.InvariantCulture,
            $"{data},{name} ({stolen.Length}),{independents.Length},{statistic},{auc:F4},{low:F4},{high:F4},{RankShare(stolen):F3},{(double)normal.Count(p => p < 0.01) / normal.Length:F3},{normal[normal.Length / 2]:E1},{normal[^1]:E1},{RankShare(independents):F3},{(double)innocent.Count(p => p < 0.01) / innocent.Length:F4},{innocent[0]:E1}");
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
        string Data, ulong Target, string Origin, int Number, string Model, string Answers, double Accuracy, double Agreement, double Mistakes, double Conferrable, double Statistic)
    {
        public string Key => KeyOf(Data, Target, Origin == "stolen", Number);

        public static Cell Parse(string line)
        {
            string[] fields = line.Split(',');
            double[] numbers = [.. fields.Skip(6).Select(field => double.Parse(field, CultureInfo.InvariantCulture))];
            return new Cell(
                fields[0], ulong.Parse(fields[1], CultureInfo.InvariantCulture), fields[2], int.Parse(fields[3], CultureInfo.InvariantCulture), fields[4], fields[5],
                numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]);
        }

        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"{Data},{Target},{Origin},{Number},{Model},{Answers},{Accuracy:F4},{Agreement:F4},{Mistakes:F4},{Conferrable:F4},{Statistic:F5}");
    }
}
