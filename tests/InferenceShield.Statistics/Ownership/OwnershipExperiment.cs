using System.Collections.Concurrent;
using System.Diagnostics;
using InferenceShield.Lab;

namespace InferenceShield.Statistics.Ownership;

/// <summary>Steals marked models in many ways and tests what came of it; writes ownership.csv and its companions.</summary>
internal static class OwnershipExperiment
{
    public const int Few = 5_000;
    public const int Many = 15_000;
    public static readonly ulong[] Seeds = [11, 12, 13];

    /// <summary>Runs the cells that the file does not hold yet, a thread each, then sorts it.</summary>
    /// <param name="folder">Of the file.</param>
    /// <param name="targets">Which models; none for all.</param>
    /// <param name="marks">Which kinds of mark, by the start of their names; none for all.</param>
    /// <param name="log">What is done is said to it.</param>
    public static void Run(string folder, IReadOnlyList<string> targets, IReadOnlyList<string> marks, TextWriter log)
    {
        string path = Path.Combine(folder, OwnershipRow.File);
        if (!File.Exists(path))
        {
            File.WriteAllText(path, OwnershipRow.Header + "\n");
        }

        HashSet<(string, string, string, string, int, ulong)> done = [.. OwnershipRow.Read(path).Select(row => row.Theft)];
        Stopwatch watch = Stopwatch.StartNew();
        foreach (string name in targets.Count > 0 ? targets : OwnershipTarget.Names)
        {
            OwnershipCell[] cells = [.. Cells(name).Where(cell => !cell.IsIn(done) && (marks.Count == 0 || marks.Any(mark => cell.Mark.Name.StartsWith(mark, StringComparison.Ordinal))))];
            if (cells.Length == 0)
            {
                continue;
            }

            OwnershipTarget target = OwnershipTarget.Load(name);
            ConcurrentQueue<OwnershipCell> left = new(cells);
            Lock file = new();
            int finished = 0;
            Parallel.For(0, Environment.ProcessorCount, _ =>
            {
                while (left.TryDequeue(out OwnershipCell? cell))
                {
                    OwnershipRow[] rows = [.. cell.Run(target)];
                    lock (file)
                    {
                        File.AppendAllLines(path, rows.Select(row => row.ToString()));
                        finished++;
                        log.WriteLine($"{finished}/{cells.Length} {watch.Elapsed.TotalSeconds:F0} s  {rows[0]}");
                    }
                }
            });
        }

        Sort(path);
    }

    /// <summary>All thefts of one target, those first that most hangs on.</summary>
    public static IEnumerable<OwnershipCell> Cells(string target)
    {
        bool isFashion = target == OwnershipTarget.Fashion;
        int[] budgets = isFashion ? [Few, Many] : [Few];
        MarkKeying[] keyings = [MarkKeying.Cell, MarkKeying.ExactInput];
        IEnumerable<OwnershipCell> Each(IEnumerable<OwnershipMark> marks, IEnumerable<string> releases, IEnumerable<string> thieves, IEnumerable<int> over) =>
            from seed in Seeds
            from mark in marks
            from release in releases
            from thief in thieves
            from budget in over
            select new OwnershipCell(target, mark, release, thief, budget, seed);

        OwnershipMark[] flagship = [.. keyings.Select(keying => OwnershipMark.NearTie(keying, 0.2))];
        OwnershipMark[] margins = [.. from keying in keyings from margin in (double[])[0.05, 0.1, 0.3] select OwnershipMark.NearTie(keying, margin)];
        return
        [
            .. Each(flagship, [MarkedRelease.Labels], [OwnershipThieves.Labels, OwnershipThieves.Regularised], budgets),
            .. Each(flagship, [MarkedRelease.Bands], [OwnershipThieves.Scores], budgets),
            .. Each(flagship, [MarkedRelease.Labels], [OwnershipThieves.Votes, OwnershipThieves.After], [Few]),
            .. Each(margins, [MarkedRelease.Labels], [OwnershipThieves.Labels], [Few]),
            .. Each(flagship, [MarkedRelease.Full, MarkedRelease.Round2, MarkedRelease.Round1], [OwnershipThieves.Scores], [Few]),
            .. Each(flagship, [MarkedRelease.Labels], [OwnershipThieves.Smoothed, OwnershipThieves.StronglyRegularised, OwnershipThieves.VotesRegularised, OwnershipThieves.Ensembles], [Few]),
            .. Each(flagship, [MarkedRelease.Bands], [OwnershipThieves.DropsMargins], [Few]),
        ];
    }

    private static void Sort(string path)
    {
        List<(string, string, string, string, int, ulong)> order =
        [
            .. from target in OwnershipTarget.Names
               from cell in Cells(target)
               from suspect in OwnershipThieves.SuspectsOf(cell.Thief)
               select (cell.Target, cell.Mark.Name, cell.Release, suspect, cell.Budget, cell.Seed),
        ];
        Dictionary<(string, string, string, string, int, ulong), int> places = [];
        for (int i = 0; i < order.Count; i++)
        {
            places.TryAdd(order[i], i);
        }

        string[] sorted = [.. OwnershipRow.Read(path).Where(row => places.ContainsKey(row.Theft)).OrderBy(row => places[row.Theft]).Select(row => row.ToString())];
        File.WriteAllText(path, string.Join('\n', sorted.Prepend(OwnershipRow.Header)) + "\n");
    }
}
