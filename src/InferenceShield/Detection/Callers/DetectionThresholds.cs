namespace InferenceShield;

/// <summary>Thresholds of the statistics' lifetime maxima, by family and level. Immutable, thread-safe.</summary>
internal sealed class DetectionThresholds
{
    /// <summary>The statistics that are calibrated by callers: all but <see cref="DetectionStatistic.ColdStart"/>.</summary>
    public const int Statistics = 9;

    /// <summary>[family][level][statistic]; +infinity where a family does not use a statistic.</summary>
    public required float[] Values { get; init; }

    /// <summary>[family][level]: what is promised; NaN where the callers were too few to promise it.</summary>
    public required double[] Promises { get; init; }

    /// <summary>[family][level]: whether a threshold of it was extrapolated.</summary>
    public required bool[] Extrapolated { get; init; }

    public float this[DetectionFamily family, DetectionLevel level, DetectionStatistic statistic] =>
        Values[(((((int)family) * 2) + (int)level) * Statistics) + (int)statistic];
}
