namespace InferenceShield;

/// <summary>What a shield has noticed and done about it, for operators. Thread-safe; nothing here is on a query's way.</summary>
/// <remarks>Got from <see cref="Shield.Detection"/>. Show none of it to callers: whoever sees what gave him away does it otherwise next time.</remarks>
public sealed class ShieldDetection
{
    private readonly PostureEngine _postures;
    private readonly CallerWatchTable _watches;
    private readonly CampaignWorker _campaigns;
    private readonly Func<DetectionCalibration?> _calibration;
    private readonly Func<long> _observed;

    internal ShieldDetection(PostureEngine postures, CallerWatchTable watches, CampaignWorker campaigns, Func<DetectionCalibration?> calibration, Func<long> observed)
    {
        _postures = postures;
        _watches = watches;
        _campaigns = campaigns;
        _calibration = calibration;
        _observed = observed;
    }

    /// <summary>The campaigns that go on, as of the last run; the one with the most leaked first.</summary>
    public IReadOnlyList<CampaignReport> Campaigns => _campaigns.Campaigns;

    /// <summary>The latest changes of posture, at most 256, the oldest first; those that were only reported, too.</summary>
    public IReadOnlyList<ShieldEvent> Transitions => _postures.Transitions;

    /// <summary>What was counted.</summary>
    public DetectionStatistics Statistics => _postures.Count(new DetectionStatistics
    {
        Callers = _watches.Count,
        Observed = _observed(),
        Missed = _watches.Missed,
        OutputAlarms = 0,
        FullAlarms = 0,
        ColdStartAlarms = 0,
        Cases = 0,
        Pending = 0,
        Acted = 0,
        Reported = 0,
        NoticesDropped = 0,
        CampaignsDropped = 0,
        CasesLost = 0,
        WithoutRecord = 0,
        Contained = 0,
        ContainmentFailures = 0,
    });

    /// <summary>What is known of a caller.</summary>
    /// <param name="caller">Of whom.</param>
    /// <returns><see langword="null"/> if it is not watched and nothing is remembered of it.</returns>
    public CallerDetection? TryGetCaller(CallerKey caller)
    {
        DetectionCalibration? calibration = _calibration();
        CallerWatch watch = default;
        bool isWatched = calibration is not null && _watches.TryEnterExisting(caller, out int slot) && Copy(slot, out watch);
        CallerReading? reading = isWatched ? CallerReading.Of(calibration!, in watch) : null;
        return _postures.Describe(caller, reading, isWatched ? CallerUpdate.PlainSignals(calibration!, in watch) : null);
    }

    /// <summary>Takes a caller's alarms back: it is Normal at once, and what was noticed so far counts no more. What is noticed later does, and so do
    /// limits that it still exceeds; <see cref="CallerOverride.Exempt"/> is for callers that are to have no automatic posture at all.</summary>
    /// <param name="caller">Whose.</param>
    /// <returns>False if there was nothing to take back.</returns>
    public bool Clear(CallerKey caller)
    {
        bool had = false;
        if (_watches.TryEnterExisting(caller, out int slot))
        {
            try
            {
                ref CallerWatch watch = ref _watches[slot];
                had = _calibration() is { } calibration && CallerUpdate.Verdicts(calibration, in watch).Length > 0;
                CallerUpdate.ClearAlarms(ref watch);
            }
            finally
            {
                _watches.Exit(slot);
            }
        }

        return _postures.Clear(caller) || had;
    }

    /// <summary>Looks at every watched caller at once, instead of within a minute.</summary>
    internal void Rescan() => _postures.Rescan();

    private bool Copy(int slot, out CallerWatch watch)
    {
        try
        {
            watch = _watches[slot];
            return true;
        }
        finally
        {
            _watches.Exit(slot);
        }
    }
}
