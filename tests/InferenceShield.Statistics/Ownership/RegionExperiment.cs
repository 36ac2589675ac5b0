using System.Collections.Concurrent;
using System.Diagnostics;
using InferenceShield.Lab;

namespace InferenceShield.Statistics.Ownership;

/// <summary>Whether near ties whose bit varies smoothly with the input show in copies where nobody asked, and in copies of half the answers; writes
/// ownership-region.csv.</summary>
internal static class RegionExperiment
{
    public const string Answers = "the answers";
    public const string Clean = "copy of clean labels";
    public const string Independent = "true labels";
    public const string Chain = "copy of the copy";

    public const string Logged = "logged";
    public const string Unseen = "unseen";
    public const string UnseenMatched = "unseen by matched controls";
    public const string UnseenAlone = "unseen without controls";

    private const int Budget = OwnershipExperiment.Few;
    private const int Controls = 6;
    private const int CleanCopies = 4;
    private const double TestedMargin = 0.4; // of unseen rows

    private static readonly string[] s_few = [OwnershipThieves.Labels, DisguiseThieves.ReplacesOther];
    private static readonly string[] s_many =
        [.. s_few, OwnershipThieves.Regularised, OwnershipThieves.StronglyRegularised, DisguiseThieves.DropsOther, OwnershipThieves.Votes, Chain];

    /// <summary>What is stolen, and how.</summary>
    public static IReadOnlyList<(string Keying, string Release, IReadOnlyList<string> Thieves)> Cells { get; } =
    [
        (RegionMark.Cosine2, MarkedRelease.Labels, s_many),
        (RegionMark.Cosine2Wide, MarkedRelease.Labels, s_few),
        (RegionMark.Linear, MarkedRelease.Labels, s_few),
        (RegionMark.Cosine4, MarkedRelease.Labels, s_few),
        (RegionMark.Cosine1, MarkedRelease.Labels, s_few),
        (RegionMark.Cell, MarkedRelease.Labels, s_few),
        (RegionMark.Exact, MarkedRelease.Labels, s_few),
        (RegionMark.Cosine2, MarkedRelease.Round2, [OwnershipThieves.Scores, OwnershipThieves.EvensMargins]),
    ];

    /// <summary>Runs the cells that the file does not hold yet.</summary>
    /// <param name="folder">Of the file.</param>
    /// <param name="names">Which targets; none for Fashion.</param>
    /// <param name="log">What is done is said to it.</param>
    public static void Run(string folder, IReadOnlyList<string> names, TextWriter log)
    {
        string path = Path.Combine(folder, RegionRow.File);
        if (!File.Exists(path))
        {
            File.WriteAllText(path, RegionRow.Header + "\n");
        }

        Stopwatch watch = Stopwatch.StartNew();
        Lock file = new();
        foreach (string name in names.Count > 0 ? names : [OwnershipTarget.Fashion])
        {
            HashSet<(string, string, ulong)> done = [.. RegionRow.Read(path).Where(row => row.Target == name).Select(row => (row.Keying, row.Release, row.Seed))];
            OwnershipTarget target = OwnershipTarget.Load(name);
            foreach (ulong seed in OwnershipExperiment.Seeds)
            {
                ConcurrentQueue<(string Keying, string Release, IReadOnlyList<string> Thieves)> work = new(Cells.Where(cell => !done.Contains((cell.Keying, cell.Release, seed))));
                RegionRows rows = new(target, seed, work.IsEmpty ? 0 : Controls, work.IsEmpty ? 0 : CleanCopies);
                Parallel.For(0, Environment.ProcessorCount, _ =>
                {
                    while (work.TryDequeue(out (string Keying, string Release, IReadOnlyList<string> Thieves) cell))
                    {
                        string[] lines = [.. Steal(target, rows, cell.Keying, cell.Release, cell.Thieves, seed).Select(row => row.ToString())];
                        lock (file)
                        {
                            File.AppendAllLines(path, lines);
                            log.WriteLine($"{watch.Elapsed.TotalSeconds:F0} s  {string.Join("\n    ", lines)}");
                        }
                    }
                });
            }
        }

        Sort(path);
    }

    private static IEnumerable<RegionRow> Steal(OwnershipTarget target, RegionRows rows, string keying, string form, IReadOnlyList<string> thieves, ulong seed)
    {
        using MarkedRelease release = new(target, keying, form, seed);
        OwnershipLoot loot = new(target, release, form != MarkedRelease.Labels, Budget, seed);
        RegionTest logged = new(target.Space, keying, release.Key, loot.Asked, loot.Clean, RegionMark.MarginOf(keying));
        RegionTest unseen = new(target.Space, keying, release.Key, rows.Unseen, rows.CleanUnseen, TestedMargin);
        (string Name, RegionTest Test, double[] Expected)[] tests =
        [
            (Logged, logged, logged.Expect(rows.Controls)), (Unseen, unseen, unseen.Expect(rows.Controls)), (UnseenMatched, unseen, unseen.Expect(rows.Matched)), (UnseenAlone, unseen, unseen.Expect([])),
        ];
        int classes = target.Model.ClassCount;
        CopyMetrics answers = CopyMetrics.Measure(rows.CleanMeasure, release.Ask(target.Model, target.Measure.Values.Span), target.Measure.Labels.Span, classes);
        yield return new RegionRow(target.Name, keying, form, Answers, seed, Answers, 0, 0, 0, 0, answers.Accuracy!.Value, answers.Agreement);
        bool isOfLabels = form == MarkedRelease.Labels;
        foreach ((string name, IClassifier suspect) in thieves.SelectMany(thief => Make(thief, loot)).Concat(isOfLabels ? rows.Innocent : []))
        {
            CopyMetrics copy = CopyMetrics.Measure(rows.CleanMeasure, OneHot.Ask(suspect, target.Measure.Values.Span), target.Measure.Labels.Span, classes);
            foreach ((string test, RegionTest one, double[] expected) in tests)
            {
                (double matches, double z, double logP) = one.Run(suspect, expected);
                yield return new RegionRow(target.Name, keying, form, name, seed, test, one.Count, matches, z, logP, copy.Accuracy!.Value, copy.Agreement);
            }
        }
    }

    private static IEnumerable<(string Name, IClassifier Suspect)> Make(string thief, OwnershipLoot loot)
    {
        OwnershipTarget target = loot.Target;
        SurrogateOptions options = target.Surrogate with { Loss = SurrogateLoss.HardLabels };
        switch (thief)
        {
            case DisguiseThieves.ReplacesOther or DisguiseThieves.DropsOther:
                return DisguiseThieves.Make(loot, [thief]).Select(made => (made.Name, (IClassifier)made.Suspect));
            case Chain:
                Surrogate copy = OwnershipThieves.Train(loot, loot.Rows, loot.Answers, options);
                float[] others = loot.Others.Values.ToArray();
                return [(thief, SurrogateTrainer.Train(others, OneHot.Ask(copy, others), target.Model.InputLength, target.Model.ClassCount, options, loot.Seed + 200, 1, default))];
            default:
                return OwnershipThieves.Make(thief, loot);
        }
    }

    private static void Sort(string path)
    {
        List<string> suspects = [Answers, .. s_many, OwnershipThieves.Scores, OwnershipThieves.EvensMargins, Clean, Independent];
        List<(string, string)> cells = [.. Cells.Select(cell => (cell.Keying, cell.Release))];
        IEnumerable<RegionRow> rows = RegionRow.Read(path)
            .OrderBy(row => OwnershipTarget.Names.ToList().IndexOf(row.Target)).ThenBy(row => cells.IndexOf((row.Keying, row.Release))).ThenBy(row => row.Seed)
            .ThenBy(row => suspects.FindIndex(name => row.Suspect.StartsWith(name, StringComparison.Ordinal))).ThenBy(row => row.Suspect, StringComparer.Ordinal).ThenBy(row => row.Test, StringComparer.Ordinal);
        File.WriteAllText(path, string.Join('\n', rows.Select(row => row.ToString()).Prepend(RegionRow.Header)) + "\n");
    }
}
