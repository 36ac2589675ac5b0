using InferenceShield.OnnxRuntime;
using InferenceShield.Samples;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.Lab.Tests;

/// <summary>From benign images to a calibration in a file, a shield that names it, honest callers and thieves, and what becomes of each.</summary>
public sealed class WholeWayTests : IDisposable
{
    private const string Model = "fashion";
    private const int Callers = 400;
    private const int Honest = 20;
    private const int ThiefQueries = 240;

    private static readonly string s_path = SampleFiles.GetModel("fashion.onnx");
    private static readonly Lazy<Dataset> s_rows = new(() =>
    {
        FashionDataset images = FashionDataset.LoadSubset();
        return new Dataset(Model, images.Images, FashionDataset.PixelCount, Array.ConvertAll(images.Labels.ToArray(), label => (int)label), FashionDataset.ClassCount);
    });
    private static readonly Lazy<byte[]> s_calibration = new(Calibrate);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("inference-shield-tests-");
    private readonly SimulatedTimeProvider _time = new();

    private static HonestTraffic Traffic => new(s_rows.Value.Slice(0, 1_600), seed: 401, new HonestTrafficOptions { ImageSide = FashionDataset.Side, FewestQueries = 50, MostQueries = 200 });

    [Fact]
    public async Task Thieves_are_noticed_and_answered_more_coarsely_and_honest_callers_are_not()
    {
        KeepingSink sink = new();
        using Shield shield = Build(sink);
        using ShieldedSession session = Open(shield);
        (string Name, IQueryStrategy Strategy, Posture Least)[] thieves =
        [
            ("line", new LineProbes(), Posture.Restricted), ("boundary", new BoundaryProbes(), Posture.Restricted), ("noise", new NoiseStrategy(), Posture.Guarded),
        ];
        AskHonest(session);
        foreach ((string name, IQueryStrategy strategy, _) in thieves)
        {
            await StealAsync(session, name, strategy);
        }

        Tick(shield);
        for (int caller = 0; caller < Honest; caller++)
        {
            CallerDetection honest = shield.Detection!.TryGetCaller(shield.IdentifyCaller($"honest {caller}"))!;
            Assert.Equal((Posture.Normal, Posture.Normal), (honest.Posture, honest.Found));
        }

        float[] normal = Ask(session, "honest 0");
        foreach ((string name, _, Posture least) in thieves)
        {
            CallerDetection thief = shield.Detection!.TryGetCaller(shield.IdentifyCaller(name))!;
            Assert.InRange(thief.Posture, least, Posture.Restricted);
            Assert.NotEmpty(thief.Verdicts);
            Assert.All(thief.Verdicts, verdict => Assert.NotEmpty(verdict.Reasons));
            Assert.InRange(thief.Verdicts.Min(verdict => verdict.Queries), 1, 64);
            Assert.NotNull(thief.Reason);

            float[] coarse = Ask(session, name);
            Assert.Equal(normal.Length, coarse.Length);
            Assert.True(coarse.Distinct().Count() < normal.Distinct().Count());
            Assert.Equal(Array.IndexOf(normal, normal.Max()), Array.IndexOf(coarse, coarse.Max()));
        }

        Assert.Equal(s_rows.Value.Width, session.InputWidth);
        Assert.Equal(FashionDataset.ClassCount, session.OutputWidth);
        for (int wait = 0; wait < 300 && sink.Taken.Count(one => one.Kind is ShieldEventKind.PostureChanged or ShieldEventKind.Alarm) < 2 * thieves.Length; wait++)
        {
            await Task.Delay(100); // disposing waits 2 seconds for a sink, which is less than busy processors may take
        }

        shield.Events.Dispose(); // has the sink take what waits
        Assert.Contains(sink.Taken, one => one is { Kind: ShieldEventKind.PostureChanged, Acted: true, To: Posture.Restricted } && one.Caller == shield.IdentifyCaller("line") && one.Reason.Length > 0);
        Assert.Contains(sink.Taken, one => one is { Kind: ShieldEventKind.Alarm, Verdict.Reasons.Count: > 0 } && one.Caller == shield.IdentifyCaller("boundary"));

        CallerKey cleared = shield.IdentifyCaller("line");
        Assert.True(shield.Detection!.Clear(cleared));
        Assert.Equal(Posture.Normal, shield.Detection.TryGetCaller(cleared)!.Posture);
        Assert.Equal(normal, Ask(session, "line"));
    }

    [Fact]
    public async Task Who_only_wants_reports_gets_reports_and_nothing_changes()
    {
        using Shield shield = Build(new KeepingSink(), options => options.Postures.Mode = PostureMode.Observe);
        using ShieldedSession session = Open(shield);
        float[] before = Ask(session, "line");
        await StealAsync(session, "line", new LineProbes());
        Tick(shield);
        CallerDetection thief = shield.Detection!.TryGetCaller(shield.IdentifyCaller("line"))!;
        Assert.Equal((Posture.Normal, Posture.Restricted), (thief.Posture, thief.Found));
        Assert.Equal(before, Ask(session, "line"));
        Assert.Equal(0, shield.Detection.Statistics.Acted);
        Assert.True(shield.Detection.Statistics.Reported > 0);
        Assert.All(shield.Detection.Transitions, transition => Assert.False(transition.Acted));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static byte[] Calibrate()
    {
        using OnnxClassifier target = new(s_path, output: "probabilities");
        Dataset benign = s_rows.Value.Slice(0, 1_600);
        float[] scores = new float[benign.Count * target.ClassCount];
        target.Classify(benign.Values.Span, scores);
        using ShieldSecret secret = new(TestSecret());
        DetectionProfile profile = DetectionProfile.Learn(secret, Model, InputKind.Image, OutputKind.Probabilities, benign.Values.Span, benign.Width, scores, target.ClassCount);
        QuerySignals[] unchanged = TrafficMeasure.MeasureRows(profile, target, benign.Values.Span);
        HonestTraffic traffic = Traffic;
        CallerHistory[] callers = [.. Enumerable.Range(0, Callers).Select(caller => new CallerHistory((ulong)caller, TrafficMeasure.MeasureCaller(profile, target, traffic.Start(caller), unchanged)))];
        QuerySignals[] proxies = TrafficMeasure.MeasureRows(profile, target, SyntheticProxies.Make(InputKind.Image, benign.Values.Span, benign.Width, 3_000, seed: 402));
        using MemoryStream file = new();
        CalibrationFit.Fit(profile, callers, proxies, seed: 403).Save(file, Model, secret);
        return file.ToArray();
    }

    private static byte[] TestSecret() => [.. Enumerable.Range(0, 32).Select(number => (byte)((number * 37) + 11))];

    private static ShieldedSession Open(Shield shield)
    {
        using SessionOptions oneThread = new() { IntraOpNumThreads = 1 };
        return new ShieldedSession(shield, s_path, sessionOptions: oneThread);
    }

    private static float[] Ask(ShieldedSession session, string caller)
    {
        float[] released = new float[FashionDataset.ClassCount];
        Assert.True(session.Run(session.Shield.IdentifyCaller(caller), s_rows.Value.GetRow(1_999), released).IsAdmitted);
        return released;
    }

    private static void AskHonest(ShieldedSession session)
    {
        HonestTraffic traffic = Traffic;
        for (int caller = 0; caller < Honest; caller++)
        {
            CallerKey key = session.Shield.IdentifyCaller($"honest {caller}");
            Dataset life = traffic.CreateCaller(100_000 + caller);
            for (int first = 0; first < life.Count; first += 16)
            {
                Dataset batch = life.Slice(first, Math.Min(16, life.Count - first));
                Assert.True(session.Run(key, batch.Values.Span, new float[batch.Count * FashionDataset.ClassCount]).IsAdmitted);
            }
        }
    }

    private Shield Build(IShieldEventSink sink, Action<ShieldOptions>? configure = null)
    {
        string file = Path.Combine(_folder.FullName, "fashion.detection");
        File.WriteAllBytes(file, s_calibration.Value);
        return new ShieldBuilder(Model)
            .UseSecret(ShieldSecrets.FromBytes(TestSecret()))
            .UseTimeProvider(_time)
            .AddOutput("probabilities", OutputKind.Probabilities)
            .AddEventSink(sink)
            .Configure(options =>
            {
                options.Admission.PerCaller.Burst = 100_000;
                options.Callers.Capacity = 256;
                options.Detection.CalibrationFile = file;
                configure?.Invoke(options);
            })
            .Build();
    }

    private async Task StealAsync(ShieldedSession session, string name, IQueryStrategy strategy)
    {
        using ShieldedSessionOracle oracle = new(session, session.Shield.IdentifyCaller(name), time: _time);
        await strategy.AskAsync(oracle, new QueryContext(ThiefQueries, Seed: 404, s_rows.Value.Slice(1_600, 400), new SurrogateOptions()), CancellationToken.None);
    }

    /// <summary>Longer than any delay.</summary>
    private void Tick(Shield shield)
    {
        for (int second = 0; second < 70; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            shield.Detector!.Timer.Tick();
        }

        Assert.Equal(0, shield.Detector!.Timer.Failures);
    }

    private sealed class KeepingSink : IShieldEventSink
    {
        private readonly System.Collections.Concurrent.ConcurrentQueue<ShieldEvent> _taken = new();

        public IEnumerable<ShieldEvent> Taken => _taken;

        public ValueTask WriteAsync(ShieldEvent shieldEvent, CancellationToken cancellationToken)
        {
            _taken.Enqueue(shieldEvent);
            return ValueTask.CompletedTask;
        }
    }
}
