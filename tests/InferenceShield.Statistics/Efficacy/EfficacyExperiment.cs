using System.Collections.Concurrent;
using System.Diagnostics;
using InferenceShield.Lab;

namespace InferenceShield.Statistics.Efficacy;

/// <summary>Steals three models under every policy with every attack, and writes efficacy.csv and efficacy-utility.csv.</summary>
internal static class EfficacyExperiment
{
    private const int Adaptive = 5_000;
    private const int Repeats = 8;
    private static readonly ulong[] s_seeds = [11, 12, 13]; // none that of a target: a copy that starts from the same weights agrees too well

    /// <summary>Runs the cells of some targets that the file does not hold yet, a thread each; then sorts the file.</summary>
    public static async Task RunAsync(string folder, IReadOnlyList<string> targets, TextWriter log)
    {
        string path = Path.Combine(folder, EfficacyRow.File);
        HashSet<(string, string, string, int, ulong)> done = [.. File.Exists(path) ? EfficacyRow.Read(path).Select(Key) : []];
        if (done.Count == 0)
        {
            await File.WriteAllTextAsync(path, EfficacyRow.Header + "\n").ConfigureAwait(false);
        }

        List<EfficacyUtilityRow> utility = [.. File.Exists(Path.Combine(folder, EfficacyUtilityRow.File)) ? EfficacyUtilityRow.Read(Path.Combine(folder, EfficacyUtilityRow.File)) : []];
        foreach (string name in targets)
        {
            EfficacyTarget target = EfficacyTarget.Load(name);
            utility.RemoveAll(row => row.Target == name);
            utility.AddRange(target.Policies.Select(policy => EfficacyUtility.Measure(target, policy)));
            EfficacyCell[] cells = [.. Cells(target).Where(cell => !done.Contains(cell.Key))];
            Stopwatch watch = Stopwatch.StartNew();
            int finished = 0;
            ConcurrentQueue<EfficacyCell> left = new(cells);
            using SemaphoreSlim file = new(1);
            await Parallel.ForAsync(0, Environment.ProcessorCount, async (_, cancellation) =>
            {
                while (left.TryDequeue(out EfficacyCell? cell))
                {
                    EfficacyRow row = await cell.RunAsync(target, cancellation).ConfigureAwait(false);
                    await file.WaitAsync(cancellation).ConfigureAwait(false);
                    await File.AppendAllTextAsync(path, row + "\n", cancellation).ConfigureAwait(false);
                    finished++;
                    await log.WriteLineAsync($"{finished}/{cells.Length} {watch.Elapsed.TotalSeconds:F0} s  {row}").ConfigureAwait(false);
                    file.Release();
                }
            }).ConfigureAwait(false);
        }

        IEnumerable<string> sorted = EfficacyRow.Read(path).OrderBy(row => row.Target, StringComparer.Ordinal).ThenBy(row => EfficacyPolicies.Order(row.Policy))
            .ThenBy(row => EfficacyCell.Order(row.Attack)).ThenBy(row => row.Budget).ThenBy(row => row.Seed).Select(row => row.ToString());
        await File.WriteAllTextAsync(path, string.Join('\n', sorted.Prepend(EfficacyRow.Header)) + "\n").ConfigureAwait(false);
        IEnumerable<string> honest = utility.OrderBy(row => row.Target, StringComparer.Ordinal).ThenBy(row => EfficacyPolicies.Order(row.Policy)).Select(row => row.ToString());
        await File.WriteAllTextAsync(Path.Combine(folder, EfficacyUtilityRow.File), string.Join('\n', honest.Prepend(EfficacyUtilityRow.Header)) + "\n").ConfigureAwait(false);
    }

    /// <summary>Naive and top-1 at every budget; the others at one.</summary>
    private static IEnumerable<EfficacyCell> Cells(EfficacyTarget target) =>
        from seed in s_seeds
        from attack in EfficacyCell.Attacks
        from policy in target.Policies
        from budget in target.Budgets
        where attack is EfficacyFigures.Naive or EfficacyFigures.Label || (budget == Adaptive && policy.Name != EfficacyFigures.Clean)
        select new EfficacyCell(policy, attack, budget, seed) { Target = target.Setup.Name, Repeats = Repeats };

    private static (string, string, string, int, ulong) Key(EfficacyRow row) => (row.Target, row.Policy, row.Attack, row.Budget, row.Seed);
}
