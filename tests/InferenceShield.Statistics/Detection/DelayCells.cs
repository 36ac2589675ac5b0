using InferenceShield.Lab;

namespace InferenceShield.Statistics.Detection;

/// <summary>How many queries a thief gets before the alarm, pure, padded, by a ramp, and after an honest start.</summary>
internal static class DelayCells
{
    public const string Experiment = "delay";
    public const string Components = "component";
    public const string Ramp = "ramp";

    public static readonly string[] Paddings = ["0", "50", "80", "95", Ramp, "after"];

    private static readonly (string Name, DetectionFamily Family, DetectionLevel Level)[] s_verdicts =
    [
        (FalseAlarmCells.Full, DetectionFamily.Full, DetectionLevel.Promise),
        (FalseAlarmCells.FullStrict, DetectionFamily.Full, DetectionLevel.Strict),
        (FalseAlarmCells.Output, DetectionFamily.Output, DetectionLevel.Promise),
    ];

    public static string NameOf(DetectionStatistic statistic) => statistic switch
    {
        DetectionStatistic.Cumulative => "cumulative",
        DetectionStatistic.Recent32 => "recent 32",
        DetectionStatistic.Recent256 => "recent 256",
        DetectionStatistic.NearDuplicates => "near-duplicates",
        DetectionStatistic.Outliers => "outliers",
        DetectionStatistic.TrainedOutliers => "trained outliers",
        DetectionStatistic.OutputCumulative => "output cumulative",
        DetectionStatistic.OutputRecent32 => "output recent 32",
        DetectionStatistic.OutputRecent256 => "output recent 256",
        _ => "cold start",
    };

    public static IEnumerable<DetectionRow> Run(DetectionBench bench, string attack)
    {
        QuerySignals[][] streams = bench.Streams(attack);
        foreach (string padding in Paddings)
        {
            CallerOutcome[] outcomes = new CallerOutcome[streams.Length];
            Parallel.For(0, streams.Length, stream => outcomes[stream] = CallerOutcome.Of(bench.Calibration, Pad(bench, streams[stream], padding, stream)));
            int before = padding == "after" ? bench.Scale.Honest : 0;
            foreach ((string name, DetectionFamily family, DetectionLevel level) in s_verdicts)
            {
                // Who is alarmed before he turns thief says nothing of the delay.
                double[] times = [.. outcomes.Select(outcome => outcome.AlarmOf(family, level) - before).Where(time => time > 0)];
                yield return DetectionRow.OfTimes(Experiment, attack, padding == "after" ? $"after {before}" : padding, name, times);
            }
        }
    }

    /// <summary>Each statistic alone, at 1 % of honest callers.</summary>
    public static IEnumerable<DetectionRow> RunComponents(DetectionBench bench, string attack)
    {
        QuerySignals[][] streams = bench.Streams(attack);
        double[][] times = new double[streams.Length][];
        Parallel.For(0, streams.Length, stream => times[stream] = Times(bench, streams[stream]));
        for (int statistic = 0; statistic < DetectionThresholds.Statistics; statistic++)
        {
            int place = statistic;
            yield return DetectionRow.OfTimes(Components, attack, "0", NameOf((DetectionStatistic)place), [.. times.Select(all => all[place])]);
        }
    }

    private static QuerySignals[] Pad(DetectionBench bench, QuerySignals[] stream, string padding, int number)
    {
        QuerySignals[] cover = bench.Covers[number];
        ulong seed = (ulong)number;
        return padding switch
        {
            "0" => stream,
            Ramp => TrafficSchedule.Ramp<QuerySignals>(stream, cover, bench.Scale.Queries, seed),
            "after" => TrafficSchedule.Switch<QuerySignals>(stream, cover, bench.Scale.Honest),
            _ => TrafficSchedule.Pad<QuerySignals>(stream, cover, int.Parse(padding, System.Globalization.CultureInfo.InvariantCulture) / 100.0, bench.Scale.Queries, seed),
        };
    }

    private static double[] Times(DetectionBench bench, QuerySignals[] stream)
    {
        double[] times = new double[DetectionThresholds.Statistics];
        times.AsSpan().Fill(double.PositiveInfinity);
        CallerMonitor monitor = new(bench.Calibration);
        for (int query = 0; query < stream.Length; query++)
        {
            monitor.Observe(in stream[query]);
            for (int statistic = 0; statistic < times.Length; statistic++)
            {
                if (CallerUpdate.Maximum(in monitor.Watch, (DetectionStatistic)statistic) > bench.ComponentThresholds[statistic])
                {
                    times[statistic] = Math.Min(times[statistic], query + 1);
                }
            }
        }

        return times;
    }
}
