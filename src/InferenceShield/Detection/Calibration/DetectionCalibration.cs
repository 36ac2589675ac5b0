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

    /// <summary>Whether there are no callers in it: only the cold start and the odometer work.</summary>
    public bool IsColdStart => Callers == 0;

    /// <summary>Whether the callers are too few to promise anything.</summary>
    public bool IsAdvisory => Callers < FewestCallers;

    /// <summary>Fits a calibration to a log of honest callers.</summary>
    /// <param name="profile">By which the queries of the log were measured: that of the calibration in force while it was recorded.</param>
    /// <param name="log">What a shield recorded.</param>
    /// <param name="seed">Which half of the callers tables are fitted to; thresholds come of the other half.</param>
    /// <remarks>Some seconds for a million queries. Outliers are judged by distance only: what recognises synthetic proxies of attacks needs
    /// inputs, of which a log has none.</remarks>
    /// <param name="leaveOut">Pseudonyms of callers that are no honest ones; see <see cref="Review"/>. Null for none.</param>
    /// <exception cref="DetectionFileException">The log is of another profile, or has too few callers.</exception>
    /// <exception cref="ArgumentException">A pseudonym that is not in the log.</exception>
    public static DetectionCalibration Fit(DetectionProfile profile, DetectionLogReader log, ulong seed = 0, IReadOnlySet<ulong>? leaveOut = null) =>
        CalibrationFit.Fit(profile, CallersOf(profile, log, leaveOut), [], seed);

    /// <summary>Names the callers of a log that are to be looked at before it is trusted.</summary>
    /// <param name="profile">As for <see cref="Fit"/>.</param>
    /// <param name="log">What a shield recorded.</param>
    /// <param name="seed">As for <see cref="Fit"/>.</param>
    /// <param name="leaveOut">Those that are left out already; null for none.</param>
    /// <remarks>Leave out those that are known to be attackers, not all that are listed: a calibration without its oddest honest callers
    /// alarms more of them than it promises. Costs as much as a fit.</remarks>
    /// <exception cref="DetectionFileException">The log is of another profile, or has too few callers.</exception>
    /// <exception cref="ArgumentException">A pseudonym that is not in the log.</exception>
    public static DetectionReview Review(DetectionProfile profile, DetectionLogReader log, ulong seed = 0, IReadOnlySet<ulong>? leaveOut = null) =>
        ReviewFit.Review(profile, CallersOf(profile, log, leaveOut), [], seed);

    /// <summary>A calibration without callers, to record honest ones under (<see cref="DetectionOptions.RecordTo"/>): the cold start and the odometer work.</summary>
    /// <param name="profile">How queries are measured.</param>
    /// <param name="inputs">Benign rows, one after another; those that the profile was learned of will do. Empty where it sees no inputs.</param>
    /// <param name="scores">The model's clean scores, one row for each input.</param>
    /// <remarks>About a microsecond a row of 784 numbers, and 88 bytes of memory.</remarks>
    /// <exception cref="ArgumentException">There are no rows, or they are not those of the profile; the message says which are.</exception>
    public static DetectionCalibration FromRows(DetectionProfile profile, ReadOnlySpan<float> inputs, ReadOnlySpan<float> scores)
    {
        ArgumentNullException.ThrowIfNull(profile);
        int rows = scores.Length / profile.ScoreLength;
        if (rows == 0 || scores.Length % profile.ScoreLength != 0 || inputs.Length != (long)rows * profile.InputLength)
        {
            throw new ArgumentException(
                $"{inputs.Length} numbers of input and {scores.Length} scores are not rows of {profile.InputLength} and {profile.ScoreLength}, of which the profile was learned. Pass one row of each for every query.", nameof(scores));
        }

        QuerySignals[] measured = new QuerySignals[rows];
        for (int row = 0; row < rows; row++)
        {
            profile.Measure(inputs.Slice(row * profile.InputLength, profile.InputLength), scores.Slice(row * profile.ScoreLength, profile.ScoreLength), exact: 0, ref measured[row]);
        }

        return CalibrationFit.FitRows(profile, measured, proxies: []);
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="model">The model it has to be for.</param>
    /// <param name="secret">The secret it has to be authenticated under.</param>
    /// <exception cref="DetectionFileException">Refused; says why.</exception>
    public static DetectionCalibration Load(ReadOnlySpan<byte> file, string model, ShieldSecret secret)
    {
        ArgumentException.ThrowIfNullOrEmpty(model);
        ArgumentNullException.ThrowIfNull(secret);
        using DetectionKey key = DetectionKey.Of(secret, model);
        return CalibrationFile.Read(file, key);
    }

    /// <summary>Writes the calibration as a file. The format is documented in docs/detection-log.md.</summary>
    /// <param name="stream">Written once, not flushed.</param>
    /// <param name="model">The model it is for, as its profile was learned: 1 to 256 bytes in UTF-8.</param>
    /// <param name="secret">That of the profile. Authenticates the file, so that nobody without it can plant one.</param>
    public void Save(Stream stream, string model, ShieldSecret secret)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentException.ThrowIfNullOrEmpty(model);
        ArgumentNullException.ThrowIfNull(secret);
        using DetectionKey key = DetectionKey.Of(secret, model);
        stream.Write(CalibrationFile.Write(this, key));
    }

    private static CallerHistory[] CallersOf(DetectionProfile profile, DetectionLogReader log, IReadOnlySet<ulong>? leaveOut)
    {
        ArgumentNullException.ThrowIfNull(profile);
        ArgumentNullException.ThrowIfNull(log);
        log.RequireProfile(profile.Id);
        return log.ReadCallers(leaveOut);
    }

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
