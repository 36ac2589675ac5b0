using System.Collections.Concurrent;
using System.Diagnostics;
using InferenceShield.Lab;

namespace InferenceShield.Statistics.Ownership;

/// <summary>Whether near ties that are released as sure as others keep their mark where scores leave; writes ownership-disguise.csv and ownership-disguise-cost.csv.</summary>
internal static class DisguiseExperiment
{
    public const string File = "ownership-disguise.csv";
    public const int Keys = 10;
    private const ulong FirstSeed = 1_000;

    /// <summary>The releases whose cost is measured.</summary>
    public static readonly string[] Scores = [MarkedRelease.Round2, MarkedRelease.Bands, MarkedRelease.Round1];

    /// <summary>The thieves of releases that are not asked every question.</summary>
    public static readonly string[] SomeThieves = [DisguiseThieves.Trains, DisguiseThieves.EvensReleased, DisguiseThieves.EvensOwn, DisguiseThieves.DropsOther];

    private static readonly string[] s_ofOldReleases =
        [DisguiseThieves.Trains, DisguiseThieves.Regularised, DisguiseThieves.EvensOwn, DisguiseThieves.DropsOther, DisguiseThieves.ReplacesOther];

    private static readonly string[] s_ofNeighbours =
        [DisguiseThieves.Trains, DisguiseThieves.Regularised, DisguiseThieves.EvensReleased, DisguiseThieves.EvensWide, DisguiseThieves.EvensWider, DisguiseThieves.EvensOwn, DisguiseThieves.DropsOther];

    private static readonly OwnershipMark s_exact = OwnershipMark.NearTie(MarkKeying.ExactInput, 0.2);
    private static readonly OwnershipMark s_cell = OwnershipMark.NearTie(MarkKeying.Cell, 0.2);

    private static IEnumerable<(OwnershipMark Mark, string Release, string Disguise, IReadOnlyList<string> Thieves)> Cells =>
    [
        .. from disguise in (string[])[NearTieDisguise.Evenly, NearTieDisguise.LikeAll] select (s_exact, MarkedRelease.Round2, disguise, DisguiseThieves.Names),
        (s_exact, MarkedRelease.Round2, NearTieDisguise.None, [.. s_ofOldReleases, DisguiseThieves.EvensReleased]),
        (s_exact, MarkedRelease.Round2, NearTieDisguise.LikeNeighbours, s_ofNeighbours),
        (s_exact, MarkedRelease.Labels, NearTieDisguise.None, s_ofOldReleases),
        .. from release in (string[])[MarkedRelease.Bands, MarkedRelease.Round1]
           from disguise in (string[])[NearTieDisguise.Evenly, NearTieDisguise.LikeAll]
           select (s_exact, release, disguise, SomeThieves),
        (s_cell, MarkedRelease.Round2, NearTieDisguise.Evenly, SomeThieves),
        (s_cell, MarkedRelease.Labels, NearTieDisguise.None, [DisguiseThieves.Trains, DisguiseThieves.ReplacesOther]),
    ];

    /// <summary>Runs the thefts that the file does not hold yet, a thread each, then sorts it, and measures costs.</summary>
    /// <param name="folder">Of the files.</param>
    /// <param name="log">What is done is said to it.</param>
    public static void Run(string folder, TextWriter log)
    {
        string path = Path.Combine(folder, File);
        if (!System.IO.File.Exists(path))
        {
            System.IO.File.WriteAllText(path, OwnershipRow.Header + "\n");
        }

        HashSet<(string, string, string, string, int, ulong)> done = [.. OwnershipRow.Read(path).Select(row => row.Theft)];
        List<DisguiseCostRow> costs = [];
        Stopwatch watch = Stopwatch.StartNew();
        foreach (OwnershipTarget target in OwnershipTarget.Names.Select(OwnershipTarget.Load))
        {
            ConcurrentQueue<(OwnershipMark Mark, string Release, string Disguise, string[] Thieves, ulong Seed)> work = new(
                from cell in Cells
                from seed in OwnershipExperiment.Seeds
                let left = cell.Thieves.Where(thief => !done.Contains((target.Name, NameOf(cell.Mark, cell.Disguise), cell.Release, thief, OwnershipExperiment.Few, seed))).ToArray()
                where left.Length > 0
                select (cell.Mark, cell.Release, cell.Disguise, left, seed));
            Lock file = new();
            Parallel.For(0, Environment.ProcessorCount, _ =>
            {
                while (work.TryDequeue(out (OwnershipMark Mark, string Release, string Disguise, string[] Thieves, ulong Seed) next))
                {
                    foreach (OwnershipRow row in Steal(target, next.Mark, next.Release, next.Disguise, next.Thieves, next.Seed))
                    {
                        lock (file)
                        {
                            System.IO.File.AppendAllLines(path, [row.ToString()]);
                            log.WriteLine($"{watch.Elapsed.TotalSeconds:F0} s  {row}");
                        }
                    }
                }
            });
            costs.AddRange(MeasureCosts(target));
        }

        Sort(path);
        System.IO.File.WriteAllText(Path.Combine(folder, DisguiseCostRow.File), string.Join('\n', costs.Select(row => row.ToString()).Prepend(DisguiseCostRow.Header)) + "\n");
    }

    /// <summary>What answers carry, and how near ties are released, as the files name it.</summary>
    public static string NameOf(OwnershipMark mark, string disguise) => mark.IsNearTie ? $"{mark.Name} {disguise}" : mark.Name;

    private static IEnumerable<OwnershipRow> Steal(OwnershipTarget target, OwnershipMark mark, string form, string disguise, string[] thieves, ulong seed)
    {
        using MarkedRelease release = new(target, mark, form, seed, NearTieDisguise.Get(disguise, target));
        OwnershipLoot loot = new(target, release, areScores: true, OwnershipExperiment.Few, seed);
        OwnershipTests tests = new(loot, mark);
        foreach ((string thief, Surrogate suspect) in DisguiseThieves.Make(loot, thieves))
        {
            float[] answers = OneHot.Ask(suspect, target.Measure.Values.Span);
            CopyMetrics copy = CopyMetrics.Measure(tests.CleanMeasure, answers, target.Measure.Labels.Span, target.Model.ClassCount);
            OwnershipFinding found = tests.Run(suspect, samples: false).First();
            yield return new OwnershipRow(
                target.Name, NameOf(mark, disguise), form, thief, OwnershipExperiment.Few, seed, found.Test, found.Answers, found.Statistic, found.Expected, found.LogP, copy.Accuracy!.Value,
                copy.Agreement);
        }
    }

    private static IEnumerable<DisguiseCostRow> MeasureCosts(OwnershipTarget target)
    {
        Dataset honest = target.Measure;
        float[] clean = OneHot.Ask(target.Model, honest.Values.Span);
        foreach ((OwnershipMark mark, string disguise) in NearTieDisguise.Names.Select(disguise => (s_cell, disguise)).Prepend((new OwnershipMark(OwnershipMark.None), NearTieDisguise.None)))
        {
            foreach (string form in Scores)
            {
                for (ulong seed = FirstSeed; seed < FirstSeed + Keys; seed++)
                {
                    using MarkedRelease release = new(target, mark, form, seed, NearTieDisguise.Get(disguise, target));
                    UtilityMetrics got = UtilityMetrics.Measure(clean, release.Ask(target.Model, honest.Values.Span), honest.Labels.Span, target.Model.ClassCount);
                    yield return new DisguiseCostRow(
                        target.Name, NameOf(mark, disguise), form, seed, got.TopChanged, got.Accuracy!.Value, got.MeanDistance, got.CalibrationError!.Value, got.Brier!.Value, got.Separation!.Value);
                }
            }
        }
    }

    private static void Sort(string path)
    {
        List<(string, string, string, string, int, ulong)> order =
        [
            .. from target in OwnershipTarget.Names
               from cell in Cells
               from seed in OwnershipExperiment.Seeds
               from thief in cell.Thieves
               select (target, NameOf(cell.Mark, cell.Disguise), cell.Release, thief, OwnershipExperiment.Few, seed),
        ];
        Dictionary<(string, string, string, string, int, ulong), int> places = order.Index().ToDictionary(place => place.Item, place => place.Index);
        IEnumerable<OwnershipRow> rows = OwnershipRow.Read(path).Where(row => places.ContainsKey(row.Theft)).OrderBy(row => places[row.Theft]);
        System.IO.File.WriteAllText(path, string.Join('\n', rows.Select(row => row.ToString()).Prepend(OwnershipRow.Header)) + "\n");
    }
}
