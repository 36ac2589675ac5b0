namespace InferenceShield;

/// <summary>What a shield knows of its callers' queries, taken together. Thread-safe; allocates nothing on a query's way.</summary>
internal sealed class Detector
{
    private readonly CallerWatchTable _watches;
    private readonly TenantOdometers _tenants;
    private readonly CampaignWorker _campaigns;
    private readonly PostureEngine _postures;
    private readonly DriftWatch _drift;
    private readonly DetectionRecorder? _recorder;

    public Detector(CallerWatchTable watches, TenantOdometers tenants, CampaignWorker campaigns, PostureEngine postures, DriftWatch drift, DetectionRecorder? recorder)
    {
        _watches = watches;
        _tenants = tenants;
        _campaigns = campaigns;
        _postures = postures;
        _drift = drift;
        _recorder = recorder;
    }

    public void Observe(DetectionCalibration calibration, CallerKey caller, CallerKey tenant, in QuerySignals signals, long now)
    {
        _recorder?.Record(caller, now, in signals);
        if (!_watches.TryEnter(caller, now, out int slot))
        {
            return;
        }

        bool alarmed;
        try
        {
            ref CallerWatch watch = ref _watches[slot];
            watch.Tenant = tenant;
            alarmed = CallerUpdate.Apply(calibration, ref watch, in signals, now);
            if (watch.Queries is 11 or 45 or 181)
            {
                NoteMean(calibration, caller, tenant, in watch, now);
            }
        }
        finally
        {
            _watches.Exit(slot);
        }

        if (!tenant.IsEmpty)
        {
            _tenants.Visit(calibration, tenant, calibration.Cells.CellOf(signals.Label, signals.SimHash));
        }

        _campaigns.NoteQuery(caller, in signals, now);
        if (alarmed)
        {
            _postures.Notice(caller);
        }
    }

    private void NoteMean(DetectionCalibration calibration, CallerKey caller, CallerKey tenant, in CallerWatch watch, long now)
    {
        Span<float> mean = stackalloc float[QuerySignals.VectorLength];
        CallerUpdate.MeanVector(in watch, mean);
        _campaigns.Note(calibration, caller, tenant, watch.Queries, mean, now);
        if (watch.Queries == 45)
        {
            _drift.Note(calibration, mean);
        }
    }
}
