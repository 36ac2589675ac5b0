using System.Globalization;

namespace InferenceShield;

/// <content>What was noticed, and what it asks for.</content>
internal sealed partial class PostureEngine
{
    private const int MostTenants = 4_096;

    /// <summary>What stands, in the place of an alarm's kind where delays are drawn.</summary>
    private const ulong CallerOdometer = 16, TenantOdometer = 17, QuotaUse = 18, CampaignMember = 19;

    private readonly Dictionary<CallerKey, double> _tenantReadings = [];
    private readonly Dictionary<CallerKey, double> _tenantBands = [];
    private readonly List<Campaign> _campaigns = [];
    private readonly long[] _alarms = new long[3];

    private void TakeNotices()
    {
        for (int i = 0; i < MostNotices && _notices.TryDequeue(out CallerKey caller); i++)
        {
            if (TryRead(caller, out CallerReading reading))
            {
                TakeReading(caller, in reading, isNoticed: true);
            }
        }
    }

    private void Scan(int slots)
    {
        if (_watches is null || _calibration is null)
        {
            return;
        }

        for (int i = 0; i < slots; i++)
        {
            _scanned = _scanned + 1 < _watches.Slots ? _scanned + 1 : 0;
            if (_watches.TryCopy(_scanned, out CallerKey caller, out CallerWatch watch))
            {
                TakeReading(caller, CallerReading.Of(_calibration, in watch));
            }
        }
    }

    private bool TryRead(CallerKey caller, out CallerReading reading)
    {
        reading = default;
        if (_watches is null || _calibration is null || !_watches.TryEnterExisting(caller, out int slot))
        {
            return false;
        }

        CallerWatch watch;
        try
        {
            watch = _watches[slot]; // copied, so that the caller's queries do not wait while verdicts are worded
        }
        finally
        {
            _watches.Exit(slot);
        }

        reading = CallerReading.Of(_calibration, in watch);
        return true;
    }

    private void TakeReading(CallerKey caller, in CallerReading reading, bool isNoticed = false)
    {
        // A notice is about an alarm of a moment ago, whose epoch may have ended since.
        int since = isNoticed && reading.Verdicts.Length > 0 ? reading.Verdicts.Max(verdict => verdict.LatestEpoch) : reading.Epoch;
        Posture standing = _rules.Works ? StandingOf(caller, in reading) : Posture.Normal;
        if (!_cases.TryGetValue(caller, out PostureCase? one))
        {
            if (!PostureCase.HasAlarm(in reading, since) && standing == Posture.Normal)
            {
                return;
            }

            Posture severity = standing;
            foreach (DetectionVerdict verdict in reading.Verdicts)
            {
                Posture posture = _rules.Works && verdict.LatestEpoch >= since ? _rules.Of(verdict) : Posture.Normal;
                severity = posture > severity ? posture : severity;
            }

            one = FindOrAdd(caller, severity);
            if (one is null)
            {
                return;
            }
        }

        bool asked = one.Begin(in reading, _tick);
        foreach (DetectionVerdict verdict in reading.Verdicts)
        {
            TakeVerdict(one, verdict, since, asked && verdict.LatestEpoch == reading.Epoch);
        }

        one.Stand(standing);
        if (_rules.Works)
        {
            DemandStanding(one, in reading);
        }
    }

    /// <summary>An alarm counts when it is raised, and again as long as the caller asks on in the epoch that raised it.</summary>
    private void TakeVerdict(PostureCase one, DetectionVerdict verdict, int since, bool asksOn)
    {
        bool isNew = one.See(verdict, since);
        if (isNew)
        {
            _alarms[verdict.Statistic == DetectionStatistic.ColdStart ? 2 : (int)verdict.Family]++;
            _publish(new ShieldEvent
            {
                Kind = ShieldEventKind.Alarm,
                Model = _model,
                At = _time.GetUtcNow(),
                Caller = one.Caller,
                Tenant = one.Tenant,
                Verdict = verdict,
                Reason = Describe(verdict),
            });
        }

        if (!_rules.Works || one.IsForgiven(verdict) || !(isNew || asksOn))
        {
            return;
        }

        one.Demand(
            _rules.Of(verdict), Describe(verdict), _now, isNew && verdict.Epoch == one.Epoch ? (int)verdict.Queries : one.LatestQueries,
            Delay(one, verdict.LatestEpoch, (ulong)PostureCase.KindOf(verdict)));
        if (isNew && IsStrong(verdict) && one.Campaign != 0)
        {
            Escalate(one.Campaign);
        }
    }

    private static bool IsStrong(DetectionVerdict verdict) =>
        verdict is { Family: DetectionFamily.Output, IsAdvisory: false } && verdict.Statistic != DetectionStatistic.ColdStart;

    private (int Queries, long Time) Delay(PostureCase one, int epoch, ulong alarm) =>
        _delay.Of(one.Caller, epoch, alarm, _rules.DelayQueries, _rules.DelayTime);

    private Posture StandingOf(CallerKey caller, in CallerReading reading)
    {
        Posture posture = _rules.HasCallerBands ? _rules.CallerBand(reading.Odometer).Posture : Posture.Normal;
        Posture tenant = _rules.HasTenantBands ? _rules.TenantBand(ReadTenant(reading.Tenant)).Posture : Posture.Normal;
        Posture quota = _rules.QuotaShare <= 1 && _admission.DailyShare(caller) >= _rules.QuotaShare ? _rules.QuotaPosture : Posture.Normal;
        posture = tenant > posture ? tenant : posture;
        return quota > posture ? quota : posture;
    }

    private void DemandStanding(PostureCase one, in CallerReading reading)
    {
        (double limit, Posture posture) = _rules.CallerBand(reading.Odometer);
        if (limit > 0)
        {
            string reason = Words($"The leak odometer reads {reading.Odometer:0.00}, at or above {limit:0.00}.");
            if (limit > one.Band)
            {
                PublishOdometer(one.Caller, one.Tenant, reading.Odometer, reason);
            }

            one.Demand(posture, reason, _now, reading.Queries, Delay(one, reading.Epoch, CallerOdometer));
        }

        one.Band = limit;
        if (_rules.HasTenantBands && _rules.TenantBand(ReadTenant(reading.Tenant)) is { Limit: > 0 } tenant)
        {
            string reason = Words($"The leak odometer of its tenant's callers together reads {ReadTenant(reading.Tenant):0.00}, at or above {tenant.Limit:0.00}.");
            if (tenant.Limit > _tenantBands.GetValueOrDefault(reading.Tenant) && (_tenantBands.Count < MostTenants || _tenantBands.ContainsKey(reading.Tenant)))
            {
                _tenantBands[reading.Tenant] = tenant.Limit;
                PublishOdometer(default, reading.Tenant, ReadTenant(reading.Tenant), reason);
            }

            one.Demand(tenant.Posture, reason, _now, reading.Queries, Delay(one, reading.Epoch, TenantOdometer));
        }

        if (_rules.QuotaShare <= 1 && _admission.DailyShare(one.Caller) is double share && share >= _rules.QuotaShare)
        {
            one.Demand(_rules.QuotaPosture, Words($"It has used {share:0.00} of its daily queries, at or above {_rules.QuotaShare:0.00}."), _now, reading.Queries, Delay(one, reading.Epoch, QuotaUse));
        }
    }

    private double ReadTenant(CallerKey tenant)
    {
        if (tenant.IsEmpty || _tenants is null || _calibration is null)
        {
            return 0;
        }

        if (!_tenantReadings.TryGetValue(tenant, out double reading))
        {
            reading = _tenants.Read(_calibration, tenant);
            _tenantReadings.Add(tenant, reading); // for this tick
        }

        return reading;
    }

    private void TakeCampaigns()
    {
        while (true)
        {
            CampaignReport? report;
            lock (_campaignLock)
            {
                if (!_newCampaigns.TryDequeue(out report))
                {
                    return;
                }
            }

            TakeCampaign(report);
        }
    }

    private void TakeCampaign(CampaignReport report)
    {
        Campaign campaign = _campaigns.Find(known => known.Report.Id == report.Id) ?? new Campaign();
        IReadOnlyList<CallerKey> callers = report.Everybody ?? report.Callers;
        report = report with { Everybody = null }; // not to be kept with its events
        campaign.Report = report;
        _campaigns.Remove(campaign);
        _campaigns.Add(campaign); // the latest last
        if (_campaigns.Count > MostCampaigns)
        {
            _campaigns.RemoveAt(0);
        }

        _publish(new ShieldEvent
        {
            Kind = ShieldEventKind.Campaign,
            Model = _model,
            At = _time.GetUtcNow(),
            Campaign = report,
            Reason = report.Reason,
        });
        if (!_rules.Works)
        {
            return;
        }

        (double limit, Posture band) = _rules.CampaignBand(report.Odometer);
        if (limit > campaign.Band)
        {
            campaign.Band = limit;
            _publish(new ShieldEvent
            {
                Kind = ShieldEventKind.Odometer,
                Model = _model,
                At = _time.GetUtcNow(),
                Campaign = report,
                Odometer = report.Odometer,
                Reason = Words($"The leak odometer of a campaign reads {report.Odometer:0.00}, at or above {limit:0.00}."),
            });
        }

        Posture posture = band > _rules.Campaign ? band : _rules.Campaign;
        foreach (CallerKey caller in callers)
        {
            campaign.HasOutputAlarm |= TryRead(caller, out CallerReading reading) && Array.Exists(
                reading.Verdicts, verdict => IsStrong(verdict) && _cases.GetValueOrDefault(caller)?.IsForgiven(verdict) != true);
        }

        if (campaign.HasOutputAlarm && _rules.CampaignWithOutputAlarm > posture)
        {
            posture = _rules.CampaignWithOutputAlarm;
        }

        foreach (CallerKey caller in callers)
        {
            if (posture > Posture.Normal && FindOrAdd(caller, posture) is { } one)
            {
                one.Campaign = report.Id;
                if (one.LatestQueries < 0 && TryRead(caller, out CallerReading reading))
                {
                    one.Begin(in reading, _tick); // for its queries, from which the delay counts
                }

                DemandAsMember(one, campaign, posture);
            }
        }
    }

    /// <summary>One of a campaign's callers has been alarmed by what holds under shifts: they are all treated so.</summary>
    private void Escalate(long id)
    {
        if (_campaigns.Find(known => known.Report.Id == id) is not { HasOutputAlarm: false } campaign)
        {
            return;
        }

        campaign.HasOutputAlarm = true;
        foreach (PostureCase one in _cases.Values)
        {
            if (one.Campaign == id)
            {
                DemandAsMember(one, campaign, _rules.CampaignWithOutputAlarm);
            }
        }
    }

    private void DemandAsMember(PostureCase one, Campaign campaign, Posture posture) => one.Demand(
        posture, Words($"Campaign {campaign.Report.Id} of {campaign.Report.Size} callers{(campaign.HasOutputAlarm ? ", one with an alarm of the Output family" : "")}: {campaign.Report.Reason}"),
        _now, one.LatestQueries, Delay(one, one.Epoch, CampaignMember + ((ulong)campaign.Report.Id << 8)));

    private void PublishOdometer(CallerKey caller, CallerKey tenant, double odometer, string reason) => _publish(new ShieldEvent
    {
        Kind = ShieldEventKind.Odometer,
        Model = _model,
        At = _time.GetUtcNow(),
        Caller = caller,
        Tenant = tenant,
        Odometer = odometer,
        Reason = reason,
    });

    private static string Describe(DetectionVerdict verdict) => Words(
        $"{verdict.Family} alarm, {verdict.Level}: {verdict.Statistic} reads {verdict.Value:0.00}, above {verdict.Threshold:0.00}, after {verdict.Queries} queries of epoch {verdict.Epoch}{(verdict.Epochs > 1 ? string.Create(CultureInfo.InvariantCulture, $" and in {verdict.Epochs} epochs") : "")}{(verdict.IsAdvisory ? ", advisory" : "")}. {string.Join("; ", verdict.Reasons)}");

    private static string Words(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed class Campaign
    {
        public CampaignReport Report { get; set; } = null!;

        public double Band { get; set; }

        public bool HasOutputAlarm { get; set; }
    }
}
