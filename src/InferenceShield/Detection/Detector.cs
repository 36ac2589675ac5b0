using InferenceShield.Numerics;
using Microsoft.Extensions.Logging;

namespace InferenceShield;

/// <summary>What a shield knows of its callers' queries, and what follows from it, taken together. Thread-safe; a query allocates
/// nothing on its way through.</summary>
internal sealed class Detector : IDisposable
{
    private static readonly TimeSpan s_containmentPatience = TimeSpan.FromSeconds(10);

    private readonly Func<DetectionCalibration?> _calibration;
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
    public Detector(
        string model, int callers, int tenants, AdmissionControl admission, Func<ShieldPlan> plan, ShieldEventHub events, SipHashKey delayKey, TimeProvider time, ILogger logger,
        IShieldContainment? containment)
    {
        _calibration = () => plan().Detection;
        _containment = containment is null ? null : new ContainmentRunner(containment, model, logger, s_containmentPatience);
        Watches = new CallerWatchTable(callers);
        Tenants = new TenantOdometers(tenants);
        Postures = new PostureEngine(
            model, admission, () => plan().PostureRules, _calibration, Watches, Tenants, delayKey, time, events.Publish, _containment);
        Campaigns = new CampaignWorker(callers, Postures.NoticeCampaign);
        _timer = new DetectionTimer(time, model, Postures.Tick, EachMinute, logger);
    }

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
        if (!Watches.TryEnter(caller, now, out int slot))
        {
            return;
        }

        bool alarmed;
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
    }

    private void EachMinute(long now)
    {
        if (_calibration() is { } calibration)
        {
            Campaigns.Run(calibration, Watches, now);
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
