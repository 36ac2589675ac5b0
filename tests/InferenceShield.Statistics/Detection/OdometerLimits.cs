using InferenceShield.Lab;

namespace InferenceShield.Statistics.Detection;

/// <summary>What thieves who are not noticed can copy before a limit on the leak odometer stops them.</summary>
internal static class OdometerLimits
{
    private const int Streams = 5;
    private const int Copies = 2;

    private static readonly double[] s_limits = [0.4, 0.6, 0.75, 0.85, 0.92];

    public static IReadOnlyList<string> Attacks { get; } = [AttackTraffic.Knockoff, AttackTraffic.Active, AttackTraffic.Mixtures, AttackTraffic.Jbda];

    /// <summary>One row for each limit and attack: "alarmed" says which share reached it, the median after how many queries.</summary>
    public static void Run(WatchBench bench, CellFile file, IReadOnlyList<string> attacks)
    {
        foreach (string attack in attacks)
        {
            string[] cells = [.. s_limits.Select(limit => $"{attack} to {WatchBench.Number(limit)}")];
            if (cells.All(cell => file.Holds(bench.Model.Name, "odometer limit", cell)))
            {
                continue;
            }

            Transcript[] transcripts = [.. Enumerable.Range(0, Streams).Select(stream => bench.Ask(attack, 400 + (ulong)stream))];
            QuerySignals[][] signals = [.. transcripts.Select(bench.Measure)];
            for (int i = 0; i < cells.Length; i++)
            {
                double limit = s_limits[i];
                file.Run(bench.Model.Name, "odometer limit", cells[i], () =>
                {
                    int?[] spent = [.. signals.Select(queries => WatchedStream.Spend(bench.Calibration, queries, limit))];
                    double[] agreements =
                    [
                        .. Enumerable.Range(0, Streams).Where(stream => spent[stream] is not null).Take(Copies)
                            .Select(stream => bench.Model.Agreement(transcripts[stream], spent[stream]!.Value, (ulong)stream + 81)),
                    ];
                    return string.Join(
                        ',', Streams, WatchBench.Number(Quantiles.Share(spent)), Quantiles.Of(spent, 0.5), Quantiles.Of(spent, 0.9), 0, "never", "never", "none", 1,
                        agreements.Length == 0 ? "none" : WatchBench.Number(agreements.Average()), "none", WatchBench.Number(limit));
                });
            }
        }
    }
}
