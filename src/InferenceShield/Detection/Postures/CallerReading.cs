namespace InferenceShield;

/// <summary>What was known of a caller at one moment.</summary>
/// <param name="Epoch">The caller's.</param>
/// <param name="Queries">In this epoch.</param>
/// <param name="Tenant">Of its latest query; empty if none.</param>
/// <param name="Odometer">Benign mass of the cells visited, 0 to 1.</param>
/// <param name="Verdicts">Its alarms.</param>
internal readonly record struct CallerReading(int Epoch, int Queries, CallerKey Tenant, double Odometer, DetectionVerdict[] Verdicts)
{
    public static CallerReading Of(DetectionCalibration calibration, in CallerWatch watch) =>
        new(watch.Epoch, watch.Queries, watch.Tenant, watch.Odometer, CallerUpdate.Verdicts(calibration, in watch));
}
