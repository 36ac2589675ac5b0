using System.Diagnostics;
using InferenceShield.Lab;

namespace InferenceShield.Statistics.Detection;

/// <summary>Callers and thieves against one calibration; writes detection.csv and detection-odometer.csv.</summary>
internal static class DetectionExperiment
{
    /// <summary>Runs the cells that the files do not hold yet, then puts the lines in order.</summary>
    /// <param name="folder">Of the files.</param>
    /// <param name="experiments">Which to run; none for all.</param>
    /// <param name="log">What is done is said to it.</param>
    public static void Run(string folder, IReadOnlyList<string> experiments, TextWriter log)
    {
        Stopwatch watch = Stopwatch.StartNew();
        string path = Path.Combine(folder, DetectionRow.File);
        string leaks = Path.Combine(folder, LeakRow.File);
        Begin(path, DetectionRow.Header);
        Begin(leaks, LeakRow.Header);
        Lazy<DetectionBench> bench = new(() => new DetectionBench(DetectionSetup.Load(log), DetectionScale.Full));
        HashSet<(string, string)> done = [.. DetectionRow.Read(path).Select(row => (row.Experiment, row.Attack))];
        (string Experiment, string Attack, Func<IEnumerable<DetectionRow>> Run)[] cells = [.. Cells(bench, leaks, log)];
        foreach ((string experiment, string attack, Func<IEnumerable<DetectionRow>> run) in cells)
        {
            if (!done.Contains((experiment, attack)) && (experiments.Count == 0 || experiments.Contains(experiment)))
            {
                DetectionRow[] rows = [.. run()];
                File.AppendAllLines(path, rows.Select(row => row.ToString()));
                log.WriteLine($"{watch.Elapsed.TotalSeconds:F0} s  {experiment} {attack}: {rows.Length} rows");
            }
        }

        List<(string, string)> order = [.. cells.Select(cell => (cell.Experiment, cell.Attack))];
        DetectionRow[] sorted = [.. DetectionRow.Read(path).OrderBy(row => PlaceOf(order, row))];
        File.WriteAllLines(path, [DetectionRow.Header, .. sorted.Select(row => row.ToString())]);
    }

    /// <summary>Rows of kinds of shift stay with the cell that made them.</summary>
    private static int PlaceOf(List<(string, string)> order, DetectionRow row) => order.IndexOf(
        row.Experiment == FalseAlarmCells.ShiftKinds ? (FalseAlarmCells.Experiment, FalseAlarmCells.Shifted) : (row.Experiment, row.Attack));

    private static IEnumerable<(string Experiment, string Attack, Func<IEnumerable<DetectionRow>> Run)> Cells(Lazy<DetectionBench> bench, string leaks, TextWriter log)
    {
        yield return (FalseAlarmCells.Experiment, FalseAlarmCells.Calibrated, () => FalseAlarmCells.Run(bench.Value, FalseAlarmCells.Calibrated));
        yield return (FalseAlarmCells.Experiment, FalseAlarmCells.Shifted, () => FalseAlarmCells.Run(bench.Value, FalseAlarmCells.Shifted));
        yield return (FalseAlarmCells.Uncalibrated, FalseAlarmCells.Calibrated, () => FalseAlarmCells.RunUncalibrated(bench.Value));
        yield return (FalseAlarmCells.Odometer, FalseAlarmCells.Calibrated, () => FalseAlarmCells.RunOdometer(bench.Value));
        foreach (string attack in AttackTraffic.Names)
        {
            yield return (DelayCells.Experiment, attack, () => DelayCells.Run(bench.Value, attack));
        }

        foreach (string attack in AttackTraffic.Names)
        {
            yield return (DelayCells.Components, attack, () => DelayCells.RunComponents(bench.Value, attack));
        }

        yield return (LinkingCells.Experiment, LinkingCells.Honest, () => LinkingCells.RunHonest(bench.Value));
        foreach (string attack in AttackTraffic.Names)
        {
            yield return (LinkingCells.Experiment, attack, () => LinkingCells.Run(bench.Value, attack));
        }

        yield return (LeakCells.Plateau, AttackTraffic.Jbda, () => LeakCells.RunPlateau(bench.Value));
        yield return (LeakCells.Experiment, "all", () => LeakCells.Correlate(Leaks(bench, leaks, log)));
    }

    /// <summary>Copies are trained once: the file of leaks is resumed by itself.</summary>
    private static IReadOnlyList<LeakRow> Leaks(Lazy<DetectionBench> bench, string path, TextWriter log)
    {
        foreach (string attack in AttackTraffic.Names.Except(LeakRow.Read(path).Select(row => row.Attack)))
        {
            File.AppendAllLines(path, LeakCells.Run(bench.Value, attack).Select(row => row.ToString()));
            log.WriteLine($"{LeakCells.Experiment} {attack}");
        }

        return LeakRow.Read(path);
    }

    private static void Begin(string path, string header)
    {
        if (!File.Exists(path))
        {
            File.WriteAllLines(path, [header]);
        }
    }
}
