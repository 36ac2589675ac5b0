using InferenceShield.Numerics;

namespace InferenceShield.Tests;

/// <summary>A posture engine over a real caller table, with evidence, rules and time as a test says.</summary>
internal sealed class PostureBench : IDisposable
{
    public static readonly SipHashKey DelayKey = new(TestShield.Secret(7).AsSpan(0, 16));

    private readonly Shield _shield;

    public PostureBench(
        PostureOptions? options = null, int capacity = 64, int cases = PostureEngine.LargestCapacity, CallerWatchTable? watches = null,
        DetectionCalibration? calibration = null, ContainmentRunner? containment = null, Action<ShieldOptions>? configure = null)
    {
        void Configure(ShieldOptions all)
        {
            all.Callers.Capacity = capacity;
            all.Callers.Dossiers = 0;
            configure?.Invoke(all);
        }

        _shield = TestShield.Build(configure: Configure, clock: Time);
        ShieldOptions compiled = TestShield.Options();
        Configure(compiled);
        using ShieldSecret secret = new(TestShield.Secret(1));
        using ReleaseFileKey key = ReleaseFileKey.Of(secret);
        Plan = ShieldPlan.Compile(_shield, compiled, "", key, serving: null);
        Clock = ShieldClock.Of(Time);
        Admission = new AdmissionControl(Clock, Plan, new CallerTable(capacity), new DossierTable(0, () => throw new InvalidOperationException()));
        Rules = RulesOf(options ?? Swift());
        Engine = new PostureEngine("model", Admission, () => Rules, () => calibration, watches, null, DelayKey, Time, Events.Add, containment, cases);
        Engine.Tick(0);
    }

    public ManualTimeProvider Time { get; } = new();

    public ShieldClock Clock { get; }

    public ShieldPlan Plan { get; }

    public AdmissionControl Admission { get; }

    public PostureEngine Engine { get; }

    public PostureRules Rules { get; set; }

    public List<ShieldEvent> Events { get; } = [];

    public long Now { get; private set; }

    public IEnumerable<ShieldEvent> Transitions => Events.Where(one => one.Kind == ShieldEventKind.PostureChanged);

    /// <summary>The defaults, without a delay.</summary>
    public static PostureOptions Swift() => new() { DelayQueries = 0, DelayTime = TimeSpan.Zero };

    public PostureRules RulesOf(PostureOptions options, bool enforces = true) => new(options, enforces, _shield.IdentifyCaller);

    public CallerKey Caller(int number) => _shield.IdentifyCaller($"caller {number}");

    public CallerKey Tenant(int number) => _shield.IdentifyCaller($"tenant {number}");

    public Posture PostureOf(int caller) => Admission.PostureOf(Caller(caller));

    /// <summary>Something is read of a caller; no time passes.</summary>
    public void Take(int caller, int queries, double odometer, params DetectionVerdict[] verdicts) =>
        Engine.Take(Caller(caller), new CallerReading(0, queries, default, odometer, verdicts));

    public void Tick(TimeSpan time)
    {
        Now += time.Ticks * 100;
        Engine.Tick(Now);
    }

    public static DetectionVerdict Alarm(
        DetectionFamily family, DetectionLevel level = DetectionLevel.Promise, int queries = 10, int epoch = 0, int epochs = 1, bool isAdvisory = false,
        DetectionStatistic statistic = DetectionStatistic.Cumulative) => new()
        {
            Family = family,
            Level = level,
            Statistic = statistic,
            Queries = queries,
            Value = 2,
            Threshold = 1,
            Promise = .01,
            IsExtrapolated = false,
            IsAdvisory = isAdvisory,
            Epoch = epoch,
            LatestEpoch = epoch,
            Epochs = epochs,
            Reasons = ["because"],
        };

    public void Dispose() => _shield.Dispose();
}
