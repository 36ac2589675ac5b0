using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InferenceShield.Tests;

/// <summary>Shield.Reload: new options for new queries; state stays, and so do the last good options.</summary>
public sealed class ShieldReloadTests
{
    [Theory]
    [InlineData(10, 256)]
    [InlineData(100, 64)]
    [InlineData(500, 256)]
    [InlineData(100_000, 256)]
    public void A_budget_that_is_used_up_stays_used_up_under_any_rate_and_back(int queries, int burst)
    {
        ManualTimeProvider clock = new();
        using Shield shield = TestShield.Build(configure: options => TestShield.SetLimits(options, 1000, TimeSpan.FromHours(1), 256), clock: clock);
        Assert.True(shield.AdmitRows(256).IsAdmitted);
        foreach ((int rate, int most) in ((int, int)[])[(queries, burst), (1000, 256)])
        {
            ShieldOptions options = TestShield.Options();
            TestShield.SetLimits(options, rate, TimeSpan.FromHours(1), most);
            shield.Reload(options);
            Assert.False(shield.AdmitRows(1).IsAdmitted);
        }

        // And nobody is locked out for longer than the rate says: 3.6 s a query at 1,000 an hour, one lost to rounding.
        clock.Advance(TimeSpan.FromSeconds(2 * 3.6));
        Assert.True(burst < 256 || shield.AdmitRows(1).IsAdmitted);
    }

    private static readonly Dictionary<string, Action<ShieldOptions>> s_changes = new()
    {
        ["mode"] = o => o.Mode = ShieldMode.ObserveOnly,
        ["queries"] = o => o.Admission.PerCaller.Queries = o.Admission.Overflow.Queries = 999_999,
        ["burst"] = o => o.Admission.PerCaller.Burst = o.Admission.Overflow.Burst = 10,
        ["overflow queries"] = o => o.Admission.Overflow.Queries = 1,
        ["overflow burst"] = o => o.Admission.Overflow.Burst = 1,
        ["overflow period at the same rate"] = o => (o.Admission.Overflow.Queries, o.Admission.Overflow.Period) = (2_000_000, TimeSpan.FromSeconds(2)),
        ["rows per call"] = o => o.Admission.MaxRowsPerCall = 7,
        ["decimals"] = o => o.Hardening.Decimals = 3,
        ["label only"] = o => o.Hardening.Release = Release.LabelOnly,
        ["top-k"] = o => o.Hardening.TopK = 3,
        ["noise"] = o => o.Hardening.KeyedNoiseBudget = 0.1,
        ["temperature"] = o => o.Hardening.Temperature = 2,
        ["digits"] = o => o.Hardening.SignificantDigits = 2,
        ["blocked"] = o => o.Admission.Blocked = BlockedTreatment.Restrict,
        ["least information"] = o => o.Hardening.LeastInformationBudget = 0.1,
        ["guarded release"] = o => o.Guarded.Release = Release.LabelOnly,
        ["guarded edges"] = o => o.Guarded.BandEdges = [0.5, 0.9],
        ["restricted release"] = o => o.Restricted.Release = Release.Bands,
        ["an output's guarded"] = o => o.Outputs[TestShield.Output].Guarded = new HardeningOptions { Release = Release.LabelOnly },
        ["classes"] = o => o.Outputs[TestShield.Output].Classes = 2,
        ["an output's own"] = o => o.Outputs[TestShield.Output].Hardening = new HardeningOptions { Decimals = 1 },
    };

    public static TheoryData<string> Changes { get; } = [.. s_changes.Keys];

    [Fact]
    public void New_options_hold_for_later_admissions_and_older_ones_keep_theirs()
    {
        using RecordingLoggerFactory logger = new();
        using Shield shield = TestShield.Build(logger: logger);
        Admission older = shield.AdmitRows(1);
        shield.Reload(Changed(options => options.Hardening.Decimals = 4));
        Admission later = shield.AdmitRows(1);
        Assert.Equal([0.1235f, 0.8765f], Harden(shield, later));
        Assert.Equal([0.12f, 0.88f], Harden(shield, older));
        Assert.Equal(2, shield.GetStatistics().PlanVersion);
        Assert.Equal("Shield 'model' serves plan 2 now", Assert.Single(logger.Messages("PlanReloaded")));
        Assert.Equal("Shield 'model' (Enforce, plan 2)", shield.ToString());
    }

    [Fact]
    public void An_older_admission_keeps_its_mode_as_well()
    {
        using Shield shield = TestShield.Build();
        Admission enforced = shield.AdmitRows(1);
        shield.Reload(Changed(options => options.Mode = ShieldMode.ObserveOnly));
        Admission observed = shield.AdmitRows(1);
        Assert.False(shield.Enforces);
        Assert.Equal([0.12345f, 0.87655f], Harden(shield, observed));
        Assert.Equal([0.12f, 0.88f], Harden(shield, enforced));
        shield.Reload(TestShield.Options());
        Assert.True(shield.Enforces);
        Assert.Equal([0.12345f, 0.87655f], Harden(shield, observed));
    }

    [Fact]
    public void The_same_options_again_are_no_new_plan()
    {
        using RecordingLoggerFactory logger = new();
        using Shield shield = TestShield.Build(logger: logger);
        shield.Reload(TestShield.Options());
        shield.Reload(TestShield.Options());
        Assert.Equal(1, shield.GetStatistics().PlanVersion);
        Assert.Empty(logger.Messages("PlanReloaded"));
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public void Every_option_that_may_change_makes_a_new_plan(string change)
    {
        using Shield shield = TestShield.Build();
        shield.Reload(Changed(s_changes[change]));
        Assert.Equal(2, shield.GetStatistics().PlanVersion);
    }

    [Fact]
    public void Options_that_are_not_valid_leave_the_last_good_ones_in_force()
    {
        using RecordingLoggerFactory logger = new();
        using Shield shield = TestShield.Build(logger: logger);
        shield.Reload(Changed(options => options.Hardening.Decimals = 4));
        OptionsValidationException exception = Assert.Throws<OptionsValidationException>(() => shield.Reload(Changed(options =>
        {
            options.Hardening.Decimals = 9;
            options.Admission.PerCaller.Queries = 0;
        })));
        Assert.Equal(2, exception.Failures.Count());
        Assert.Equal(exception.Message, shield.ReloadFault);
        Assert.Equal(2, shield.GetStatistics().PlanVersion);
        Assert.Equal([0.1235f, 0.8765f], Harden(shield, shield.AdmitRows(1)));
        Assert.Equal(
            $"Shield 'model' keeps plan 2: the new options are not valid. {exception.Message}", Assert.Single(logger.Messages("ReloadRejected")));
        Assert.Contains(logger.Entries, entry => entry is { Level: LogLevel.Error, Event.Name: "ReloadRejected" });

        shield.Reload(Changed(options => options.Hardening.Decimals = 3));
        Assert.Null(shield.ReloadFault);
        Assert.Equal(3, shield.GetStatistics().PlanVersion);
    }

    [Fact]
    public void Going_back_to_the_options_in_force_clears_the_fault()
    {
        using Shield shield = TestShield.Build();
        Assert.Throws<OptionsValidationException>(() => shield.Reload(Changed(options => options.Hardening.Decimals = 9)));
        Assert.NotNull(shield.ReloadFault);
        shield.Reload(TestShield.Options());
        Assert.Null(shield.ReloadFault);
        Assert.Equal(1, shield.GetStatistics().PlanVersion);
    }

    [Fact]
    public void A_reload_refills_no_budget_and_forgets_no_caller()
    {
        ManualTimeProvider clock = new();
        using Shield shield = Limited(clock, queries: 60, burst: 4);
        Assert.True(shield.AdmitRows(4).IsAdmitted);
        Admission denied = shield.AdmitRows(2);
        shield.Reload(Limits(queries: 60, burst: 4, options => options.Hardening.Decimals = 3));
        Admission still = shield.AdmitRows(2);
        Assert.False(still.IsAdmitted);
        Assert.Equal(denied.RetryAfter, still.RetryAfter);
        Assert.True(shield.TryGetCaller(shield.IdentifyCaller("caller"), out CallerStatistics statistics));
        Assert.Equal(new CallerStatistics { Calls = 1, Admitted = 4, RefusedCalls = 2, Refused = 4, Repeated = 3, Cost = 4 }, statistics);
        Assert.Equal((4L, 4L, 2), (shield.GetStatistics().Admitted, shield.GetStatistics().Refused, shield.GetStatistics().PlanVersion));
    }

    [Fact]
    public void New_limits_reinterpret_what_was_used()
    {
        ManualTimeProvider clock = new();
        using Shield shield = Limited(clock, queries: 60, burst: 4);
        Assert.True(shield.AdmitRows(4).IsAdmitted);

        // Twice the burst at the same rate: four used, four left.
        shield.Reload(Limits(queries: 60, burst: 8));
        Assert.True(shield.AdmitRows(4).IsAdmitted);
        Assert.False(shield.AdmitRows(1).IsAdmitted);

        // Back to less than was used: the caller waits until it is within the new limits.
        shield.Reload(Limits(queries: 60, burst: 2));
        Assert.Equal(2, shield.MaxRowsPerCall);
        Assert.Equal(TimeSpan.FromSeconds(7), shield.AdmitRows(1).RetryAfter);
        Assert.Throws<InvalidQueryException>(() => shield.AdmitRows(3));
    }

    [Fact]
    public void Capacity_and_outputs_are_fixed_while_serving()
    {
        using Shield shield = TestShield.Build();
        AssertRejected(
            "Callers:Capacity is 17; allowed: 16, as at start; it is fixed while serving. Restart to change it.",
            options => options.Callers.Capacity = 17);
        const string Outputs = "Outputs: names and kinds are fixed while serving. Restart to change them.";
        AssertRejected(Outputs, options => options.Outputs[TestShield.Output].Kind = OutputKind.Logits);
        AssertRejected(Outputs, options => options.Outputs["second"] = new OutputOptions { Kind = OutputKind.Logits });
        AssertRejected(Outputs, options =>
        {
            options.Outputs["renamed"] = options.Outputs[TestShield.Output];
            options.Outputs.Remove(TestShield.Output);
        });
        Assert.Equal(1, shield.GetStatistics().PlanVersion);

        void AssertRejected(string fault, Action<ShieldOptions> change) =>
            Assert.Equal([fault], Assert.Throws<OptionsValidationException>(() => shield.Reload(Changed(change))).Failures);
    }

    [Fact]
    public void Options_are_read_once()
    {
        using Shield shield = TestShield.Build();
        ShieldOptions options = Changed(o => o.Hardening.Decimals = 3);
        shield.Reload(options);
        options.Hardening.Decimals = 1;
        Assert.Equal([0.123f, 0.877f], Harden(shield, shield.AdmitRows(1)));
    }

    [Fact]
    public void Null_is_a_misuse()
    {
        using Shield shield = TestShield.Build();
        Assert.Throws<ArgumentNullException>(() => shield.Reload(null!));
    }

    [Fact]
    public void Queries_that_run_during_reloads_get_one_plan_or_the_other()
    {
        using Shield shield = TestShield.Build();
        bool done = false;
        Threads.Run(5, thread =>
        {
            if (thread == 0)
            {
                for (int i = 0; i < 2000; i++)
                {
                    shield.Reload(Changed(options => options.Hardening.Decimals = i % 2 == 0 ? 4 : 2));
                }

                Volatile.Write(ref done, true);
                return;
            }

            do
            {
                Admission admission = shield.AdmitRows(2, $"caller {thread}");
                float[] scores = [0.12345f, 0.87655f, 0.12345f, 0.87655f];
                shield.Harden(in admission, scores, 2);
                Assert.Contains(scores[0], new[] { 0.12f, 0.1235f });
                Assert.Equal(scores[0], scores[2]);
            }
            while (!Volatile.Read(ref done));
        });
        Assert.Equal(2001, shield.GetStatistics().PlanVersion);
    }

    private static ShieldOptions Changed(Action<ShieldOptions> change)
    {
        ShieldOptions options = TestShield.Options();
        change(options);
        return options;
    }

    private static ShieldOptions Limits(int queries, int burst, Action<ShieldOptions>? change = null)
    {
        ShieldOptions options = TestShield.Options();
        TestShield.SetLimits(options, queries, TimeSpan.FromMinutes(1), burst);
        change?.Invoke(options);
        return options;
    }

    private static Shield Limited(TimeProvider clock, int queries, int burst) =>
        TestShield.Build(configure: options => TestShield.SetLimits(options, queries, TimeSpan.FromMinutes(1), burst), clock: clock);

    private static float[] Harden(Shield shield, Admission admission)
    {
        float[] scores = [0.12345f, 0.87655f];
        shield.Harden(in admission, scores, 2);
        return scores;
    }
}
