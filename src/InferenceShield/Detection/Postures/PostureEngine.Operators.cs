namespace InferenceShield;

/// <content>What operators see and decide.</content>
internal sealed partial class PostureEngine
{
    private const string TakenBack = "An operator has taken its alarms back.";

    /// <summary>The latest, the oldest first.</summary>
    public IReadOnlyList<ShieldEvent> Transitions
    {
        get
        {
            lock (_lock)
            {
                return [.. _transitions];
            }
        }
    }

    /// <summary>Fills in what was counted here.</summary>
    public DetectionStatistics Count(DetectionStatistics statistics)
    {
        lock (_lock)
        {
            return statistics with
            {
                OutputAlarms = _alarms[(int)DetectionFamily.Output],
                FullAlarms = _alarms[(int)DetectionFamily.Full],
                ColdStartAlarms = _alarms[2],
                Cases = _cases.Count,
                Pending = _cases.Values.Count(one => one.Pending > one.Posture),
                Acted = _acted,
                Reported = _reported,
                NoticesDropped = _notices.Dropped,
                CampaignsDropped = Volatile.Read(ref _campaignsDropped),
                CasesLost = _lost,
                WithoutRecord = _noRoom,
                Contained = _containment?.Called ?? 0,
                ContainmentFailures = _containment is null ? 0 : _containment.Failures + _containment.Dropped,
            };
        }
    }

    /// <summary>Callers that something is remembered of, each with the sternest of the postures in force, found and due.</summary>
    public Dictionary<CallerKey, Posture> FindCallers()
    {
        lock (_lock)
        {
            return _cases.Values.ToDictionary(one => one.Caller, one => (Posture)Math.Max((int)one.Severity, (int)_admission.PostureOf(one.Caller)));
        }
    }

    /// <summary>What is known of a caller; null for nothing.</summary>
    public CallerDetection? Describe(CallerKey caller, CallerReading? reading, CallerPlainSignals? plain)
    {
        lock (_lock)
        {
            PostureCase? one = _cases.GetValueOrDefault(caller);
            if (one is null && reading is null)
            {
                return null;
            }

            bool isPending = one is not null && one.Pending > one.Posture;
            string? reason = isPending ? one!.PendingReason : one?.Reason;
            return new CallerDetection
            {
                Caller = caller,
                Tenant = reading?.Tenant ?? one!.Tenant,
                Verdicts = reading?.Verdicts ?? [],
                Posture = _admission.PostureOf(caller),
                Found = one?.Posture ?? Posture.Normal,
                Pending = isPending ? one!.Pending : null,
                Since = one?.SinceAt,
                Reason = string.IsNullOrEmpty(reason) ? null : reason,
                Odometer = reading?.Odometer ?? 0,
                Queries = reading?.Queries ?? Math.Max(0, one!.LatestQueries),
                Epoch = reading?.Epoch ?? one!.Epoch,
                PlainSignals = plain,
            };
        }
    }

    /// <summary>Takes back what was noticed of a caller.</summary>
    /// <returns>False if there was nothing.</returns>
    public bool Clear(CallerKey caller)
    {
        lock (_lock)
        {
            if (!_cases.TryGetValue(caller, out PostureCase? one))
            {
                return false;
            }

            Posture before = one.Posture;
            bool had = one.Severity > Posture.Normal;
            one.Clear(_now, TakenBack);
            Move(one, before, TakenBack);
            Settle(one);
            return had;
        }
    }
}
