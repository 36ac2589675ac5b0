using InferenceShield.Lab;

namespace InferenceShield.Statistics.Detection;

/// <summary>How many keys one thief may share his queries among before the keys are seen to belong together.</summary>
internal static class LinkingCells
{
    public const string Experiment = "linking";
    public const string Honest = "honest";
    public const string Smallest = "smallest group";

    /// <summary>Share of cohorts in which a group must be found.</summary>
    private const double Found = 0.9;
    private const int Queries = CallerOutcome.LinkingQueries;
    private static readonly int s_at = LinkingBaseline.Queries.IndexOf(Queries);
    private static readonly int[] s_sybils = [5, 10, 20, 40];

    /// <summary>Groups among honest callers alone.</summary>
    public static IEnumerable<DetectionRow> RunHonest(DetectionBench bench)
    {
        int hits = Count(bench, trial => [], sybils: 0);
        yield return DetectionRow.OfShare(Experiment, Honest, "0", "group", hits, bench.Scale.Trials);
    }

    /// <summary>A thief's whole stream in turns over as many keys as get 45 queries each; some of these keys among honest callers.</summary>
    public static IEnumerable<DetectionRow> Run(DetectionBench bench, string attack)
    {
        float[][][] keys = [.. bench.Streams(attack).Select(stream => Keys(bench.Calibration, stream))];
        double smallest = double.PositiveInfinity;
        foreach (int sybils in s_sybils.Where(sybils => sybils <= keys[0].Length))
        {
            int hits = Count(bench, trial =>
            {
                SeededRandom random = new((ulong)trial, stream: 82);
                float[][] all = keys[trial % keys.Length];
                return [.. random.Choose(all.Length, sybils).Select(key => all[key])];
            }, sybils);
            DetectionRow row = DetectionRow.OfShare(Experiment, attack, $"{sybils}", "group", hits, bench.Scale.Trials);
            smallest = row.Share >= Found ? Math.Min(smallest, sybils) : smallest;
            yield return row;
        }

        yield return DetectionRow.OfFigure(Experiment, attack, "0", Smallest, bench.Scale.Trials, smallest);
    }

    /// <summary>Cohorts in which a group is found; where there are sybils, one of them in it.</summary>
    private static int Count(DetectionBench bench, Func<int, float[][]> draw, int sybils)
    {
        LinkingBaseline linking = bench.Calibration.Linking!;
        LinkingSpace space = new(linking.Vectors[s_at]!, linking.Spreads[s_at]);
        CallerOutcome[] honest = bench.Honest;
        int hits = 0;
        Parallel.For(0, bench.Scale.Trials, trial =>
        {
            SeededRandom random = new((ulong)trial, stream: 81);
            float[][] means = [.. draw(trial), .. random.Choose(honest.Length, bench.Scale.Cohort).Select(caller => honest[caller].LinkingMean)];
            List<float> directions = [];
            float[] direction = new float[LinkingSpace.Dimension];
            int thieves = 0;
            for (int caller = 0; caller < means.Length; caller++)
            {
                if (space.Direct(means[caller], direction) > linking.Lengths[s_at])
                {
                    directions.AddRange(direction);
                    thieves += caller < sybils ? 1 : 0;
                }
            }

            List<int[]> groups = new CallerClusters().Find(
                directions.ToArray(), directions.Count / LinkingSpace.Dimension, LinkingBaseline.Cosines[s_at], linking.SizeOf(s_at, means.Length));
            if (groups.Any(group => sybils == 0 || group[0] < thieves))
            {
                Interlocked.Increment(ref hits);
            }
        });
        return hits;
    }

    private static float[][] Keys(DetectionCalibration calibration, QuerySignals[] stream)
    {
        int count = stream.Length / Queries;
        return [.. Enumerable.Range(0, count).Select(key =>
        {
            CallerMonitor monitor = new(calibration);
            for (int query = 0; query < Queries; query++)
            {
                monitor.Observe(in stream[(query * count) + key]);
            }

            float[] mean = new float[QuerySignals.VectorLength];
            CallerUpdate.MeanVector(in monitor.Watch, mean);
            return mean;
        })];
    }
}
