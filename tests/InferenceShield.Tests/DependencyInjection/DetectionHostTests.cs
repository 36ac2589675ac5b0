using InferenceShield.Tests.Detection.Events;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace InferenceShield.Tests;

/// <summary>Detection from settings, with a sink and a containment from the container.</summary>
public sealed class DetectionHostTests : IDisposable
{
    private const string Shield = "Models:fashion:Shield:";

    private readonly string _file = Path.GetTempFileName();

    public DetectionHostTests()
    {
        using ShieldSecret secret = new(TestShield.Secret(1));
        using FileStream stream = File.Create(_file);
        float[] scores = [.. Enumerable.Repeat<float[]>([.7f, .2f, .1f, .2f, .7f, .1f, .1f, .2f, .7f], 40).SelectMany(rows => rows)];
        DetectionCalibration.FromRows(CalibrationCases.Profile(model: "fashion"), [], scores).Save(stream, "fashion", secret);
    }

    [Fact]
    public void Everything_comes_of_settings_and_the_containers_sink_and_containment_are_used()
    {
        using TestHost host = new(
            (Shield + "Detection:CalibrationFile", _file),
            (Shield + "Detection:Callers", "64"),
            (Shield + "Postures:Mode", "Act"),
            (Shield + "Postures:DelayQueries", "0"),
            (Shield + "Postures:DelayTime", "00:00:00"),
            (Shield + "Postures:RevokeFrom", "Restricted"),
            (Shield + "Postures:CallerOdometer:0:Limit", "0.01"),
            (Shield + "Postures:CallerOdometer:0:Posture", "Restricted"),
            (Shield + "Events:Capacity", "64"),
            (Shield + "Events:CoolDown", "00:01:00"),
            (Shield + "Trial:Share", "0.5"),
            (Shield + "Trial:Hardening:Decimals", "1"));
        TestSink sink = new();
        CountingContainment containment = new();
        host.Services.AddSingleton<IShieldEventSink>(sink);
        host.Services.AddSingleton<IShieldContainment>(containment);
        host.WithModel(configure: model => model.Configure(options => TestShield.SetLimits(options, queries: 1_000_000, TimeSpan.FromSeconds(1), burst: 1_000_000))).Start();
        Shield shield = host.Shield();
        for (int query = 0; query < 40; query++)
        {
            Admission admission = shield.AdmitRows(1);
            Assert.True(admission.Plan!.EqualWork);
            shield.Observe(in admission, [], [.7f, .2f, .1f], 3);
        }

        shield.Detection!.Rescan();
        shield.Detector!.Timer.Tick();
        Assert.Equal(Posture.Restricted, shield.Detection!.TryGetCaller(shield.IdentifyCaller("caller"))!.Posture);
        Threads.WaitUntil(() => containment.Revoked == 1);
        Threads.WaitUntil(() => sink.Taken.Any(one => one is { Kind: ShieldEventKind.PostureChanged, Acted: true, To: Posture.Restricted }));
    }

    [Fact]
    public async Task Degraded_while_rows_are_hardened_and_none_is_observed()
    {
        using TestHost host = new((Shield + "Detection:CalibrationFile", _file));
        host.WithModel(configure: model => model.Configure(options => TestShield.SetLimits(options, queries: 1_000_000, TimeSpan.FromSeconds(1), burst: 1_000_000))).Start();
        Shield shield = host.Shield();
        float[] rows = [.. Enumerable.Repeat<float[]>([.7f, .2f, .1f], 10).SelectMany(row => row)];
        for (int call = 0; call < 100; call++)
        {
            Assert.Equal(HealthStatus.Healthy, (await Check(host)).Status);
            Harden(shield, rows);
        }

        HealthReportEntry entry = await Check(host);
        Assert.Equal(HealthStatus.Degraded, entry.Status);
        Assert.Contains("1,000 rows were hardened and none was observed", entry.Description, StringComparison.Ordinal);
        Admission admission = shield.AdmitRows(1);
        shield.Observe(in admission, [], rows.AsSpan(0, 3), 3);
        Assert.Equal(HealthStatus.Healthy, (await Check(host)).Status);
    }

    [Fact]
    public async Task Degraded_once_recording_has_ended_before_its_time()
    {
        using TestHost host = new((Shield + "Detection:CalibrationFile", _file), (Shield + "Detection:RecordTo", Path.Combine(_file + ".none", "log")));
        host.WithModel().Start();
        Assert.Equal(0, host.Shield().Detection!.Recording.Recorded);
        HealthReportEntry entry = await Check(host);
        Assert.Equal(HealthStatus.Degraded, entry.Status);
        Assert.Contains("Shield 'fashion': recording for calibration ended before its time; 0 queries are written", entry.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Degraded_once_a_caller_that_was_noticed_found_no_room()
    {
        using TestHost host = new((Shield + "Detection:CalibrationFile", _file));
        host.WithModel().Start();
        Shield shield = host.Shield();
        int places = shield.AdmitRows(1).Plan!.CallerCapacity / 2;
        for (int caller = 0; caller <= places; caller++)
        {
            Assert.Equal(HealthStatus.Healthy, (await Check(host)).Status);
            shield.Detector!.Postures.Take(shield.IdentifyCaller($"{caller}"), new CallerReading(0, 20, default, 0, [PostureBench.Alarm(DetectionFamily.Output)]));
        }

        HealthReportEntry entry = await Check(host);
        Assert.Equal(HealthStatus.Degraded, entry.Status);
        Assert.Contains("callers that were noticed found no room to be remembered, so that their postures may be lost; 1 so far", entry.Description, StringComparison.Ordinal);
    }

    public void Dispose() => File.Delete(_file);

    private static void Harden(Shield shield, float[] rows)
    {
        Admission admission = shield.AdmitRows(rows.Length / 3);
        shield.Harden(in admission, rows, new float[rows.Length], 3);
    }

    private static async Task<HealthReportEntry> Check(TestHost host) => (await ShieldHostTests.CheckHealth(host)).Entries["inference-shield"];

    private sealed class CountingContainment : IShieldContainment
    {
        private int _revoked;

        public int Revoked => Volatile.Read(ref _revoked);

        public ValueTask RevokeAsync(ShieldEvent transition, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _revoked);
            return ValueTask.CompletedTask;
        }

        public ValueTask RotateAsync(ShieldEvent transition, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
