namespace InferenceShield;

/// <summary>Fits a calibration to honest callers' histories: detection.md 2.3.</summary>
internal static class CalibrationFit
{
    /// <summary>Fits tables and baselines on half of the callers, thresholds on the other half.</summary>
    /// <param name="profile">By which the queries were measured.</param>
    /// <param name="callers">Honest ones.</param>
    /// <param name="proxies">What was measured of synthetic proxies of benign inputs, to train J3; empty for none.</param>
    /// <param name="seed">Which callers fall into which half.</param>
    public static DetectionCalibration Fit(DetectionProfile profile, IReadOnlyList<CallerHistory> callers, ReadOnlySpan<QuerySignals> proxies, ulong seed) =>
        throw new NotImplementedException();

    /// <summary>A calibration without callers: tables of benign queries, for the cold start and the odometer.</summary>
    public static DetectionCalibration FitRows(DetectionProfile profile, ReadOnlySpan<QuerySignals> benign, ReadOnlySpan<QuerySignals> proxies) =>
        throw new NotImplementedException();
}
