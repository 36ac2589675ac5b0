namespace InferenceShield;

/// <summary>Detection for one caller outside of a shield: for batch analysis of logs, experiments and tests.</summary>
/// <remarks>Not thread-safe. A shield does the same for all its callers by itself.</remarks>
public sealed class CallerMonitor
{
    private readonly DetectionCalibration _calibration;
    private CallerWatch _watch;

    /// <summary>Starts with no queries.</summary>
    /// <param name="calibration">Against which.</param>
    public CallerMonitor(DetectionCalibration calibration)
    {
        ArgumentNullException.ThrowIfNull(calibration);
        _calibration = calibration;
    }

    /// <summary>Queries seen in this epoch.</summary>
    public long Queries => _watch.Queries;

    /// <summary>Benign mass of the cells visited, 0 to 1: the leak odometer.</summary>
    public double Odometer => _watch.Odometer;

    /// <summary>The alarms so far.</summary>
    public IReadOnlyList<DetectionVerdict> Verdicts => CallerUpdate.Verdicts(_calibration, in _watch);

    /// <summary>What a dashboard shows of the caller besides its alarms.</summary>
    public CallerPlainSignals PlainSignals => CallerUpdate.PlainSignals(_calibration, in _watch);

    internal ref CallerWatch Watch => ref _watch;

    /// <summary>Takes one query.</summary>
    internal bool Observe(in QuerySignals signals, long now = 0) => CallerUpdate.Apply(_calibration, ref _watch, in signals, now);
}
