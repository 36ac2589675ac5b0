using InferenceShield.OnnxRuntime;
using InferenceShield.Samples;

namespace InferenceShield.Lab.Tests;

/// <summary>A shielded session as its callers see it: limits, waits, delays, outputs.</summary>
public sealed class ShieldedSessionOracleTests : IDisposable
{
    private readonly SimulatedTimeProvider _time = new();
    private readonly Dataset _images = TestData.Images(200);
    private Shield? _shield;
    private ShieldedSession? _session;

    public void Dispose()
    {
        _session?.Dispose();
        _shield?.Dispose();
    }

    [Fact]
    public async Task Answers_are_those_of_the_session_for_every_output()
    {
        ShieldedSession session = Open(static _ => { });
        CallerKey caller = session.Shield.IdentifyCaller("alice");
        using ShieldedRequest request = session.CreateRequest();
        request.SetInput<float>("image", _images.Slice(0, 40).Values.Span, [40, 1, 28, 28]);
        Assert.True(session.Run(caller, request).IsAdmitted);
        foreach ((string output, int length) in new[] { ("probabilities", 10), ("embedding", 64) })
        {
            using ShieldedSessionOracle oracle = new(session, session.Shield.GetHandle(caller), output, rowsPerCall: 7, _time);
            Assert.Equal((784, length), (oracle.InputLength, oracle.AnswerLength));
            float[] answers = new float[40 * length];
            Assert.Equal(new OracleReply(40), await oracle.AskAsync(_images.Slice(0, 40).Values, answers, default));
            Assert.Equal(request.GetOutput(output).ToArray(), answers);
        }

        Assert.Contains("Name the output", Assert.Throws<ArgumentException>(() => new ShieldedSessionOracle(session, caller)).Message, StringComparison.Ordinal);
        Assert.Contains("no output 'logits'", Assert.Throws<ArgumentException>(() => new ShieldedSessionOracle(session, caller, "logits")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_ends_the_batch_and_says_what_was_never_asked()
    {
        ShieldedSession session = Open(static admission => admission.PerCaller = new LimitOptions { Queries = 60, Period = TimeSpan.FromHours(1), Burst = 20 });
        using ShieldedSessionOracle oracle = new(session, session.Shield.IdentifyCaller("alice"), "probabilities", rowsPerCall: 8, _time);
        float[] answers = new float[40 * 10];
        Assert.Equal(
            new OracleReply(16, TimeSpan.FromMinutes(4), Unasked: 16),
            await oracle.AskAsync(_images.Slice(0, 40).Values, answers, default));
        Assert.Equal((16, 8), (session.Shield.GetStatistics().Admitted, session.Shield.GetStatistics().Refused));
    }

    [Fact]
    public async Task The_theft_of_a_rate_limited_model_ends_in_simulated_time()
    {
        ShieldedSession session = Open(static admission => admission.PerCaller = new LimitOptions { Queries = 60, Period = TimeSpan.FromHours(1), Burst = 20 });
        using ShieldedSessionOracle oracle = new(session, session.Shield.IdentifyCaller("alice"), "probabilities", rowsPerCall: 8, _time);
        QueryMeter meter = new();
        float[] answers = new float[200 * 10];
        OracleReply reply = await new RetryOracle(new ObservedOracle(oracle, "alice", meter)).AskAsync(_images.Values, answers, default);
        Assert.Equal(200, reply.Answered);
        Assert.Equal(TimeSpan.FromMinutes(180), meter.Duration); // 20 at once, then one a minute
        Assert.Equal(TimeSpan.FromMinutes(180), meter.ToldToWait);
        Assert.Equal(session.Shield.GetStatistics().Admitted, meter.Answered);
        Assert.Equal(session.Shield.GetStatistics().Refused, meter.Refused);
    }

    [Fact]
    public async Task A_blocked_caller_is_delayed_or_refused_for_good()
    {
        ShieldedSession session = Open(static admission =>
        {
            admission.Blocked = BlockedTreatment.Restrict;
            admission.BlockedDelay = TimeSpan.FromSeconds(3);
        });
        CallerKey delayed = session.Shield.IdentifyCaller("delayed");
        CallerKey revoked = session.Shield.IdentifyCaller("revoked");
        session.Shield.Overrides.Set(delayed, new CallerOverride { Posture = Posture.Blocked });
        session.Shield.Overrides.Revoke(revoked);
        float[] answers = new float[20 * 10];
        using ShieldedSessionOracle slow = new(session, delayed, "probabilities", rowsPerCall: 5, _time);
        Assert.Equal(new OracleReply(20, Delay: TimeSpan.FromSeconds(12)), await slow.AskAsync(_images.Slice(0, 20).Values, answers, default));
        Assert.Equal(TimeSpan.FromSeconds(12), _time.Elapsed);
        using ShieldedSessionOracle refused = new(session, revoked, "probabilities", rowsPerCall: 5, _time);
        OracleReply reply = await refused.AskAsync(_images.Slice(0, 20).Values, answers, default);
        Assert.Equal((0, 15, false), (reply.Answered, reply.Unasked, reply.WaitingHelps));
    }

    [Fact]
    public async Task Many_callers_in_turn_are_answered_more_than_one_is()
    {
        ShieldedSession session = Open(static admission => admission.PerCaller = new LimitOptions { Queries = 60, Period = TimeSpan.FromHours(1), Burst = 20 });
        ShieldedSessionOracle[] callers = [.. Enumerable.Range(0, 5).Select(i => new ShieldedSessionOracle(session, session.Shield.IdentifyCaller($"sybil{i}"), "probabilities", 4, _time))];
        RecordingObserver observer = new();
        SybilOracle sybils = new([.. callers.Select((caller, i) => new ObservedOracle(caller, $"sybil{i}", observer))], rowsPerTurn: 4);
        QueryMeter meter = new();
        OracleReply reply = await new RetryOracle(new ObservedOracle(sybils, "campaign", meter)).AskAsync(_images.Values, new float[200 * 10], default);
        Assert.Equal(200, reply.Answered);
        Assert.InRange(meter.Duration, TimeSpan.FromMinutes(20), TimeSpan.FromMinutes(21)); // (200 - 5 * 20) / 5
        Assert.Equal(meter.Asked, observer.Rows.Count);
        Assert.Equal(5, observer.Rows.Select(row => row.Caller).Distinct().Count());
        foreach (ShieldedSessionOracle caller in callers)
        {
            caller.Dispose();
        }
    }

    private ShieldedSession Open(Action<AdmissionOptions> configure)
    {
        _shield = new ShieldBuilder("fashion")
            .UseSecret(ShieldSecrets.FromBytes(new byte[31].Append((byte)7).ToArray()))
            .AddOutput("probabilities", OutputKind.Probabilities)
            .AddOutput("embedding", OutputKind.Embedding)
            .Configure(options => configure(options.Admission))
            .UseTimeProvider(_time)
            .Build();
        return _session = new ShieldedSession(_shield, SampleFiles.GetModel("fashion.onnx"));
    }
}
