using System.Collections.Frozen;

namespace InferenceShield;

/// <summary>Compiled <see cref="PostureOptions"/>. Immutable, thread-safe; names are keyed hashes.</summary>
internal sealed class PostureRules
{
    private readonly FrozenSet<CallerKey> _allowed;
    private readonly (double Limit, Posture Posture)[] _caller;
    private readonly (double Limit, Posture Posture)[] _tenant;
    private readonly (double Limit, Posture Posture)[] _campaign;
    private readonly Posture[] _byAlarm;

    /// <param name="options">Valid ones.</param>
    /// <param name="enforces">Whether the shield does.</param>
    /// <param name="identify">Makes a tenant's key of its name.</param>
    public PostureRules(PostureOptions options, bool enforces, Func<string, CallerKey> identify)
    {
        Works = options.Mode != PostureMode.Off;
        Acts = options.Mode == PostureMode.Act && enforces;
        _byAlarm = [options.FullAlarm, options.RepeatedFullAlarm, options.OutputAlarm, options.AdvisoryAlarm];
        Campaign = options.Campaign;
        CampaignWithOutputAlarm = options.CampaignWithOutputAlarm;
        _caller = Compile(options.CallerOdometer);
        _tenant = Compile(options.TenantOdometer);
        _campaign = Compile(options.CampaignOdometer);
        QuotaShare = options.QuotaShare ?? double.PositiveInfinity;
        QuotaPosture = options.QuotaPosture;
        Dwell = NanosecondsOf(options.Dwell);
        Decay = NanosecondsOf(options.Decay);
        DelayQueries = options.DelayQueries;
        DelayTime = NanosecondsOf(options.DelayTime);
        RevokeFrom = options.RevokeFrom;
        RotateFrom = options.RotateFrom;
        _allowed = options.AllowedTenants.Select(identify).ToFrozenSet();
    }

    /// <summary>Whether postures are worked out at all.</summary>
    public bool Works { get; }

    /// <summary>Whether they are set, or only reported.</summary>
    public bool Acts { get; }

    /// <summary>What comes of both: a shield that only observes never acts.</summary>
    public PostureMode Mode => Acts ? PostureMode.Act : Works ? PostureMode.Observe : PostureMode.Off;

    public Posture FullAlarm => _byAlarm[0];

    public Posture RepeatedFullAlarm => _byAlarm[1];

    public Posture OutputAlarm => _byAlarm[2];

    public Posture AdvisoryAlarm => _byAlarm[3];

    public Posture Campaign { get; }

    public Posture CampaignWithOutputAlarm { get; }

    /// <summary>+infinity for no such rule.</summary>
    public double QuotaShare { get; }

    public Posture QuotaPosture { get; }

    /// <summary>Nanoseconds.</summary>
    public long Dwell { get; }

    /// <summary>Nanoseconds.</summary>
    public long Decay { get; }

    public int DelayQueries { get; }

    /// <summary>Nanoseconds.</summary>
    public long DelayTime { get; }

    public Posture? RevokeFrom { get; }

    public Posture? RotateFrom { get; }

    public bool HasCallerBands => _caller.Length > 0;

    public bool HasTenantBands => _tenant.Length > 0;

    public bool IsAllowed(CallerKey tenant) => !tenant.IsEmpty && _allowed.Contains(tenant);

    /// <summary>The posture that an alarm asks for; Normal for none.</summary>
    public Posture Of(DetectionVerdict verdict) =>
        verdict.IsAdvisory || verdict.Statistic == DetectionStatistic.ColdStart ? AdvisoryAlarm
        : verdict.Family == DetectionFamily.Output ? OutputAlarm
        : verdict is { Level: DetectionLevel.Strict, Epochs: >= 2 } && RepeatedFullAlarm > FullAlarm ? RepeatedFullAlarm
        : FullAlarm;

    /// <summary>The band that a caller's odometer lies in: its limit and posture; 0 and Normal below all bands.</summary>
    public (double Limit, Posture Posture) CallerBand(double odometer) => Find(_caller, odometer);

    /// <inheritdoc cref="CallerBand"/>
    public (double Limit, Posture Posture) TenantBand(double odometer) => Find(_tenant, odometer);

    /// <inheritdoc cref="CallerBand"/>
    public (double Limit, Posture Posture) CampaignBand(double odometer) => Find(_campaign, odometer);

    /// <summary>Whether other rules say the same.</summary>
    public bool HasSameContent(PostureRules other) =>
        (Works, Acts, Campaign, CampaignWithOutputAlarm, QuotaShare, QuotaPosture) == (other.Works, other.Acts, other.Campaign, other.CampaignWithOutputAlarm, other.QuotaShare, other.QuotaPosture)
        && (Dwell, Decay, DelayQueries, DelayTime, RevokeFrom, RotateFrom) == (other.Dwell, other.Decay, other.DelayQueries, other.DelayTime, other.RevokeFrom, other.RotateFrom)
        && _byAlarm.AsSpan().SequenceEqual(other._byAlarm) && _caller.AsSpan().SequenceEqual(other._caller)
        && _tenant.AsSpan().SequenceEqual(other._tenant) && _campaign.AsSpan().SequenceEqual(other._campaign)
        && _allowed.SetEquals(other._allowed);

    private static (double Limit, Posture Posture) Find((double Limit, Posture Posture)[] bands, double odometer)
    {
        (double Limit, Posture Posture) found = default;
        foreach ((double Limit, Posture Posture) band in bands)
        {
            found = odometer >= band.Limit ? band : found;
        }

        return found;
    }

    private static (double Limit, Posture Posture)[] Compile(IList<OdometerBand> bands) => [.. bands.Select(band => (band.Limit, band.Posture))];

    private static long NanosecondsOf(TimeSpan time) => time.Ticks * 100;
}
