namespace InferenceShield;

/// <content>What the shield has counted, for operators. None of it is for callers.</content>
public sealed partial class Shield
{
    private static readonly long s_refreshInterval = (long)TimeSpan.FromHours(1).TotalNanoseconds;

    /// <summary>What the shield has counted since it was built.</summary>
    /// <remarks>Thread-safe. Reads some cells for each processor and output, less than a microsecond; allocates nothing.</remarks>
    public ShieldStatistics GetStatistics()
    {
        ShieldTotals totals = _counters.Read();
        (long hardened, long observed) = (totals.ReleasedAgain, 0);
        for (int output = 0; output < _utility.Length; output++)
        {
            (long ownHardened, long ownObserved) = _utility[output].CountRows();
            (long trialHardened, long trialObserved) = _trialUtility[output].CountRows();
            hardened += ownHardened + trialHardened;
            observed += ownObserved + trialObserved;
        }

        return new ShieldStatistics
        {
            Calls = totals.Calls.Calls,
            Admitted = totals.Calls.Admitted,
            RefusedCalls = totals.Calls.RefusedCalls,
            Refused = totals.Calls.Refused,
            WouldBeRefused = totals.WouldBeRefused.Refused,
            Cost = totals.Calls.Cost,
            TableFull = totals.TableFull,
            Hardened = hardened,
            WouldBeHardened = observed,
            TopChanged = totals.TopChanged,
            Callers = _admission.Callers.Count,
            Dossiers = _admission.Dossiers.Count,
            Evictions = _admission.Callers.Evictions,
            PlanVersion = _plan.Version,
        };
    }

    /// <summary>How long calls took since the shield was built, in nanoseconds: from their admission to
    /// <see cref="Complete(in Admission)"/>, or inside of a <c>ShieldedSession</c>'s Run.</summary>
    /// <returns>All 0 if none was completed. Refused calls and those that failed are not in it.</returns>
    /// <remarks>Thread-safe, about a microsecond, allocates nothing. Others than those of a <c>ShieldedSession</c> begin at the
    /// tick of the system timer before the admission, so they are too long by up to that tick: 1 to 16 ms. Calls of a session that take
    /// less than 10 microseconds are timed one in sixteen, which then stands for sixteen: Count lags behind by up to fifteen for
    /// each request in use.</remarks>
    public LatencySnapshot GetLatency() => _latency.Snapshot();

    /// <summary>What was answered to all callers over a window: of the first output (by name) that is a distribution, else of the
    /// first that is not passed through.</summary>
    /// <remarks>Thread-safe, for reports: some microseconds and 600 bytes. Counted are clean scores as of the calls' admission, in
    /// observe-only mode too, and for answers from a cache the released ones; each row and time step is one answer. Of a call whose
    /// output is at fault, the rows before the fault are counted.</remarks>
    /// <param name="window">How far back.</param>
    /// <exception cref="ArgumentOutOfRangeException">No such window.</exception>
    public AnswerStatistics GetAnswers(HistoryWindow window)
    {
        if (!Enum.IsDefined(window))
        {
            throw new ArgumentOutOfRangeException(nameof(window), window, "Allowed: Minute, Hour, Day or Month.");
        }

        foreach (Dossier dossier in _admission.Dossiers.Enumerate())
        {
            dossier.Answers.EmptyAll();
        }

        return Describe(_answers, window, _clock.Now);
    }

    /// <summary>What the shield has counted of one caller.</summary>
    /// <param name="caller">Who.</param>
    /// <param name="statistics">The counts.</param>
    /// <returns>False if the caller has no record of its own.</returns>
    /// <remarks>Thread-safe, below a microsecond, allocates nothing.</remarks>
    public bool TryGetCaller(CallerKey caller, out CallerStatistics statistics)
    {
        bool found = TryGet(_admission.Callers, caller, out statistics);
        statistics = statistics with { Posture = _admission.Overrides.Find(caller)?.Posture ?? statistics.Posture };
        return found;
    }

    /// <summary>What the shield has counted of one tenant.</summary>
    /// <param name="tenant">Which.</param>
    /// <param name="statistics">The counts.</param>
    /// <returns>False if the tenant has no record of its own.</returns>
    /// <remarks>As for <see cref="TryGetCaller"/>.</remarks>
    public bool TryGetTenant(CallerKey tenant, out CallerStatistics statistics) => TryGet(_admission.Tenants, tenant, out statistics);

    /// <summary>What the shield has counted of one network.</summary>
    /// <param name="network">Which.</param>
    /// <param name="statistics">The counts.</param>
    /// <returns>False if the network has no record of its own.</returns>
    /// <remarks>As for <see cref="TryGetCaller"/>.</remarks>
    public bool TryGetNetwork(CallerKey network, out CallerStatistics statistics) => TryGet(_admission.Networks, network, out statistics);

    /// <summary>What the shield knows of a caller that matters: one that asks much, or that an operator watches.</summary>
    /// <param name="caller">Who.</param>
    /// <returns>A snapshot; <see langword="null"/> if the caller has no dossier, or it went to another caller meanwhile.</returns>
    /// <remarks>Thread-safe, for reports: takes microseconds and 3,000 bytes. Taking it does not stop the caller's queries: its parts
    /// are not of one instant.</remarks>
    public CallerDossier? TryGetDossier(CallerKey caller)
    {
        int slot = caller.IsEmpty ? CallerTable.None : _admission.Callers.Find(caller);
        Dossier? dossier = slot >= 0 ? _admission.Dossiers.Find(_admission.Callers[slot].Dossier, caller) : null;
        CallerDossier? described = dossier is null ? null : Describe(dossier);
        return described?.Caller == caller ? described : null;
    }

    /// <summary>The callers that have a dossier, those that have asked most first.
    /// Thread-safe, for reports: as long and as much as <see cref="TryGetDossier"/> for each.</summary>
    public IReadOnlyList<CallerDossier> GetDossiers() =>
    [
        .. _admission.Dossiers.Enumerate().Select(Describe).OfType<CallerDossier>()
            .OrderByDescending(dossier => dossier.AskedBefore + dossier.Statistics.Admitted),
    ];

    /// <summary>What became of the shield's events, for each <see cref="IShieldEventSink"/>. Thread-safe; a few counters are read.</summary>
    public IReadOnlyList<EventSinkStatistics> EventSinks => Events.Statistics;

    /// <summary>Tells the shield that an answer is out, for the latencies. A <c>ShieldedSession</c> does it by itself.</summary>
    /// <param name="admission">The admission of the call, by this shield.</param>
    /// <exception cref="InvalidOperationException">The call was not admitted by this shield.</exception>
    /// <exception cref="ObjectDisposedException">The shield was disposed.</exception>
    /// <remarks>Once for each call: nothing tells a second time from another call. Thread-safe; a clock reading and an atomic
    /// increment; allocates nothing.</remarks>
    public void Complete(in Admission admission)
    {
        Complete(in admission, admission.Start, calls: 1);
    }

    /// <summary>A start for <see cref="Complete(in Admission, long, int)"/>.</summary>
    internal long StartTimer() => _clock.Now;

    /// <summary>As <see cref="Complete(in Admission)"/>, with a start that is not as coarse as an admission's.</summary>
    /// <param name="admission">The admission of the call, by this shield.</param>
    /// <param name="start">When it began.</param>
    /// <param name="calls">For how many calls this one stands.</param>
    /// <returns>Nanoseconds since then.</returns>
    internal long Complete(in Admission admission, long start, int calls)
    {
        CheckAdmission(in admission);
        long elapsed = _clock.Now - start;
        _latency.Record(elapsed, calls);
        return elapsed;
    }

    /// <summary>Counts one answer in the histories.</summary>
    /// <param name="admission">Of the call.</param>
    /// <param name="label">The leading class; <see cref="AnswerHistory.NoLabel"/> for none.</param>
    /// <param name="value">Its clean score, or the answer's number.</param>
    private void CountAnswer(in Admission admission, int label, float value)
    {
        // A dossier's answers come to all callers' history when its ring is emptied.
        Dossier? dossier = admission.Dossier >= 0 ? _admission.Dossiers.Find(admission.Dossier, admission.Caller) : null;
        if ((dossier?.Answers ?? _answers).Add(label, value, admission.Start))
        {
            Refresh(admission.Start);
        }
    }

    private void Refresh(long now)
    {
        long next = Volatile.Read(ref _nextRefresh);
        if (now >= next && Interlocked.CompareExchange(ref _nextRefresh, now + s_refreshInterval, next) == next)
        {
            _admission.Dossiers.Refresh(_admission.Callers, now);
        }
    }

    private static bool TryGet(CallerTable table, CallerKey key, out CallerStatistics statistics)
    {
        int slot = key.IsEmpty ? CallerTable.None : table.Find(key);
        statistics = slot < 0 ? default : table[slot].ToStatistics();
        return slot >= 0 && table.IsOwner(slot, key);
    }

    private static AnswerStatistics Describe(AnswerHistory history, HistoryWindow window, long now)
    {
        double[] shares = new double[history.Buckets];
        LabelSnapshot labels = history.Labels((int)window, now, shares);
        return new AnswerStatistics(labels, shares, history.Values((int)window, now));
    }

    /// <summary>What a dossier says; null if it is nobody's, or changed hands meanwhile.</summary>
    private CallerDossier? Describe(Dossier dossier)
    {
        if (!dossier.TryGetOwner(out CallerKey owner, out int generation))
        {
            return null;
        }

        long now = _clock.Now;
        int slot = dossier.Slot;
        CallerDossier described = new(
            owner,
            in _admission.Callers[slot],
            dossier,
            Array.ConvertAll(Enum.GetValues<HistoryWindow>(), window => Describe(dossier.Answers, window, now)),
            TimeSpan.FromTicks(Math.Max(0, now - dossier.Since) / 100),
            _admission.Overrides.Find(owner)?.Posture);

        // Keeps all reading before the second look at whose it is.
        Volatile.ReadBarrier();
        return dossier.Generation == generation && _admission.Callers.IsOwner(slot, owner) ? described : null;
    }
}
