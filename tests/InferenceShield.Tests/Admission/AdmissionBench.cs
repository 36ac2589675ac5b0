namespace InferenceShield.Tests;

/// <summary>Admission control by itself, from a date on; tests say what time it is, to the nanosecond.</summary>
internal sealed class AdmissionBench : IDisposable
{
    private readonly Shield _shield;
    private readonly Dictionary<AdmissionModel.Group, CallerHandle> _handles = [];

    public AdmissionBench(AdmissionOptions admission, DateTimeOffset start, Action<ShieldOptions>? configure = null)
    {
        _shield = TestShield.Build(
            configure: options =>
            {
                options.Callers.Capacity = options.Callers.TenantCapacity = options.Callers.NetworkCapacity = 8;
                options.Callers.Dossiers = 0;
                options.Admission = admission;
                configure?.Invoke(options);
            },
            clock: new DatedTimeProvider(start));
        using ShieldSecret secret = new(TestShield.Secret(1));
        using ReleaseFileKey key = ReleaseFileKey.Of(secret);
        Plan = ShieldPlan.Compile(_shield, Options(admission, configure), "", key, serving: null);
        Control = new AdmissionControl(
            new ShieldClock(new DatedTimeProvider(start)),
            Plan,
            new CallerTable(Plan.CallerCapacity),
            new DossierTable(0, () => throw new InvalidOperationException()));
    }

    public ShieldPlan Plan { get; }

    public AdmissionControl Control { get; }

    public CallerKey Caller(int number) => _shield.IdentifyCaller($"caller {number}");

    public CallerKey Tenant(int number) => number < 0 ? default : _shield.IdentifyCaller($"tenant {number}");

    public CallerKey Network(int number) => number < 0 ? default : _shield.IdentifyCaller($"network {number}");

    public CallerHandle Handle(AdmissionModel.Group who)
    {
        if (!_handles.TryGetValue(who, out CallerHandle? handle))
        {
            handle = _shield.GetHandle(Caller(who.Caller), Tenant(who.Tenant), Network(who.Network));
            _handles.Add(who, handle);
        }

        return handle;
    }

    public AdmissionDecision Decide(AdmissionModel.Group who, int rows, long now, bool byKey = false) => byKey
        ? Control.Decide(Plan, Caller(who.Caller), rows, now, countsRefusal: true)
        : Control.Decide(Plan, Handle(who), rows, now, countsRefusal: true);

    /// <summary>Every word that decides about a query, of all that may have asked; and what was counted as admitted.</summary>
    public List<(long Arrival, ulong DailyQueries, ulong MonthlyQueries, ulong DailyCost, ulong MonthlyCost, ulong Standing, long Calls, long Admitted, long Cost)> Words(int callers, int groups)
    {
        List<(long, ulong, ulong, ulong, ulong, ulong, long, long, long)> words = [Words(in Control.Model)];
        words.AddRange(Enumerable.Range(0, callers).Select(number => Words(Control.Callers, Caller(number))));
        words.AddRange(Enumerable.Range(0, groups).Select(number => Words(Control.Tenants, Tenant(number))));
        words.AddRange(Enumerable.Range(0, groups).Select(number => Words(Control.Networks, Network(number))));
        words.Add(Words(in Control.Callers[Control.Callers.OverflowSlot]));
        words.Add(Words(in Control.Tenants[Control.Tenants.OverflowSlot]));
        words.Add(Words(in Control.Networks[Control.Networks.OverflowSlot]));
        return words;
    }

    public void Dispose() => _shield.Dispose();

    private static ShieldOptions Options(AdmissionOptions admission, Action<ShieldOptions>? configure)
    {
        ShieldOptions options = TestShield.Options();
        options.Callers.Capacity = options.Callers.TenantCapacity = options.Callers.NetworkCapacity = 8;
        options.Callers.Dossiers = 0;
        options.Admission = admission;
        configure?.Invoke(options);
        return options;
    }

    private static (long, ulong, ulong, ulong, ulong, ulong, long, long, long) Words(CallerTable table, CallerKey key) =>
        table.Find(key) is >= 0 and int slot ? Words(in table[slot]) : default;

    private static (long, ulong, ulong, ulong, ulong, ulong, long, long, long) Words(in CallerRecord record)
    {
        CallCounts counts = record.Counters.Read();
        return (record.Arrival, record.DailyQueries, record.MonthlyQueries, record.DailyCost, record.MonthlyCost, record.Standing, counts.Calls, counts.Admitted, counts.Cost);
    }
}
