namespace InferenceShield.Statistics.Detection;

/// <summary>When a caller was alarmed, if ever, and what it had by then.</summary>
/// <param name="Full">Its query at which the Full family alarmed at 1 %; null for never.</param>
/// <param name="Output">The same of the Output family.</param>
/// <param name="Strict">The same of the Full family at .1 %.</param>
/// <param name="Statistic">What alarmed first of the Full family.</param>
/// <param name="Odometer">Benign mass of the cells visited in the end.</param>
internal readonly record struct WatchedStream(int? Full, int? Output, int? Strict, DetectionStatistic? Statistic, double Odometer)
{
    /// <summary>Watches one caller's queries.</summary>
    public static WatchedStream Watch(DetectionCalibration calibration, ReadOnlySpan<QuerySignals> queries)
    {
        CallerMonitor monitor = new(calibration);
        int? full = null;
        int? output = null;
        int? strict = null;
        DetectionStatistic? statistic = null;
        for (int i = 0; i < queries.Length; i++)
        {
            if (!monitor.Observe(in queries[i]))
            {
                continue;
            }

            foreach (DetectionVerdict verdict in monitor.Verdicts)
            {
                switch (verdict.Family, verdict.Level)
                {
                    case (DetectionFamily.Full, DetectionLevel.Promise):
                        statistic ??= verdict.Statistic;
                        full ??= i + 1;
                        break;
                    case (DetectionFamily.Full, DetectionLevel.Strict):
                        strict ??= i + 1;
                        break;
                    case (DetectionFamily.Output, DetectionLevel.Promise):
                        output ??= i + 1;
                        break;
                }
            }
        }

        return new WatchedStream(full, output, strict, statistic, monitor.Odometer);
    }

    /// <summary>A caller's queries until the odometer passes a limit; null if it never does.</summary>
    public static int? Spend(DetectionCalibration calibration, ReadOnlySpan<QuerySignals> queries, double limit)
    {
        CallerMonitor monitor = new(calibration);
        for (int i = 0; i < queries.Length; i++)
        {
            monitor.Observe(in queries[i]);
            if (monitor.Odometer >= limit)
            {
                return i + 1;
            }
        }

        return null;
    }
}
