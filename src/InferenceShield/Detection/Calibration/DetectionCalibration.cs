namespace InferenceShield;

/// <summary>What honest traffic of a model looks like, and from where on a caller's differs from it. Immutable, thread-safe.</summary>
/// <remarks>From a <see cref="DetectionProfile"/> alone (no callers) only the cold start and the odometer work; from a log of honest
/// callers, all statistics; below 250 callers they are advisory.</remarks>
public sealed class DetectionCalibration
{
    /// <summary>Callers in a calibration below which nothing is promised.</summary>
    public const int FewestCallers = 250;

    private static int s_stamp;

    internal DetectionCalibration(
        DetectionProfile profile, int callers, SignalTables tables, OutlierModel? outliers, CallerBaseline? baseline, DetectionThresholds? thresholds, OdometerCells cells, LinkingBaseline? linking, PlainBaseline plain)
    {
        Profile = profile;
        Callers = callers;
        Tables = tables;
        Outliers = outliers;
        Baseline = baseline;
        Thresholds = thresholds;
        Cells = cells;
        Linking = linking;
        Plain = plain;
    }

    /// <summary>How queries are measured.</summary>
    public DetectionProfile Profile { get; }

    /// <summary>Honest callers whose log was used; 0 for a cold start.</summary>
    public int Callers { get; }

    /// <summary>Whether the callers are too few to promise anything.</summary>
    public bool IsAdvisory => Callers < FewestCallers;

    /// <summary>Tells calibrations in one process apart, for states that were built up under another one.</summary>
    internal int Stamp { get; } = Interlocked.Increment(ref s_stamp);

    internal SignalTables Tables { get; }

    internal OutlierModel? Outliers { get; }

    internal CallerBaseline? Baseline { get; }

    internal DetectionThresholds? Thresholds { get; }

    internal OdometerCells Cells { get; }

    /// <summary>For linking callers; null without callers.</summary>
    internal LinkingBaseline? Linking { get; }

    /// <summary>Honest traffic as a whole: for plain signals, and what drift is measured against.</summary>
    internal PlainBaseline Plain { get; }
}
