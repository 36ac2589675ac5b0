using InferenceShield.Numerics;

namespace InferenceShield;

/// <content>Noticing who learns the model.</content>
public sealed partial class Shield
{
    private volatile Detector? _detector;

    /// <summary>Measures what was asked and answered, for detection: before Harden shapes the answer. A <c>ShieldedSession</c> does
    /// it by itself.</summary>
    /// <param name="admission">The admission of this query, by this shield.</param>
    /// <param name="inputs">The rows asked, one after another, as they go into the model; empty where the calibration sees no inputs.
    /// Not stored.</param>
    /// <param name="clean">The model's clean scores: row after row, <paramref name="classes"/> numbers each, of the output that the
    /// histories count (the first distribution).</param>
    /// <param name="classes">The numbers in a row.</param>
    /// <remarks>Once for each call. Without <see cref="DetectionOptions.CalibrationFile"/> it does nothing. Thread-safe; about a
    /// microsecond a row of 784 numbers; allocates nothing. Of a row with several answers (time steps) the first is measured.</remarks>
    /// <exception cref="InvalidOperationException">The query was not admitted by this shield.</exception>
    /// <exception cref="ArgumentException">The rows are not those that the calibration was made of; the message says which are.</exception>
    public void Observe(in Admission admission, ReadOnlySpan<float> inputs, ReadOnlySpan<float> clean, int classes)
    {
        ShieldPlan plan = CheckAdmission(in admission);
        if (plan.Detection is not { } calibration)
        {
            return;
        }

        int rows = admission.Rows;
        int answers = CheckObserved(calibration, rows, inputs, clean, classes);
        QuerySignals signals = default;
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<float> input = inputs.Slice(row * calibration.Profile.InputLength, calibration.Profile.InputLength);
            ulong exact = input.IsEmpty ? 0 : Digest(FloatCanonical.Bytes(input)).Low;
            calibration.Profile.Measure(input, clean.Slice(row * (answers / rows) * classes, classes), exact, ref signals);
            _detector?.Observe(calibration, admission.Caller, admission.Tenant, in signals, admission.Start);
        }
    }

    /// <summary>As <see cref="Observe(in Admission, ReadOnlySpan{float}, ReadOnlySpan{float}, int)"/>, for rows whose digests are known;
    /// keeps what was measured.</summary>
    /// <param name="admission">Of the call.</param>
    /// <param name="inputs">Its rows, if the calibration sees inputs.</param>
    /// <param name="digests">One a row.</param>
    /// <param name="clean">The clean scores.</param>
    /// <param name="classes">The numbers in a row.</param>
    /// <param name="measured">Gets what was measured, one a row.</param>
    internal void Observe(
        in Admission admission, ReadOnlySpan<float> inputs, ReadOnlySpan<InputDigest> digests, ReadOnlySpan<float> clean, int classes, Span<QuerySignals> measured)
    {
        DetectionCalibration calibration = admission.Plan!.Detection!;
        int rows = admission.Rows;
        int answers = CheckObserved(calibration, rows, inputs, clean, classes);
        int length = calibration.Profile.InputLength;
        for (int row = 0; row < rows; row++)
        {
            calibration.Profile.Measure(inputs.Slice(row * length, length), clean.Slice(row * (answers / rows) * classes, classes), digests[row].Low, ref measured[row]);
        }

        ObserveMeasured(in admission, measured[..rows]);
    }

    /// <summary>Takes in what was measured of the same inputs before: for answers that are released again.</summary>
    internal void ObserveMeasured(in Admission admission, ReadOnlySpan<QuerySignals> measured)
    {
        DetectionCalibration calibration = admission.Plan!.Detection!;
        foreach (ref readonly QuerySignals signals in measured)
        {
            _detector?.Observe(calibration, admission.Caller, admission.Tenant, in signals, admission.Start);
        }
    }

    /// <summary>Counts rows that were answered and could not be observed.</summary>
    internal void CountUnobserved(DetectionCalibration calibration, int rows) => _detector?.CountUnobserved(calibration, rows);

    /// <summary>What was noticed and done about it, for operators; <see langword="null"/> while there has been no calibration.</summary>
    public ShieldDetection? Detection => _detector?.Facade;

    /// <summary>What watches the callers; null as long as there was no calibration.</summary>
    internal Detector? Detector => _detector;

    /// <summary>The calibration in force; null without detection.</summary>
    internal DetectionCalibration? Calibration => _plan.Detection;

    /// <summary>The output that detection sees.</summary>
    internal int CountedOutput => _plan.CountedOutput;

    /// <summary>Begins to watch callers, once there is a calibration, and says which one is in force. Under the reload's lock.</summary>
    private void BeginDetection(ShieldPlan plan)
    {
        if (plan.Detection is not null && _detector is null)
        {
            DetectionRecorder? recorder = plan.Recording.RecordTo is { } path
                ? new DetectionRecorder(path, _keys.Detection, plan.Detection.Profile.Id, plan.Recording.RecordShare, plan.Recording.RecordBytes, _timeProvider, _logger)
                : null;
            _detector = new Detector(
                Name, plan.WatchedCallers, plan.TenantCapacity, _admission, () => _plan, Events, _keys.PostureDelays, _timeProvider, _logger, _containment, recorder, CountHardened);
            OdometerOf = _detector.OdometerOf;
        }

        if (plan.Detection is { } calibration)
        {
            ShieldLog.CalibrationInForce(_logger, Name, calibration.Callers, calibration.IsAdvisory, plan.PostureRules.Mode, _detector!.IsRecording);
        }
    }

    private long CountHardened()
    {
        ShieldStatistics statistics = GetStatistics();
        return statistics.Hardened + statistics.WouldBeHardened;
    }

    /// <summary>What is wrong with rows that were not measured as the calibration's.</summary>
    /// <returns>The answers.</returns>
    private int CheckObserved(DetectionCalibration calibration, int rows, ReadOnlySpan<float> inputs, ReadOnlySpan<float> clean, int classes)
    {
        DetectionProfile profile = calibration.Profile;
        if (classes != profile.ScoreLength || clean.Length == 0 || clean.Length % (rows * classes) != 0)
        {
            throw new ArgumentException(
                $"{clean.Length} scores of {classes} classes do not fit {rows} rows of {profile.ScoreLength} classes, of which the calibration of shield '{Name}' was made. Pass what the model answered, or calibrate anew.", nameof(clean));
        }

        return inputs.Length == (long)rows * profile.InputLength
            ? clean.Length / classes
            : throw new ArgumentException(
                $"{inputs.Length} numbers are not {rows} rows of {profile.InputLength}, of which the calibration of shield '{Name}' was made. Pass the rows as they go into the model, or calibrate anew.", nameof(inputs));
    }
}
