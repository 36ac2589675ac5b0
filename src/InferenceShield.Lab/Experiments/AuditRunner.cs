using System.Collections.Concurrent;

namespace InferenceShield.Lab;

/// <summary>Runs the cells of a plan side by side.</summary>
public static class AuditRunner
{
    /// <summary>Runs the cells that are not finished yet, each on one thread, and measures what each policy costs honest users.</summary>
    /// <param name="plan">What to run.</param>
    /// <param name="store">Receives each cell as soon as it is finished, and says which are; null to keep nothing.</param>
    /// <param name="progress">Told after each cell, by one thread at a time; null for nobody.</param>
    /// <param name="threads">Cells that run at once; 0 for one on each processor. The result does not depend on it.</param>
    /// <param name="cancellationToken">Ends the run; what is finished stays in the store.</param>
    /// <returns>All cells, in the plan's order.</returns>
    public static async Task<AuditResult> RunAsync(
        AuditPlan plan, AuditStore? store, IProgress<AuditProgress>? progress, int threads, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        ConcurrentDictionary<(string, string, string, int, ulong), ExtractionResult> results = new();
        foreach (ExtractionResult result in store?.Finished ?? [])
        {
            results[AuditCell.KeyOf(result)] = result;
        }

        // Large budgets first: the processors then finish together.
        AuditCell[] pending = [.. plan.Cells.Where(cell => !results.ContainsKey(cell.Key)).OrderByDescending(cell => cell.Budget)];
        WorkLeft work = new(pending, plan.CellCount);
        progress?.Report(work.Describe(null));
        Lock reporting = new();
        await Parallel.ForEachAsync(
            pending,
            new ParallelOptions { MaxDegreeOfParallelism = threads == 0 ? Environment.ProcessorCount : threads, CancellationToken = cancellationToken },
            async (cell, cellEnding) =>
            {
                ExtractionResult result = await ExtractionExperiment.RunAsync(
                    cell.Setup, cell.Policy, cell.Attack, cell.Budget, cell.Seed, threads: 1, cellEnding).ConfigureAwait(false);
                results[cell.Key] = result;
                store?.Append(result);
                lock (reporting)
                {
                    work.Finish(cell);
                    progress?.Report(work.Describe(result));
                }
            }).ConfigureAwait(false);
        return new AuditResult(plan, [.. plan.Cells.Select(cell => results[cell.Key])], [.. PolicyUtility.Measure(plan, cancellationToken)]);
    }

    /// <summary>What is done and what is left, by weight.</summary>
    private sealed class WorkLeft(AuditCell[] pending, int total)
    {
        private readonly long _start = TimeProvider.System.GetTimestamp();
        private double _left = pending.Sum(cell => cell.Weight);
        private double _done;
        private int _finished = total - pending.Length;

        public void Finish(AuditCell cell)
        {
            _finished++;
            _done += cell.Weight;
            _left -= cell.Weight;
        }

        public AuditProgress Describe(ExtractionResult? last)
        {
            TimeSpan elapsed = TimeProvider.System.GetElapsedTime(_start);
            return new AuditProgress(_finished, total, last, elapsed, _done > 0 ? elapsed * Math.Max(0, _left / _done) : null);
        }
    }
}
