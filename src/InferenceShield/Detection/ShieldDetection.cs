namespace InferenceShield;

/// <summary>What a shield has noticed and done about it, for operators. Thread-safe; nothing here is on a query's way.</summary>
/// <remarks>Got from <see cref="Shield.Detection"/>. Show none of it to callers: whoever sees what gave him away does it otherwise next time.</remarks>
public sealed class ShieldDetection
{
    private const int MostCallers = 1_000;

    private readonly Detector? _detector;
    private readonly PostureEngine _postures;
    private readonly CallerWatchTable _watches;

    /// <param name="postures">What was done.</param>
    /// <param name="watches">What is known of callers.</param>
    /// <param name="detector">All the rest; null for nothing of it.</param>
    internal ShieldDetection(PostureEngine postures, CallerWatchTable watches, Detector? detector)
    {
        _postures = postures;
        _watches = watches;
        _detector = detector;
    }

    /// <summary>The campaigns that go on, as of the last run; the one with the most leaked first.</summary>
    public IReadOnlyList<CampaignReport> Campaigns => _detector?.Campaigns.Campaigns ?? [];

    /// <summary>Plain numbers across callers, for dashboards. Takes milliseconds where many callers are busy.</summary>
    public CrossCallerSignals? MeasureAcross() => _detector?.MeasureAcross();

    /// <summary>What honest traffic is taken to look like; <see langword="null"/> while no calibration is in force.</summary>
    public DetectionCalibration? Calibration => _detector?.Calibration;

    /// <summary>How far live callers are from the calibration's; <see langword="null"/> while no calibration with callers is in force.</summary>
    public DriftReport? Drift => _detector?.MeasureDrift();

    /// <summary>Queries that went into the log of <see cref="DetectionOptions.RecordTo"/>, and those that did not fit or came after its end.</summary>
    public (long Recorded, long Dropped) Recording => _detector?.Recording ?? default;

    /// <summary>Benign mass of the cells that a tenant's callers have visited together, 0 to 1.</summary>
    /// <param name="tenant">The tenant's key.</param>
    public double GetTenantOdometer(CallerKey tenant) => !tenant.IsEmpty && _detector is { Calibration: { } calibration } detector ? detector.Tenants.Read(calibration, tenant) : 0;

    /// <summary>The latest changes of posture, at most 256, the oldest first; those that were only reported, too.</summary>
    public IReadOnlyList<ShieldEvent> Transitions => _postures.Transitions;

    /// <summary>What was counted.</summary>
    public DetectionStatistics Statistics => _postures.Count(new DetectionStatistics
    {
        Callers = _watches.Count,
        Observed = _detector?.Observed ?? 0,
        Unobserved = _detector?.Unobserved ?? 0,
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
        DetectionCalibration? calibration = _detector?.Calibration;
        CallerWatch watch = default;
        bool isWatched = calibration is not null && _watches.TryEnterExisting(caller, out int slot) && Copy(slot, out watch);
        CallerReading? reading = isWatched ? CallerReading.Of(calibration!, in watch) : null;
        CallerDetection? described = _postures.Describe(caller, reading, isWatched ? CallerUpdate.PlainSignals(calibration!, in watch) : null);
        return described is null || _detector?.Curve is not { } curve ? described : described with { CopiedUpTo = curve.AgreementAt(described.Odometer) };
    }

    /// <summary>The callers with an alarm or a posture other than Normal, the sternest first, at most 1,000. Among those of one posture the order
    /// says nothing.</summary>
    /// <remarks>A posture counts that is in force, was found or is due after the delay. Callers of whom only an operator has decided are in
    /// <see cref="Shield.Overrides"/>. Looks at every watched caller: takes milliseconds where there are many.</remarks>
    public IReadOnlyList<CallerDetection> GetCallers()
    {
        Dictionary<CallerKey, Posture> found = _postures.FindCallers();
        for (int slot = 0; slot < _watches.Slots && Calibration is not null; slot++)
        {
            if (_watches.IsAlarmed(slot, out CallerKey caller))
            {
                found.TryAdd(caller, Posture.Normal);
            }
        }

        List<CallerDetection> callers = [];
        foreach (CallerKey caller in found.OrderByDescending(one => one.Value).Select(one => one.Key))
        {
            if (TryGetCaller(caller) is { } known && (known.Verdicts.Count > 0 || SternestOf(known) > Posture.Normal))
            {
                callers.Add(known);
                if (callers.Count == MostCallers)
                {
                    break;
                }
            }
        }

        return [.. callers.OrderByDescending(SternestOf)]; // postures may have changed meanwhile
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
                had = _detector?.Calibration is { } calibration && CallerUpdate.Verdicts(calibration, in watch).Length > 0;
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

    private static Posture SternestOf(CallerDetection known) =>
        (Posture)Math.Max((int)known.Posture, Math.Max((int)known.Found, (int)(known.Pending ?? Posture.Normal)));

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
