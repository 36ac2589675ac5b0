using InferenceShield.Lab;

namespace InferenceShield.Statistics.Detection;

/// <summary>What came of one caller's life.</summary>
internal sealed record CallerOutcome
{
    /// <summary>Queries at which the odometer of honest callers is read.</summary>
    public static readonly int[] OdometerQueries = [100, 500, 1_000, 2_000];

    /// <summary>Queries at which callers are linked.</summary>
    public const int LinkingQueries = 45;

    /// <summary>By family and level: queries to the first alarm, infinite for never.</summary>
    public required double[] Alarms { get; init; }

    /// <summary>By statistic: its lifetime maximum.</summary>
    public required float[] Maxima { get; init; }

    /// <summary>The odometer at <see cref="OdometerQueries"/>; NaN where the life was shorter.</summary>
    public required double[] Odometer { get; init; }

    /// <summary>The mean of v over the first <see cref="LinkingQueries"/>; of no use for shorter lives.</summary>
    public required float[] LinkingMean { get; init; }

    public double AlarmOf(DetectionFamily family, DetectionLevel level) => Alarms[((int)family * 2) + (int)level];

    /// <summary>Queries to the first alarm of the answers' own statistics, near-duplicates aside.</summary>
    public bool PassesOfAnswersAlone(DetectionThresholds thresholds, DetectionLevel level) =>
        Enumerable.Range((int)DetectionStatistic.OutputCumulative, 3).Any(statistic => Maxima[statistic] > thresholds[DetectionFamily.Output, level, (DetectionStatistic)statistic]);

    public static CallerOutcome Of(DetectionCalibration calibration, ReadOnlySpan<QuerySignals> life)
    {
        CallerMonitor monitor = new(calibration);
        double[] odometer = new double[OdometerQueries.Length];
        odometer.AsSpan().Fill(double.NaN);
        float[] mean = new float[QuerySignals.VectorLength];
        for (int query = 0; query < life.Length; query++)
        {
            monitor.Observe(in life[query]);
            int at = Array.IndexOf(OdometerQueries, query + 1);
            if (at >= 0)
            {
                odometer[at] = monitor.Odometer;
            }

            if (query + 1 == LinkingQueries)
            {
                CallerUpdate.MeanVector(in monitor.Watch, mean);
            }
        }

        double[] alarms = new double[4];
        alarms.AsSpan().Fill(double.PositiveInfinity);
        foreach (DetectionVerdict verdict in monitor.Verdicts)
        {
            alarms[((int)verdict.Family * 2) + (int)verdict.Level] = verdict.Queries;
        }

        CallerWatch watch = monitor.Watch;
        return new CallerOutcome
        {
            Alarms = alarms,
            Maxima = [.. Enumerable.Range(0, DetectionThresholds.Statistics).Select(statistic => CallerUpdate.Maximum(in watch, (DetectionStatistic)statistic))],
            Odometer = odometer,
            LinkingMean = mean,
        };
    }
}
