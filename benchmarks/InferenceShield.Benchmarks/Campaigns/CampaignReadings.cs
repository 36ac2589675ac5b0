using System.Diagnostics;
using System.Globalization;
using InferenceShield.Lab;
using InferenceShield.Tests;

namespace InferenceShield.Benchmarks.Campaigns;

/// <summary>What a run of the campaign worker takes, and what it finds, with made-up callers. Readings of one machine at one moment.</summary>
public static class CampaignReadings
{
    private const int Sybils = 400;
    private const long Minute = 60_000_000_000;

    /// <summary>Runs all readings.</summary>
    public static void Run(TextWriter output)
    {
        SyntheticCallers world = new();
        DetectionCalibration calibration = SyntheticCallers.Calibrate(world, 2_000, 1);
        ReadCohorts(output, world, calibration);
        SyntheticCallers alike = new(alike: true);
        ReadCohorts(output, alike, SyntheticCallers.Calibrate(alike, 2_000, 1));
        ReadQueries(output);
        ReadRun(output, world, calibration, 100_000, isFlood: false);
        ReadRun(output, world, calibration, 1_000_000, isFlood: false);
        ReadRun(output, world, calibration, 1_000_000, isFlood: true);
    }

    private static void ReadCohorts(TextWriter output, SyntheticCallers world, DetectionCalibration calibration)
    {
        const int Cohorts = 300;
        CallerWatchTable watches = new(64);
        for (int at = 0; at < LinkingBaseline.Queries.Length; at++)
        {
            int queries = LinkingBaseline.Queries[at];
            int alarms = 0;
            int[] sizes = [5, 10, 20, 40];
            int[] found = new int[sizes.Length];
            for (ulong cohort = 0; cohort < Cohorts; cohort++)
            {
                float[] honest = world.Honest(600, queries, 5_000 + cohort, (ulong)at);
                alarms += Find(calibration, watches, honest, [], queries) ? 1 : 0;
                for (int i = 0; i < sizes.Length && cohort < 50; i++)
                {
                    found[i] += Find(calibration, watches, honest, SyntheticCallers.Sybils(sizes[i], queries, 1.5, cohort), queries) ? 1 : 0;
                }
            }

            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"n = {queries}: {alarms} of {Cohorts} honest cohorts of 600 alarmed; cohorts with 5, 10, 20, 40 sybils found, of 50: {string.Join(' ', found)}; honest sizes {string.Join(' ', calibration.Linking!.Sizes[at])}"));
        }
    }

    private static bool Find(DetectionCalibration calibration, CallerWatchTable watches, float[] honest, float[] sybils, int queries)
    {
        CampaignWorker worker = new(1_024);
        SyntheticCallers.Note(worker, calibration, honest, queries, 0, 0);
        SyntheticCallers.Note(worker, calibration, sybils, queries, 1_000_000, 0);
        worker.Run(calibration, watches, Minute);
        return worker.Campaigns.Count > 0 && (sybils.Length == 0 || worker.Campaigns.Any(campaign => campaign.Callers.Contains(SyntheticCallers.Key(1_000_000))));
    }

    private static void ReadQueries(TextWriter output)
    {
        const int Queries = 1 << 16;
        CampaignWorker worker = new(1_024);
        CallerKey[] callers = [.. Enumerable.Range(0, 1_000).Select(SyntheticCallers.Key)];
        QuerySignals[] queries = new QuerySignals[Queries];
        SeededRandom random = new(3, 1);
        foreach (ref QuerySignals query in queries.AsSpan())
        {
            query.SimHash = random.NextUInt64();
            query.Exact = random.NextUInt64();
        }

        double best = double.PositiveInfinity;
        for (int round = 0; round < 30; round++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < Queries; i++)
            {
                worker.NoteQuery(callers[i % callers.Length], in queries[i], round * Minute);
            }

            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalNanoseconds / Queries);
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"NoteQuery: {best:0.0} ns a query, the best of 30 rounds"));
    }

    private static void ReadRun(TextWriter output, SyntheticCallers world, DetectionCalibration calibration, int callers, bool isFlood)
    {
        long before = GC.GetTotalMemory(forceFullCollection: true);
        CampaignWorker worker = new(callers);
        CallerWatchTable watches = new(64);
        foreach (int queries in LinkingBaseline.Queries)
        {
            for (int first = 0; first < callers; first += 50_000)
            {
                float[] means = isFlood ? SyntheticCallers.Sybils(50_000, queries, 1.5, 7) : world.Honest(50_000, queries, 9, (ulong)first);
                SyntheticCallers.Note(worker, calibration, means, queries, first, 0);
            }

            SyntheticCallers.Note(worker, calibration, SyntheticCallers.Sybils(Sybils, queries, 1.5, 8), queries, callers, 0);
        }

        double[] seconds = new double[3];
        for (int run = 0; run < seconds.Length; run++)
        {
            TimeSpan cpu = Environment.CpuUsage.TotalTime;
            worker.Run(calibration, watches, Minute);
            seconds[run] = (Environment.CpuUsage.TotalTime - cpu).TotalSeconds;
        }

        long memory = GC.GetTotalMemory(forceFullCollection: true) - before;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{callers} callers{(isFlood ? ", all of one campaign" : string.Empty)}: a run takes {string.Join(", ", seconds.Select(value => value.ToString("0.00", CultureInfo.InvariantCulture)))} s of processor; {memory >> 20} MB; campaigns: {string.Join(", ", worker.Campaigns.Select(campaign => $"{campaign.Size} (from {campaign.Threshold} on, n = {campaign.Queries})"))}"));
        GC.KeepAlive(worker);
    }
}
