using InferenceShield.Numerics;
using Microsoft.Extensions.Logging;

namespace InferenceShield;

/// <summary>What a shield knows of its callers' queries, and what follows from it, taken together. Thread-safe; a query allocates
/// nothing on its way through.</summary>
internal sealed class Detector : IDisposable
{
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
    public Detector(
        string model, int callers, int tenants, AdmissionControl admission, Func<ShieldPlan> plan, ShieldEventHub events, SipHashKey delayKey, TimeProvider time, ILogger logger,
        IShieldContainment? containment, DetectionRecorder? recorder)
    {
        _model = model;
        _plan = plan;
        _events = events;
        _time = time;
        _clock = ShieldClock.Of(time);
        _recorder = recorder;
        _containment = containment is null ? null : new ContainmentRunner(containment, model, logger, s_containmentPatience);
        Watches = new CallerWatchTable(callers);
        Tenants = new TenantOdometers(tenants);
        Postures = new PostureEngine(
            model, admission, () => plan().PostureRules, () => plan().Detection, Watches, Tenants, delayKey, time, events.Publish, _containment);
        Campaigns = new CampaignWorker(callers, Postures.NoticeCampaign);
        Facade = new ShieldDetection(Postures, Watches, this);
        _timer = new DetectionTimer(time, model, Postures.Tick, EachMinute, logger);
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

    public void CountUnobserved(int rows) => _unobserved.Add(rows);

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

    public DriftReport? MeasureDrift() => Calibration is { } calibration ? Drift.Read(calibration) : null;

    public (long Recorded, long Dropped) Recording => _recorder is null ? default : (_recorder.Recorded, _recorder.Dropped);

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
