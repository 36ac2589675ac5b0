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
        string path = Begin(folder, OwnershipRow.File, OwnershipRow.Header);
        string costs = Begin(folder, OwnershipCostRow.File, OwnershipCostRow.Header);
        string claims = Begin(folder, OwnershipClaimRow.File, OwnershipClaimRow.Header);
        HashSet<(string, string, string, string, int, ulong)> done = [.. OwnershipRow.Read(path).Select(row => row.Theft)];
        HashSet<(string, string)> measured = [.. OwnershipCostRow.Read(costs).Select(row => (row.Target, row.Mark))];
        HashSet<(string, string, ulong)> accused = [.. OwnershipClaimRow.Read(claims).Select(row => (row.Target, row.Suspect, row.Seed))];
        bool IsWanted(OwnershipMark mark) => marks.Count == 0 || marks.Any(start => mark.Name.StartsWith(start, StringComparison.Ordinal));
        Stopwatch watch = Stopwatch.StartNew();
        foreach (string name in targets.Count > 0 ? targets : OwnershipTarget.Names)
        {
            Lazy<OwnershipTarget> target = new(() => OwnershipTarget.Load(name));
            List<(string File, Func<IEnumerable<object>> Run)> work =
            [
                .. OwnershipCost.Marks.Where(mark => IsWanted(mark) && !measured.Contains((name, mark.Name))).Select(mark => (costs, (Func<IEnumerable<object>>)(() => OwnershipCost.Measure(target.Value, mark)))),
                .. Cells(name).Where(cell => IsWanted(cell.Mark) && !cell.IsIn(done)).Select(cell => (path, (Func<IEnumerable<object>>)(() => cell.Run(target.Value)))),
                .. marks.Count > 0 && !marks.Contains("claims") ? [] :
                    from seed in Seeds
                    from suspect in OwnershipClaims.Suspects
                    where !accused.Contains((name, suspect.Name, seed))
                    select (claims, (Func<IEnumerable<object>>)(() => OwnershipClaims.Run(target.Value, suspect.Name, seed))),
            ];
            ConcurrentQueue<(string File, Func<IEnumerable<object>> Run)> left = new(work);
            Lock file = new();
            int finished = 0;
            Parallel.For(0, Environment.ProcessorCount, _ =>
            {
                while (left.TryDequeue(out (string File, Func<IEnumerable<object>> Run) next))
                {
                    string[] rows = [.. next.Run().Select(row => row.ToString()!)];
                    lock (file)
                    {
                        File.AppendAllLines(next.File, rows);
                        finished++;
                        log.WriteLine($"{finished}/{work.Count} {watch.Elapsed.TotalSeconds:F0} s  {rows[0]}");
                    }
                }
            });
        }

        Sort(path);
        Sort(costs, OwnershipCostRow.Header, OwnershipCostRow.Read(costs), row => [Place(OwnershipTarget.Names, row.Target), Place([.. OwnershipCost.Marks.Select(mark => mark.Name)], row.Mark), (int)row.Seed]);
        Sort(claims, OwnershipClaimRow.Header, OwnershipClaimRow.Read(claims), row => [Place(OwnershipTarget.Names, row.Target), Place([.. OwnershipClaims.Suspects.Select(one => one.Name)], row.Suspect), (int)row.Seed]);
    }

    private static string Begin(string folder, string name, string header)
    {
        string path = Path.Combine(folder, name);
        if (!File.Exists(path))
        {
            File.WriteAllText(path, header + "\n");
        }

        return path;
    }

    private static int Place(IReadOnlyList<string> order, string name) => order.ToList().IndexOf(name);

    private static void Sort<T>(string path, string header, IReadOnlyList<T> rows, Func<T, int[]> place)
    {
        IEnumerable<T> sorted = rows.OrderBy(row => place(row)[0]).ThenBy(row => place(row)[1]).ThenBy(row => place(row)[2]);
        File.WriteAllText(path, string.Join('\n', sorted.Select(row => row!.ToString()).Prepend(header)) + "\n");
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
            .. Each(flagship, [MarkedRelease.Labels], [OwnershipThieves.StronglyRegularised, OwnershipThieves.Early], budgets),
            .. Each(margins, [MarkedRelease.Labels], [OwnershipThieves.Labels], [Few]),
            .. Each(flagship, [MarkedRelease.Full, MarkedRelease.Round2, MarkedRelease.Round1], [OwnershipThieves.Scores], budgets),
            .. Each([new OwnershipMark(OwnershipMark.None)], [MarkedRelease.Full], [OwnershipThieves.Scores], budgets),
            .. Each(flagship, [MarkedRelease.Labels], [OwnershipThieves.Smoothed, OwnershipThieves.VotesRegularised, OwnershipThieves.Ensembles], [Few]),
            .. Each(flagship, [MarkedRelease.Bands], [OwnershipThieves.DropsMargins], [Few]),
            .. Each(flagship, [MarkedRelease.Round2, MarkedRelease.Bands, MarkedRelease.Round1, MarkedRelease.Full], [OwnershipThieves.EvensMargins], [Few]),
            .. Each(flagship, [MarkedRelease.Round2, MarkedRelease.Bands], [OwnershipThieves.AveragesMargins], [Few]),
            .. Each(flagship, [MarkedRelease.Labels], [OwnershipThieves.EvensOwn], [Few]),
            .. Each(flagship, [MarkedRelease.BandsAlone], [OwnershipThieves.Scores, OwnershipThieves.EvensMargins, OwnershipThieves.AveragesMargins], [Few]),
            .. Each([OwnershipMark.OfCosine(0.05), OwnershipMark.OfCosine(0.02)], [MarkedRelease.Full], [OwnershipThieves.Scores], budgets),
            .. Each([.. keyings.Select(OwnershipMark.OfPermutation)], [MarkedRelease.Full], [OwnershipThieves.Scores], budgets),
            .. Each([OwnershipMark.OfTriggers(0.005)], [MarkedRelease.Labels], [OwnershipThieves.Labels, OwnershipThieves.Regularised], budgets),
            .. Each([OwnershipMark.OfCosine(0.05)], [MarkedRelease.Round2, MarkedRelease.Round1, MarkedRelease.Top3], [OwnershipThieves.Scores], budgets),
            .. Each([OwnershipMark.OfCosine(0.05)], [MarkedRelease.Full], [OwnershipThieves.Labels], budgets),
            .. Each([OwnershipMark.OfCosine(0.05)], [MarkedRelease.Full], [OwnershipThieves.Regularised, OwnershipThieves.StronglyRegularised, OwnershipThieves.Smoothed, OwnershipThieves.After, OwnershipThieves.Ensembles], [Few]),
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
