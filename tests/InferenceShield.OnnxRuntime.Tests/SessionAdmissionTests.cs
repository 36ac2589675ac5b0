using System.Diagnostics;

namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>Quotas through a session: a refusal is a value, runs nothing and hurts nobody else.</summary>
public sealed class SessionAdmissionTests
{
    /// <summary>Not in the table of the model: it fails if it is run at all.</summary>
    private const long Poison = 99;

    [Fact]
    public void Over_quota_is_refused_with_the_wait_and_nothing_runs()
    {
        ManualTimeProvider clock = new();
        using TestSession session = TestSession.Of(TestModels.Lookup(), OutputKind.Regression, configure: Limit(burst: 4), clock: clock);
        using ShieldedRequest request = session.Session.CreateRequest();
        request.SetInput<long>(TestModels.Input, [0, 1, 2], [3, 1]);
        Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);

        request.SetInput<long>(TestModels.Input, [Poison, Poison], [2, 1]);
        Admission refused = session.Session.Run(session.Caller, request);

        Assert.False(refused.IsAdmitted);
        Assert.Equal(AdmissionReason.Rate, refused.Reason);
        Assert.Equal(TimeSpan.FromSeconds(1), refused.RetryAfter);
        Assert.Equal(2, refused.Rows);
        Assert.Throws<InvalidOperationException>(() => request.GetOutput(TestModels.Output).Length);
        ShieldStatistics statistics = session.Shield.GetStatistics();
        Assert.Equal((3, 2, 3), (statistics.Admitted, statistics.Refused, statistics.Hardened));

        // Nothing was charged for it: the one row that is left is still there, and others have theirs.
        request.SetInput<long>(TestModels.Input, [3], [1, 1]);
        Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
        Assert.False(session.Session.Run(session.Caller, request).IsAdmitted);
        Assert.True(session.Session.Run(session.Shield.IdentifyCaller("other"), request).IsAdmitted);
        Assert.Equal([40f], request.GetOutput(TestModels.Output).ToArray());

        clock.Advance(TimeSpan.FromSeconds(1) - TimeSpan.FromTicks(1));
        Assert.False(session.Session.Run(session.Caller, request).IsAdmitted);
        clock.Advance(TimeSpan.FromTicks(1));
        Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
    }

    [Fact]
    public void Spans_of_a_refused_query_stay_as_they_are()
    {
        using TestSession session = TestSession.Of(TestModels.Linear(), OutputKind.Logits, configure: Limit(burst: 1), clock: new ManualTimeProvider());
        float[] released = session.Ask(TestModels.Weights(8), 10);
        float[] before = [.. released];
        float[] other = [8, 7, 6, 5, 4, 3, 2, 1];

        Admission refused = session.Session.Run(session.Caller, other, released);

        Assert.False(refused.IsAdmitted);
        Assert.Equal(TimeSpan.FromSeconds(1), refused.RetryAfter);
        Assertions.SameBits(before, released);
        Assert.True(session.Session.Run(session.Shield.IdentifyCaller("other"), other, released).IsAdmitted);
    }

    [Fact]
    public void A_refusal_costs_no_look_at_the_inputs()
    {
        // The least of many times on both sides: of a call that is refused, and of the digests of its rows alone.
        const int Rows = 20_000;
        using TestSession session = TestSession.Of(TestModels.Linear(), OutputKind.Logits, configure: Limit(Rows), clock: new ManualTimeProvider());
        using ShieldedRequest request = session.Session.CreateRequest();
        request.SetInput<float>(TestModels.Input, TestModels.Weights(Rows * 8), [Rows, 8]);
        Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
        byte[] row = new byte[32];
        TimeSpan refused = Least(() => Assert.False(session.Session.Run(session.Caller, request).IsAdmitted));
        TimeSpan digests = Least(() =>
        {
            for (int i = 0; i < Rows; i++)
            {
                session.Shield.Digest(row);
            }
        });
        Assert.True(refused < digests / 5, $"A refusal took {refused}, the digests alone {digests}.");
        Assert.True(session.Shield.TryGetCaller(session.Caller, out CallerStatistics statistics));
        Assert.Equal((1, 30), (statistics.Calls, statistics.RefusedCalls));

        static TimeSpan Least(Action action) => Enumerable.Range(0, 30).Min(_ =>
        {
            long start = Stopwatch.GetTimestamp();
            action();
            return Stopwatch.GetElapsedTime(start);
        });
    }

    [Fact]
    public void A_shield_that_only_observes_lets_everything_pass_and_counts_it()
    {
        float[] input = TestModels.Weights(24);
        using TestSession session = TestSession.Of(TestModels.Linear(), OutputKind.Logits, clock: new ManualTimeProvider(), configure: options =>
        {
            Limit(burst: 4)(options);
            options.Mode = ShieldMode.ObserveOnly;
        });
        float[] expected = new float[30];
        float[] weights = TestModels.Weights(80);
        for (int i = 0; i < 30; i++)
        {
            for (int k = 0; k < 8; k++)
            {
                expected[i] += input[(i / 10 * 8) + k] * weights[(k * 10) + (i % 10)];
            }
        }

        Assertions.SameBits(expected, session.Ask(input, 30));
        float[] released = new float[30];
        Admission admission = session.Session.Run(session.Caller, input, released);

        Assertions.SameBits(expected, released);
        Assert.True(admission.WouldBeRefused);
        Assert.Equal(TimeSpan.FromSeconds(2), admission.RetryAfter);
        ShieldStatistics statistics = session.Shield.GetStatistics();
        Assert.Equal((3, 0, 3, 0, 6), (statistics.Admitted, statistics.Refused, statistics.WouldBeRefused, statistics.Hardened, statistics.WouldBeHardened));
    }

    [Fact]
    public void A_reload_takes_effect_on_the_next_call()
    {
        using TestSession session = TestSession.Of(TestModels.Linear(), OutputKind.Logits);
        float[] two = session.Ask(TestModels.Weights(8), 10);
        ShieldOptions options = new() { Hardening = { Release = Release.LabelOnly }, Callers = { Capacity = 64 } };
        options.Outputs[TestModels.Output] = new OutputOptions { Kind = OutputKind.Logits };
        session.Shield.Reload(options);
        float[] label = session.Ask(TestModels.Weights(8), 10);
        Assertions.IsReleased(label, Assertions.FirstOfLargest(two), units: 1);
    }

    [Fact]
    public async Task A_blocked_caller_that_is_answered_gets_the_label_late_from_asynchronous_calls()
    {
        TimeSpan delay = TimeSpan.FromMilliseconds(200);
        using TestSession session = TestSession.Of(TestModels.Linear(), OutputKind.Logits, configure: options =>
            (options.Admission.Blocked, options.Admission.BlockedDelay) = (BlockedTreatment.Restrict, delay));
        session.Shield.Overrides.Set(session.Caller, new CallerOverride { Posture = Posture.Blocked });
        float[] input = TestModels.Weights(8);
        float[] label = session.Ask(input, 10);
        Assertions.IsReleased(label, Assertions.FirstOfLargest(label), units: 1);

        float[] released = new float[10];
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        Admission admission = await session.Session.RunAsync(session.Caller, input, released);
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(start) >= delay - TimeSpan.FromMilliseconds(20));
        Assert.Equal((true, delay), (admission.IsAdmitted, admission.Delay));
        Assertions.SameBits(label, released);
    }

    [Fact]
    public async Task A_late_answer_can_be_cancelled()
    {
        using TestSession session = TestSession.Of(TestModels.Linear(), OutputKind.Logits, configure: options =>
            (options.Admission.Blocked, options.Admission.BlockedDelay) = (BlockedTreatment.Restrict, TimeSpan.FromMinutes(1)));
        session.Shield.Overrides.Set(session.Caller, new CallerOverride { Posture = Posture.Blocked });
        using CancellationTokenSource source = new(TimeSpan.FromMilliseconds(50));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => session.Session.RunAsync(session.Caller, TestModels.Weights(8), new float[10], source.Token));
    }

    /// <summary>One query a second and a burst.</summary>
    private static Action<ShieldOptions> Limit(int burst) => options => options.Admission.Overflow = options.Admission.PerCaller =
        new LimitOptions { Queries = 1, Period = TimeSpan.FromSeconds(1), Burst = burst };
}
