using System.Globalization;
using InferenceShield.Numerics;
using Microsoft.Extensions.Logging;

namespace InferenceShield;

/// <summary>What a shield knows of its callers' queries, and what follows from it, taken together. Thread-safe; a query allocates
/// nothing on its way through.</summary>
internal sealed class Detector : IDisposable
{
    /// <summary>Rows that are hardened before it is said that none of them was observed.</summary>
    private const int SilentRows = 1_000;

    private static readonly TimeSpan s_containmentPatience = TimeSpan.FromSeconds(10);

    private readonly string _model;
    private readonly Func<ShieldPlan> _plan;
    private readonly ShieldEventHub _events;
    private readonly TimeProvider _time;
    private readonly ShieldClock _clock;
    private readonly DetectionRecorder? _recorder;
    private readonly ContainmentRunner? _containment;
    private readonly DetectionTimer _timer;
    private readonly StripedCounter _observed = new();
    private readonly StripedCounter _unobserved = new();
    private readonly Func<long> _hardened;
    private readonly long _hardenedBefore;
    private readonly ILogger _logger;
    private int _misfit; // the stamp of a calibration that was not made of the model's rows
    private int _warned; // the stamp of the calibration about which a warning was logged

    /// <param name="model">The shield's name.</param>
    /// <param name="callers">That are watched at the same time.</param>
    /// <param name="tenants">Whose odometers are kept.</param>
    /// <param name="admission">Where postures are set.</param>
    /// <param name="plan">In force.</param>
    /// <param name="events">Takes what happened.</param>
    /// <param name="delayKey">Of the delays before a posture changes.</param>
    /// <param name="time">The shield's.</param>
    /// <param name="logger">For work that fails.</param>
    /// <param name="containment">The host's hooks; null for none.</param>
    /// <param name="recorder">Writes what is measured to a log; null for none.</param>
    /// <param name="hardened">Rows that the shield has hardened so far, or would have.</param>
    public Detector(
        string model, int callers, int tenants, AdmissionControl admission, Func<ShieldPlan> plan, ShieldEventHub events, SipHashKey delayKey, TimeProvider time, ILogger logger,
        IShieldContainment? containment, DetectionRecorder? recorder, Func<long> hardened)
    {
        _model = model;
        _plan = plan;
        _events = events;
        _time = time;
        _clock = ShieldClock.Of(time);
        _recorder = recorder;
        _logger = logger;
        _hardened = hardened;
        _hardenedBefore = hardened();
        _containment = containment is null ? null : new ContainmentRunner(containment, model, logger, s_containmentPatience);
        Watches = new CallerWatchTable(callers);
        Tenants = new TenantOdometers(tenants);
        Postures = new PostureEngine(
            model, admission, () => plan().PostureRules, () => plan().Detection, Watches, Tenants, delayKey, time, events.Publish, _containment);
        Campaigns = new CampaignWorker(callers, Postures.NoticeCampaign);
        Facade = new ShieldDetection(Postures, Watches, this);
        _timer = new DetectionTimer(time, model, EachSecond, EachMinute, logger);
    }

    /// <summary>What operators see of it.</summary>
    public ShieldDetection Facade { get; }

    public DetectionCalibration? Calibration => _plan().Detection;

    public OdometerCurve? Curve => _plan().Curve;

    public CallerWatchTable Watches { get; }

    public TenantOdometers Tenants { get; }

    public CampaignWorker Campaigns { get; }

    public PostureEngine Postures { get; }

    public DriftWatch Drift { get; } = new();

    /// <summary>Queries taken in.</summary>
    public long Observed => _observed.Sum;

    /// <summary>Queries answered that could not be measured, because the model is not the calibration's.</summary>
    public long Unobserved => _unobserved.Sum;

    public DetectionTimer Timer => _timer;

    public void Observe(DetectionCalibration calibration, CallerKey caller, CallerKey tenant, in QuerySignals signals, long now)
    {
        _observed.Increment();
        if (_recorder is { } recorder && recorder.Profile == calibration.Profile.Id)
        {
            recorder.Record(caller, now, in signals);
        }

        bool alarmed = false;
        if (Watches.TryEnter(caller, now, out int slot))
        {
            try
            {
                ref CallerWatch watch = ref Watches[slot];
                if (watch.Stamp > calibration.Stamp)
                {
                    return; // admitted before a reload: statistics that have begun anew must not go back to the old ones
                }

                watch.Tenant = tenant;
                alarmed = CallerUpdate.Apply(calibration, ref watch, in signals, now);
                if (watch.Queries is 11 or 45 or 181)
                {
                    NoteMean(calibration, caller, tenant, in watch, now);
                }
            }
            finally
            {
                Watches.Exit(slot);
            }
        }

        // Also of what the caller's own statistics leave out.
        if (!tenant.IsEmpty)
        {
            Tenants.Visit(calibration, tenant, calibration.Cells.CellOf(signals.Label, signals.SimHash));
        }

        Campaigns.NoteQuery(caller, in signals, now);
        if (alarmed)
        {
            Postures.Notice(caller);
        }
    }

    /// <summary>Counts rows that were answered and are not those that the calibration was made of.</summary>
    public void CountUnobserved(DetectionCalibration calibration, int rows)
    {
        _unobserved.Add(rows);
        if (Volatile.Read(ref _misfit) != calibration.Stamp)
        {
            Volatile.Write(ref _misfit, calibration.Stamp);
        }
    }

    /// <summary>Why a shield that is to notice thieves sees nothing; null if it does, or is not to, or has answered too little to say.</summary>
    public string? FindSilence()
    {
        if (Calibration is not { } calibration)
        {
            return null;
        }

        if (Volatile.Read(ref _misfit) == calibration.Stamp)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"Shield '{_model}': the calibration of Detection:CalibrationFile is not of this model's rows; {Unobserved:N0} queries were answered and not observed. Calibrate with this model's inputs and answers.");
        }

        long rows = _hardened() - _hardenedBefore;
        return Observed == 0 && rows >= SilentRows
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"Shield '{_model}': Detection:CalibrationFile is set, {rows:N0} rows were hardened and none was observed, so nobody is noticed. Call Shield.Observe before Harden; a ShieldedSession does.")
            : null;
    }

    public void Dispose()
    {
        _timer.Dispose();
        _containment?.Dispose();
        _recorder?.Dispose();
    }

    /// <summary>A caller's leak odometer; 0 if it is not watched.</summary>
    public double OdometerOf(CallerKey caller)
    {
        if (!Watches.TryEnterExisting(caller, out int slot))
        {
            return 0;
        }

        double odometer = Watches[slot].Odometer;
        Watches.Exit(slot);
        return odometer;
    }

    public CrossCallerSignals MeasureAcross() => Campaigns.Measure(_clock.Now);

    public DriftReport? MeasureDrift() => Calibration is { IsColdStart: false } calibration ? Drift.Read(calibration) : null;

    public (long Recorded, long Dropped) Recording => _recorder is null ? default : (_recorder.Recorded, _recorder.Dropped);

    /// <summary>Whether queries under the calibration in force go into a log.</summary>
    public bool IsRecording => _recorder is { HasEnded: false } recorder && recorder.Profile == Calibration?.Profile.Id;

    /// <summary>Whether recording has ended before its time.</summary>
    public bool HasRecordingEnded => _recorder is { HasEnded: true };

    private void EachSecond(long now)
    {
        Postures.Tick(now);
        if (Calibration is { } calibration && _warned != calibration.Stamp && FindSilence() is { } silence)
        {
            _warned = calibration.Stamp;
            ShieldLog.NothingObserved(_logger, silence);
        }
    }

    private void EachMinute(long now)
    {
        if (Calibration is not { } calibration)
        {
            return;
        }

        Campaigns.Run(calibration, Watches, now);
        DriftReport drift = Drift.Read(calibration);
        if (drift.IsDrift)
        {
            _events.Publish(new ShieldEvent
            {
                Kind = ShieldEventKind.Drift,
                Model = _model,
                At = _time.GetUtcNow(),
                Reason = $"Live callers differ from those of the calibration: {string.Join("; ", drift.Reasons)}. Calibrate anew if these are honest.",
            });
        }
    }

    private void NoteMean(DetectionCalibration calibration, CallerKey caller, CallerKey tenant, in CallerWatch watch, long now)
    {
        Span<float> mean = stackalloc float[QuerySignals.VectorLength];
        CallerUpdate.MeanVector(in watch, mean);
        Campaigns.Note(calibration, caller, tenant, watch.Queries, mean, now);
        if (watch.Queries == 45)
        {
            Drift.Note(calibration, mean);
        }
    }
}
