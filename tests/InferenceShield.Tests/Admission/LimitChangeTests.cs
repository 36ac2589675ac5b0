namespace InferenceShield.Tests;

/// <summary>Limits that change while queries run: what was used up stays the same number of queries, neither more nor less.</summary>
public sealed class LimitChangeTests
{
    private const int Burst = 1000;

    private readonly ManualTimeProvider _clock = new();

    private static LimitOptions PerSecond => new() { Queries = 1000, Period = TimeSpan.FromSeconds(1), Burst = Burst };

    private static LimitOptions PerHour => new() { Queries = 60, Period = TimeSpan.FromHours(1), Burst = Burst };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_global_limit(bool tighter)
    {
        for (int round = 0; round < 10; round++)
        {
            GlobalLimit limit = new(tighter ? PerSecond : PerHour, _clock);
            using Shield shield = Build(options => options.Admission.PerCaller = Wide(), limit);
            Run(shield, () => limit.Change(tighter ? PerHour : PerSecond));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_callers_own_limit(bool tighter)
    {
        for (int round = 0; round < 10; round++)
        {
            using Shield shield = Build(options => options.Admission.PerCaller = tighter ? PerSecond : PerHour);
            CallerKey caller = shield.IdentifyCaller("caller");
            Run(shield, () => shield.Overrides.Set(caller, new CallerOverride { Limit = tighter ? PerHour : PerSecond }));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_limit_taken_back(bool tighter)
    {
        for (int round = 0; round < 10; round++)
        {
            using Shield shield = Build(options => options.Admission.PerCaller = tighter ? PerHour : PerSecond);
            CallerKey caller = shield.IdentifyCaller("caller");
            shield.Overrides.Set(caller, new CallerOverride { Limit = tighter ? PerSecond : PerHour });
            Run(shield, () => shield.Overrides.Restore(caller));
        }
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public void A_plan(bool tighter, bool ofTheModel)
    {
        for (int round = 0; round < 10; round++)
        {
            using Shield shield = Build(options => Set(options, tighter ? PerSecond : PerHour));
            ShieldOptions next = TestShield.Options();
            next.Callers.Capacity = 64;
            next.Admission.MaxRowsPerCall = 1;
            Set(next, tighter ? PerHour : PerSecond);
            Run(shield, () => shield.Reload(next));
        }

        void Set(ShieldOptions options, LimitOptions limit)
        {
            (options.Admission.PerCaller, options.Admission.PerModel) = ofTheModel ? (Wide(), limit) : (limit, null);
            options.Admission.Overflow = new RateOptions { Queries = 1, Period = TimeSpan.FromHours(1), Burst = 1 };
        }
    }

    /// <summary>Three threads use the limit up while it changes; then exactly its burst was admitted, and a query is worn off as
    /// the limit in force says.</summary>
    private void Run(Shield shield, Action change)
    {
        int admitted = 0;
        Threads.Run(4, thread =>
        {
            if (thread == 0)
            {
                Threads.WaitUntil(() => Volatile.Read(ref admitted) > 10);
                change();
                return;
            }

            for (int i = 0; i < 100_000 && Volatile.Read(ref admitted) < Burst; i++)
            {
                Interlocked.Add(ref admitted, shield.AdmitRows(1).IsAdmitted ? 1 : 0);
            }
        });
        while (shield.AdmitRows(1).IsAdmitted)
        {
            admitted++;
        }

        // Restating rounds up, so that one query may be missing; never is there one too many, and nobody is locked out.
        Assert.InRange(admitted, Burst - 1, Burst);
        Assert.InRange(shield.AdmitRows(1).RetryAfter, TimeSpan.Zero, TimeSpan.FromMinutes(2));
    }

    private static LimitOptions Wide() => new() { Queries = 1_000_000, Period = TimeSpan.FromSeconds(1), Burst = 1_000_000 };

    private Shield Build(Action<ShieldOptions> configure, GlobalLimit? limit = null)
    {
        ShieldBuilder builder = new ShieldBuilder("model")
            .UseSecret(ShieldSecrets.FromBytes(TestShield.Secret(1)))
            .AddOutput(TestShield.Output, OutputKind.Probabilities)
            .Configure(options =>
            {
                configure(options);
                options.Callers.Capacity = 64;
                options.Admission.MaxRowsPerCall = 1;
            })
            .UseTimeProvider(_clock);
        return (limit is null ? builder : builder.UseGlobalLimit(limit)).Build();
    }
}
