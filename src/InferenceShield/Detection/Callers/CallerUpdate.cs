namespace InferenceShield;

/// <summary>Takes one query into a caller's statistics. The only place where they change.</summary>
internal static class CallerUpdate
{
    /// <summary>Updates all statistics, their lifetime maxima, and the alarms.</summary>
    /// <param name="calibration">Against which.</param>
    /// <param name="watch">The caller's state, for this thread alone.</param>
    /// <param name="signals">The query.</param>
    /// <param name="now">Nanoseconds of the shield's clock; may go backwards.</param>
    /// <returns>Whether an alarm was raised by this query.</returns>
    public static bool Apply(DetectionCalibration calibration, ref CallerWatch watch, in QuerySignals signals, long now) => throw new NotImplementedException();

    /// <summary>The largest value of a statistic in this epoch.</summary>
    public static float Maximum(in CallerWatch watch, DetectionStatistic statistic) => throw new NotImplementedException();

    /// <summary>The alarms raised so far, the first of each family and level.</summary>
    public static DetectionVerdict[] Verdicts(DetectionCalibration calibration, in CallerWatch watch) => throw new NotImplementedException();

    /// <summary>The mean of v over the epoch's queries: 24 numbers, for linking callers.</summary>
    public static void MeanVector(in CallerWatch watch, Span<float> mean) => throw new NotImplementedException();
}
