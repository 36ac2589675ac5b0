using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Turns verdicts, odometers and campaigns into postures: detection.md 6, rules in <see cref="PostureOptions"/>.</summary>
/// <remarks>
/// <para>Thread-safe. Queries only leave a notice; everything else is done by <see cref="Tick"/>, under one lock that no query takes.</para>
/// <para>Time here is what ticks have added up: a clock that steps back adds nothing and counts on from where it is, so a dwell is never negative
/// and never begins anew.</para>
/// <para>Bounded: so many cases, of which the sternest are kept when there is no room; what is lost is counted, and found again by the scan that
/// looks at every watched caller once a minute, once there is room. So at most as many callers' records are kept from being given away.</para>
/// </remarks>
internal sealed partial class PostureEngine
{
    /// <summary>The most callers that something is remembered of.</summary>
    public const int LargestCapacity = 16_384;

    private const int MostTransitions = 256;
    private const int MostNotices = 4_096;
    private const int MostCampaigns = 64;
    private const int MostSearches = 64;
    private const int TicksPerScan = 60;
    private const long RetryTime = 60_000_000_000;

    private readonly Lock _lock = new();
    private readonly Lock _campaignLock = new();
    private readonly NoticeQueue _notices = new(MostNotices);
    private readonly Queue<CampaignReport> _newCampaigns = new();
    private readonly Dictionary<CallerKey, PostureCase> _cases = [];
    private readonly Queue<ShieldEvent> _transitions = new();
    private readonly string _model;
    private readonly AdmissionControl _admission;
    private readonly Func<PostureRules> _currentRules;
    private readonly Func<DetectionCalibration?> _currentCalibration;
    private readonly CallerWatchTable? _watches;
    private readonly TenantOdometers? _tenants;
    private readonly PostureDelay _delay;
    private readonly TimeProvider _time;
    private readonly Action<ShieldEvent> _publish;
    private readonly ContainmentRunner? _containment;
    private readonly int _capacity;
    private PostureRules _rules;
    private DetectionCalibration? _calibration;
    private long _latest = long.MinValue;
    private long _now;
    private long _tick;
    private int _scanned;
    private int _searches;
    private long _acted;
    private long _reported;
    private long _lost;
    private long _noRoom;
    private long _campaignsDropped;

    /// <param name="model">The shield's.</param>
    /// <param name="admission">Where postures are set.</param>
    /// <param name="rules">Those in force.</param>
    /// <param name="calibration">That in force; null for none.</param>
    /// <param name="watches">What detection keeps of callers; null where evidence comes only by <see cref="Take(CallerKey, in CallerReading)"/>.</param>
    /// <param name="tenants">Tenants' odometers; null for none.</param>
    /// <param name="delayKey">Which nobody outside knows.</param>
    /// <param name="time">The shield's.</param>
    /// <param name="publish">Takes events. Never blocks.</param>
    /// <param name="containment">The host's; null for none. Not disposed of here.</param>
    /// <param name="capacity">The most callers that something is remembered of.</param>
    public PostureEngine(
        string model, AdmissionControl admission, Func<PostureRules> rules, Func<DetectionCalibration?> calibration, CallerWatchTable? watches, TenantOdometers? tenants,
        SipHashKey delayKey, TimeProvider time, Action<ShieldEvent> publish, ContainmentRunner? containment = null, int capacity = LargestCapacity)
    {
        _model = model;
        _admission = admission;
        _currentRules = rules;
        _rules = rules();
        _currentCalibration = calibration;
        _watches = watches;
        _tenants = tenants;
        _delay = new PostureDelay(delayKey);
        _time = time;
        _publish = publish;
        _containment = containment;
        _capacity = Math.Clamp(capacity, 1, Math.Max(1, admission.Callers.Capacity / 2));
    }

    /// <summary>A caller raised an alarm. On the hot path: bounded, no allocation; what does not fit is found by the next scan.</summary>
    public void Notice(CallerKey caller) => _notices.TryEnqueue(caller);

    /// <summary>A campaign was found, or grew. From the campaign worker.</summary>
    public void NoticeCampaign(CampaignReport campaign)
    {
        lock (_campaignLock)
        {
            if (_newCampaigns.Count < MostCampaigns)
            {
                _newCampaigns.Enqueue(campaign);
                return;
            }
        }

        Interlocked.Increment(ref _campaignsDropped);
    }

    /// <summary>Decides and acts; each second.</summary>
    /// <param name="now">Nanoseconds of the shield's clock.</param>
    public void Tick(long now)
    {
        lock (_lock)
        {
            Begin(now);
            TakeNotices();
            TakeCampaigns();
            Scan(_watches is null ? 0 : (_watches.Slots + TicksPerScan - 1) / TicksPerScan);
            foreach (PostureCase one in _cases.Values)
            {
                Step(one);
            }
        }
    }

    /// <summary>Looks at every watched caller at once.</summary>
    public void Rescan()
    {
        lock (_lock)
        {
            Begin(_latest == long.MinValue ? 0 : _latest);
            Scan(_watches?.Slots ?? 0);
        }
    }

    /// <summary>Takes in what was read of a caller.</summary>
    internal void Take(CallerKey caller, in CallerReading reading)
    {
        lock (_lock)
        {
            TakeReading(caller, in reading);
        }
    }

    private void Begin(long now)
    {
        _now += _latest == long.MinValue ? 0 : Math.Max(0, now - _latest);
        _latest = now;
        _rules = _currentRules();
        _calibration = _currentCalibration();
        _searches = 0;
        _tick++;
        _tenantReadings.Clear();
    }

    /// <summary>What time alone brings: going up after a delay, down after a decay, or another treatment because of what an operator has decided.</summary>
    private void Step(PostureCase one)
    {
        Posture before = one.Posture;
        if (!_rules.Works)
        {
            if (one.Severity > Posture.Normal)
            {
                one.Forget(_now);
                Move(one, before, "Postures are off.");
            }
        }
        else if (one.Pending > one.Posture)
        {
            (int epoch, int queries) = ProgressOf(one);
            if (one.TryRise(_now, epoch, queries))
            {
                Move(one, before, one.Reason);
            }
        }
        else if (one.TryFall(_rules, _now, _tick))
        {
            Move(one, before, $"No new evidence for {TimeSpan.FromTicks(_rules.Decay / 100)}.");
        }

        Settle(one);
        if (one is { Severity: Posture.Normal, Applied: Posture.Normal } && (one.IsQuiet || _tick - one.ReadAt > PostureCase.StandingTicks))
        {
            _cases.Remove(one.Caller); // a removal leaves the enumeration as it is
        }
    }

    private (int Epoch, int Queries) ProgressOf(PostureCase one)
    {
        if (_watches is null || !_watches.TryEnterExisting(one.Caller, out int slot))
        {
            return (one.Epoch, one.LatestQueries);
        }

        try
        {
            ref CallerWatch watch = ref _watches[slot];
            return (watch.Epoch, watch.Queries);
        }
        finally
        {
            _watches.Exit(slot);
        }
    }

    private bool Applies(PostureCase one) =>
        _rules.Acts && !_rules.IsAllowed(one.Tenant) && _admission.Overrides.Find(one.Caller) is not ({ Posture: not null } or { Exempt: true });

    /// <summary>A posture has changed: acts on it, if it is to be acted on, and reports it.</summary>
    private void Move(PostureCase one, Posture before, string reason)
    {
        if (before == one.Posture)
        {
            return;
        }

        one.SinceAt = _time.GetUtcNow();
        Posture applied = one.Applied;
        bool acted = Applies(one) && TryApply(one, one.Posture);
        ShieldEvent transition = Report(one, before, one.Posture, acted, reason);
        if (acted)
        {
            Contain(applied, transition);
        }
    }

    /// <summary>Makes the caller's record say what it should, if an operator, a reload or want of room has made that something else.</summary>
    private void Settle(PostureCase one)
    {
        Posture wanted = Applies(one) ? one.Posture : Posture.Normal;
        Posture applied = one.Applied;
        if (applied == wanted || _now < one.RetryAt || !TryApply(one, wanted))
        {
            return;
        }

        bool rises = wanted > applied;
        ShieldEvent transition = Report(one, applied, wanted, acted: true, rises ? "In force now: " + one.Reason : "Automatic postures do not apply to this caller any more.");
        if (rises)
        {
            Contain(applied, transition);
        }
    }

    private bool TryApply(PostureCase one, Posture posture)
    {
        if (_admission.SetPosture(one.Caller, posture))
        {
            one.Applied = posture;
            return true;
        }

        _noRoom++;
        one.RetryAt = _now + RetryTime;
        return false;
    }

    private ShieldEvent Report(PostureCase one, Posture from, Posture to, bool acted, string reason)
    {
        ShieldEvent transition = new()
        {
            Kind = ShieldEventKind.PostureChanged,
            Model = _model,
            At = _time.GetUtcNow(),
            Caller = one.Caller,
            Tenant = one.Tenant,
            From = from,
            To = to,
            Acted = acted,
            Reason = reason,
        };
        (acted ? ref _acted : ref _reported)++;
        if (_transitions.Count >= MostTransitions)
        {
            _transitions.Dequeue();
        }

        _transitions.Enqueue(transition);
        _publish(transition);
        return transition;
    }

    private void Contain(Posture before, ShieldEvent transition)
    {
        if (_containment is null)
        {
            return;
        }

        if (_rules.RevokeFrom is { } revoke && before < revoke && transition.To >= revoke)
        {
            _containment.Revoke(transition);
        }

        if (_rules.RotateFrom is { } rotate && before < rotate && transition.To >= rotate)
        {
            _containment.Rotate(transition);
        }
    }

    /// <summary>The caller's case, made if new; null if there is no room for one so severe.</summary>
    private PostureCase? FindOrAdd(CallerKey caller, Posture severity)
    {
        if (_cases.TryGetValue(caller, out PostureCase? found))
        {
            return found;
        }

        if (_cases.Count >= _capacity && !TryMakeRoom(severity))
        {
            _lost++;
            return null;
        }

        PostureCase one = new(caller, _now, _tick);
        _cases.Add(caller, one);
        return one;
    }

    /// <summary>Gives up the least severe case, the longest without evidence among equals, if it is less severe than what comes.</summary>
    private bool TryMakeRoom(Posture severity)
    {
        if (severity == Posture.Normal || ++_searches > MostSearches)
        {
            return false; // a flood must not make each of its callers cost a search
        }

        PostureCase least = _cases.Values.MinBy(one => (one.Severity, one.EvidenceAt))!;
        if (least.Severity >= severity)
        {
            return false;
        }

        _cases.Remove(least.Caller);
        _lost++;
        if (least.Posture > Posture.Normal)
        {
            if (least.Applied > Posture.Normal)
            {
                _admission.SetPosture(least.Caller, Posture.Normal);
            }

            Report(least, least.Posture, Posture.Normal, acted: least.Applied > Posture.Normal, "Given up for a caller of more weight: there is no room.");
        }

        return true;
    }
}
