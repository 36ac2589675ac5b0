namespace InferenceShield;

/// <summary>What follows from verdicts, odometers and campaigns.</summary>
/// <remarks>
/// <para>A rule names the posture that its evidence asks for; <see cref="Posture.Normal"/> means that it only becomes an event. The sternest rule
/// counts. A caller goes up at once, after a random delay, and comes down by single steps. <see cref="Posture.Blocked"/> comes of no
/// default.</para>
/// <para>An operator's <see cref="CallerOverride.Posture"/> and <see cref="CallerOverride.Exempt"/> always win. All of it can be changed
/// by a reload.</para>
/// </remarks>
public sealed class PostureOptions
{
    /// <summary>Act, only say what would have been done, or neither. A shield in <see cref="ShieldMode.ObserveOnly"/> never acts.</summary>
    /// <value>The default is <see cref="PostureMode.Act"/>.</value>
    public PostureMode Mode { get; set; }

    /// <summary>For an alarm of the Full family: for review, as honest callers whose inputs differ from calibrated ones raise it too.</summary>
    /// <value>The default is <see cref="Posture.Guarded"/>.</value>
    public Posture FullAlarm { get; set; } = Posture.Guarded;

    /// <summary>For an alarm of the Full family at the strict level in two epochs.</summary>
    /// <value>The default is <see cref="Posture.Restricted"/>.</value>
    public Posture RepeatedFullAlarm { get; set; } = Posture.Restricted;

    /// <summary>For an alarm of the Output family: strong evidence.</summary>
    /// <value>The default is <see cref="Posture.Restricted"/>.</value>
    public Posture OutputAlarm { get; set; } = Posture.Restricted;

    /// <summary>For alarms without a promise: of a cold start, or of a calibration with too few callers.</summary>
    /// <value>The default, <see cref="Posture.Normal"/>: an event only.</value>
    public Posture AdvisoryAlarm { get; set; }

    /// <summary>For callers of a campaign.</summary>
    /// <value>The default is <see cref="Posture.Guarded"/>.</value>
    public Posture Campaign { get; set; } = Posture.Guarded;

    /// <summary>For callers of a campaign of which one has an alarm of the Output family. That one is treated as <see cref="OutputAlarm"/> says
    /// whatever this is; the others may only resemble it, and whoever holds one key of a campaign could drag them along by being loud.</summary>
    /// <value>The default is <see cref="Posture.Guarded"/>, as for any campaign.</value>
    public Posture CampaignWithOutputAlarm { get; set; } = Posture.Guarded;

    /// <summary>Limits on a caller's leak odometer. Honest busy callers spend it too, as fast as a thief who asks what they ask: a band prices
    /// use, it does not find thieves.</summary>
    /// <value>Up to 8 bands of rising limits; the default is none.</value>
    public IList<OdometerBand> CallerOdometer { get; set; } = [];

    /// <summary>Limits on the leak odometer of a tenant's callers together; the posture is that of each of them. Where more tenants ask than
    /// <see cref="CallerOptions.TenantCapacity"/> holds, a newcomer can read too high: it takes over the odometer of the one with the least.</summary>
    /// <value>Up to 8 bands of rising limits; the default is none.</value>
    public IList<OdometerBand> TenantOdometer { get; set; } = [];

    /// <summary>Limits on the leak odometer of a campaign's callers together; the posture is that of each of them.</summary>
    /// <value>Up to 8 bands of rising limits; the default is none.</value>
    public IList<OdometerBand> CampaignOdometer { get; set; } = [];

    /// <summary>Share of its daily query quota from which on a caller gets <see cref="QuotaPosture"/>, for the rest of the UTC day at the least.</summary>
    /// <value>.01 to 1; the default, <see langword="null"/>: never.</value>
    public double? QuotaShare { get; set; }

    /// <summary>For callers that have used <see cref="QuotaShare"/>.</summary>
    /// <value>The default is <see cref="Posture.Guarded"/>.</value>
    public Posture QuotaPosture { get; set; } = Posture.Guarded;

    /// <summary>How long a posture is kept at the least.</summary>
    /// <value>0 to 31 days; the default is an hour.</value>
    public TimeSpan Dwell { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long there has to be no new evidence that asks for a posture before it goes down by one step. Each step takes as long.</summary>
    /// <value>0 to 366 days; the default is 7 days.</value>
    public TimeSpan Decay { get; set; } = TimeSpan.FromDays(7);

    /// <summary>A caller goes up after 0 to this many more queries, a keyed random number, so that nobody can tell which one gave it away; or after
    /// <see cref="DelayTime"/>, if that comes first.</summary>
    /// <value>0 to 10,000; the default is 64.</value>
    public int DelayQueries { get; set; } = 64;

    /// <summary>The longest time before a caller goes up; how much of it is random and keyed. Looked at each second.</summary>
    /// <value>0 to an hour; the default is 30 seconds.</value>
    public TimeSpan DelayTime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Share of its own rate that a restricted caller may ask. A refusal tells it that something has changed: coarser answers do not.</summary>
    /// <value>.01 to 1; the default, <see langword="null"/>: its whole rate.</value>
    public double? Throttle { get; set; }

    /// <summary>The posture from which on the host's <see cref="IShieldContainment.RevokeAsync"/> is called, once each time it is reached.</summary>
    /// <value>The default, <see langword="null"/>: never.</value>
    public Posture? RevokeFrom { get; set; }

    /// <summary>The posture from which on the host's <see cref="IShieldContainment.RotateAsync"/> is called, once each time it is reached.</summary>
    /// <value>The default, <see langword="null"/>: never.</value>
    public Posture? RotateFrom { get; set; }

    /// <summary>Tenants whose callers get no automatic posture, by the names that <see cref="Shield.IdentifyCaller(string)"/> is given. Not stored.</summary>
    /// <value>Up to 10,000 names; the default is none.</value>
    public IList<string> AllowedTenants { get; set; } = [];

    /// <summary>Harden every row as in every posture and release the one answer, so that the time it takes does not tell the posture.</summary>
    /// <value>The default, <see langword="null"/>: where postures can change by themselves, which takes a calibration. True where operators set
    /// postures by hand and that may not show either. Rows of more than 4,096 numbers are hardened once whatever this says: their time
    /// tells postures apart. The answer cache of a session rests meanwhile: which answers it holds would tell.</value>
    public bool? EqualWork { get; set; }
}
