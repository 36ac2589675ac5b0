using Microsoft.Extensions.Options;

namespace InferenceShield.Tests.Detection;

/// <summary>What a shield takes in of queries, and what a reload changes of that.</summary>
[Collection(ProcessWide.Name)]
public sealed class ShieldDetectionTests : IDisposable
{
    private const int Length = 16;
    private const int Classes = 4;

    private static readonly SignalSample s_sample = new(rows: 200, Length, Classes, seed: 301);
    private static readonly SignalSample s_other = new(rows: 200, Length, Classes, seed: 302);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("inference-shield-tests-");

    [Fact]
    public void Each_row_of_a_batch_is_a_query_and_of_several_answers_the_first_is_measured()
    {
        using Shield shield = Build(Calibration());
        float[] doubled = new float[12 * Classes];
        for (int row = 0; row < 12; row++)
        {
            Ask(shield, "one by one", row);
            if (row < 6)
            {
                s_sample.Scores(row).CopyTo(doubled.AsSpan(2 * row * Classes));
                s_other.Scores(row).CopyTo(doubled.AsSpan(((2 * row) + 1) * Classes));
            }
        }

        Ask(shield, "batch", 0, 12);
        Ask(shield, "several", 6, 6);
        Observe(shield, "several", s_sample.Inputs.AsSpan(0, 6 * Length), doubled, rows: 6);
        Ask(shield, "first six", 0, 6);
        Ask(shield, "first six", 6, 6);

        Assert.Equal(12, Known(shield, "batch").Queries);
        Assert.Equal(Sums(shield, "one by one"), Sums(shield, "batch"));
        Assert.Equal(Known(shield, "one by one").Odometer, Known(shield, "batch").Odometer);
        Assert.Equal(Known(shield, "first six").Odometer, Known(shield, "several").Odometer);
        Assert.Equal(Sums(shield, "first six").Select(sum => (float)sum), Sums(shield, "several").Select(sum => (float)sum));
        Assert.Equal(12 * 4, shield.Detection!.Statistics.Observed);
    }

    [Fact]
    public void Only_what_this_shield_admitted_is_observed()
    {
        using Shield shield = Build(Calibration(), options => TestShield.SetLimits(options, queries: 1, TimeSpan.FromHours(1), burst: 1));
        using Shield other = Build(Calibration());
        Admission foreign = other.AdmitRows(1);
        Assert.Contains("was not made by shield 'model'", Assert.Throws<InvalidOperationException>(() => ObserveRow(shield, in foreign, 0)).Message, StringComparison.Ordinal);
        Admission admitted = shield.AdmitRows(1);
        ObserveRow(shield, in admitted, 0);
        Admission refused = shield.AdmitRows(1);
        Assert.False(refused.IsAdmitted);
        Assert.Throws<InvalidOperationException>(() => ObserveRow(shield, in refused, 1));
        Assert.Equal(1, shield.Detection!.Statistics.Observed);
    }

    [Theory]
    [InlineData(2, 2 * Length, 2 * Classes, 3, "8 scores of 3 classes do not fit 2 rows of 4 classes")]
    [InlineData(2, 2 * Length, Classes, 4, "4 scores of 4 classes do not fit 2 rows of 4 classes")]
    [InlineData(2, 2 * Length, 0, 4, "0 scores of 4 classes")]
    [InlineData(2, 2 * Length, 2 * Classes, 0, "8 scores of 0 classes")]
    [InlineData(2, Length, 2 * Classes, 4, "16 numbers are not 2 rows of 16")]
    [InlineData(2, 0, 2 * Classes, 4, "0 numbers are not 2 rows of 16")]
    public void Rows_that_are_not_the_calibrations_are_an_error_and_none_is_observed(int rows, int inputs, int scores, int classes, string message)
    {
        using Shield shield = Build(Calibration());
        Admission admission = shield.AdmitRows(rows);
        string said = Assert.Throws<ArgumentException>(() => shield.Observe(in admission, new float[inputs], new float[scores], classes)).Message;
        Assert.StartsWith(message, said, StringComparison.Ordinal);
        Assert.Contains("shield 'model'", said, StringComparison.Ordinal);
        Assert.Equal(0, shield.Detection!.Statistics.Observed);
    }

    [Fact]
    public void Without_a_calibration_nothing_is_looked_at()
    {
        using Shield shield = Build(calibration: null);
        Admission admission = shield.AdmitRows(1);
        shield.Observe(in admission, [], [1, 2, 3], 7);
        Assert.Null(shield.Detection);
        Assert.False(shield.AdmitRows(1).Plan!.EqualWork);
    }

    [Fact]
    public void A_shield_that_only_observes_observes()
    {
        using Shield shield = Build(Calibration(), options => options.Mode = ShieldMode.ObserveOnly);
        Ask(shield, "caller", 0, 5);
        Assert.Equal(5, Known(shield, "caller").Queries);
    }

    [Fact]
    public void Observing_allocates_nothing()
    {
        using Shield shield = Build(Calibration());
        CallerHandle caller = shield.GetHandle(shield.IdentifyCaller("caller"), shield.IdentifyCaller("tenant"));
        byte[] bytes = new byte[4];
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (int i = 0; i < 50; i++)
            {
                Admission admission = shield.Admit(caller, bytes, rows: 4);
                shield.Observe(in admission, s_sample.Inputs.AsSpan(i * Length, 4 * Length), s_sample.Logits.AsSpan(i * Classes, 4 * Classes), Classes);
            }
        }));
    }

    [Fact]
    public void A_tenants_odometer_is_that_of_its_callers_together()
    {
        using Shield shield = Build(Calibration());
        CallerKey tenant = shield.IdentifyCaller("tenant");
        for (int row = 0; row < 60; row++)
        {
            Admission admission = shield.Admit(shield.GetHandle(shield.IdentifyCaller(row < 30 ? "a" : "b"), tenant), new byte[1]);
            ObserveRow(shield, in admission, row);
            Ask(shield, "both", row);
        }

        Assert.Equal(tenant, Known(shield, "a").Tenant);
        Assert.True(Known(shield, "a").Odometer < Known(shield, "both").Odometer);
        Assert.Equal(Known(shield, "both").Odometer, shield.Detection!.GetTenantOdometer(tenant), 5);
        Assert.Equal(0, shield.Detection.GetTenantOdometer(shield.IdentifyCaller("nobody")));
        Assert.Equal(0, shield.Detection.GetTenantOdometer(default));
    }

    [Fact]
    public void Another_calibration_begins_callers_statistics_anew_and_the_same_does_not()
    {
        using Shield shield = Build(Calibration());
        Ask(shield, "caller", 0, 20);
        double odometer = Known(shield, "caller").Odometer;
        shield.Reload(Options(Calibration("again")));
        Ask(shield, "caller", 20);
        Assert.Equal((0, 21L, 1), (Known(shield, "caller").Epoch, Known(shield, "caller").Queries, shield.GetStatistics().PlanVersion));

        Admission late = shield.AdmitRows(1);
        shield.Reload(Options(Calibration("other", sample: s_other)));
        Ask(shield, "caller", 0, 3);
        Assert.Equal((1, 3L), (Known(shield, "caller").Epoch, Known(shield, "caller").Queries));
        Assert.True(Known(shield, "caller").Odometer >= odometer);

        // Admitted before, observed after: what has begun anew stays.
        ObserveRow(shield, in late, 21);
        Ask(shield, "caller", 3);
        Assert.Equal((1, 4L), (Known(shield, "caller").Epoch, Known(shield, "caller").Queries));
    }

    [Fact]
    public void A_calibration_that_goes_ends_the_watching_and_one_that_comes_begins_it()
    {
        using Shield shield = Build(calibration: null);
        Ask(shield, "caller", 0);
        shield.Reload(Options(Calibration()));
        Assert.True(shield.Detection!.Calibration!.IsColdStart);
        Assert.Null(shield.Detection.Drift);
        Assert.True(shield.AdmitRows(1).Plan!.EqualWork);
        Ask(shield, "caller", 0, 5);
        Assert.Equal(5, Known(shield, "caller").Queries);

        shield.Reload(Options(calibration: null));
        Ask(shield, "caller", 5, 5);
        Assert.Equal(5, shield.Detection!.Statistics.Observed);
        Assert.Null(shield.Detection.TryGetCaller(shield.IdentifyCaller("caller")));
        Assert.Null(shield.Detection.Calibration);
        Assert.Empty(shield.Detection.GetCallers());
        Assert.False(shield.AdmitRows(1).Plan!.EqualWork);

        shield.Reload(Options(Calibration()));
        Ask(shield, "caller", 10, 2);
        Assert.Equal(2, Known(shield, "caller").Queries);
    }

    [Theory]
    [InlineData("model", "The file was written for model 'another'; expected 'model'")]
    [InlineData("secret", "key")]
    [InlineData("kind", "It was made of 4 Logits; output 'scores', which detection sees, has Probabilities")]
    [InlineData("classes", "It was made of 4 Logits; output 'scores', which detection sees, has 3 Logits")]
    [InlineData("damaged", "")]
    [InlineData("missing", "cannot be read")]
    public void A_calibration_of_something_else_is_refused_and_the_last_plan_stays(string what, string fault)
    {
        string path = what switch
        {
            "model" => Calibration("wrong", model: "another"),
            "secret" => Calibration("wrong", secret: 2),
            "missing" => Path.Combine(_folder.FullName, "nothing"),
            _ => Calibration("wrong", sample: s_other),
        };
        if (what == "damaged")
        {
            byte[] bytes = File.ReadAllBytes(path);
            bytes[bytes.Length / 2] ^= 1;
            File.WriteAllBytes(path, bytes);
        }

        OutputKind kind = what == "kind" ? OutputKind.Probabilities : OutputKind.Logits;
        void Configure(ShieldOptions options) => options.Outputs[TestShield.Output].Classes = what == "classes" ? 3 : null;
        using Shield shield = TestShield.Build(kind, configure: Configure);
        ShieldOptions wrong = Options(path, kind);
        Configure(wrong);
        string said = Assert.Throws<OptionsValidationException>(() => shield.Reload(wrong)).Message;
        Assert.Contains($"Detection:CalibrationFile is '{path}'", said, StringComparison.Ordinal);
        Assert.Contains(fault, said, StringComparison.Ordinal);
        Assert.NotNull(shield.ReloadFault);
        Assert.Equal(1, shield.GetStatistics().PlanVersion);
        Assert.Null(shield.Detection);
        Assert.Throws<OptionsValidationException>(() => TestShield.Build(kind, configure: options =>
        {
            Configure(options);
            options.Detection.CalibrationFile = path;
        }));
    }

    [Fact]
    public void The_end_of_a_shield_ends_the_timer_and_completes_the_log()
    {
        string log = Path.Combine(_folder.FullName, "log");
        Shield shield = Build(Calibration(), options => options.Detection.RecordTo = log);
        Ask(shield, "a", 0, 30);
        Ask(shield, "b", 30, 12);
        DetectionTimer timer = shield.Detector!.Timer;
        shield.Dispose();
        Assert.Equal((42, 0), shield.Detection!.Recording);
        timer.Tick(); // does nothing any more
        Assert.Throws<ObjectDisposedException>(() => shield.Reload(Options(calibration: null)));
        shield.Dispose();

        using ShieldSecret secret = new(TestShield.Secret(1));
        DetectionLogReader reader = DetectionLogReader.Open([log], "model", secret);
        Assert.Equal((2, 42L, 30, 0), (reader.Callers, reader.Queries, reader.LongestLife, reader.UnfinishedFiles));
    }

    [Fact]
    public void Threads_observe_while_reloads_come_and_no_query_fails()
    {
        using Shield shield = Build(Calibration());
        ShieldOptions[] options = [Options(Calibration("other", sample: s_other)), Options(calibration: null), Options(Calibration())];
        int working = 2;
        Threads.Run(3, thread =>
        {
            if (thread == 2)
            {
                for (int i = 0; Volatile.Read(ref working) > 0; i++)
                {
                    shield.Reload(options[i % options.Length]);
                }

                return;
            }

            for (int i = 0; i < 2_000; i++)
            {
                Ask(shield, $"caller {i % 3}", i % 100);
            }

            Interlocked.Decrement(ref working);
        });
        shield.Reload(options[2]);
        Ask(shield, "caller 0", 0, 4);
        Assert.True(Known(shield, "caller 0").Queries >= 4);
        Assert.Equal(0, shield.Detector!.Timer.Failures);
    }

    [Fact]
    public void A_clock_that_goes_back_loses_no_query_and_throws_nothing()
    {
        ManualTimeProvider clock = new();
        string log = Path.Combine(_folder.FullName, "log");
        using (Shield shield = Build(Calibration(), options => options.Detection.RecordTo = log, clock))
        {
            Ask(shield, "caller", 0, 10);
            clock.Advance(TimeSpan.FromSeconds(-100));
            Ask(shield, "caller", 10, 10);
            shield.Detector!.Timer.Tick();
            Assert.Equal(20, Known(shield, "caller").Queries);
            Assert.Equal(0, shield.Detector.Timer.Failures);
        }

        using ShieldSecret secret = new(TestShield.Secret(1));
        DetectionLogReader reader = DetectionLogReader.Open([log], "model", secret);
        Assert.Equal(20, reader.Queries);
    }

    [Fact]
    public void Who_hardens_without_observing_is_told_once()
    {
        using RecordingLoggerFactory logger = new();
        using Shield shield = TestShield.Build(OutputKind.Logits, configure: options => options.Detection.CalibrationFile = Calibration(), logger: logger);
        shield.Release(s_sample.Logits.AsSpan(0, 199 * Classes), Classes);
        shield.Detector!.Timer.Tick();
        Assert.Null(shield.Detector.FindSilence());
        for (int i = 0; i < 5; i++)
        {
            shield.Release(s_sample.Logits, Classes);
            shield.Detector.Timer.Tick();
        }

        string warning = Assert.Single(logger.Messages("NothingObserved"));
        Assert.StartsWith("Shield 'model': Detection:CalibrationFile is set, 1,199 rows were hardened and none was observed", warning, StringComparison.Ordinal);
        Assert.NotNull(shield.Detector.FindSilence());
        Ask(shield, "caller", 0);
        Assert.Null(shield.Detector.FindSilence());
    }

    [Fact]
    public void A_calibration_of_callers_is_told_of_when_it_comes_into_force_and_drift_is_measured_against_it()
    {
        string path = Path.Combine(_folder.FullName, "callers");
        using (ShieldSecret key = new(TestShield.Secret(1)))
        using (FileStream stream = File.Create(path))
        {
            CalibrationFit.Fit(CalibrationCases.Profile(), CalibrationCases.Callers(260, stream: 5, longest: 60), [], seed: 0).Save(stream, "model", key);
        }

        using RecordingLoggerFactory logger = new();
        using Shield shield = TestShield.Build(configure: options => options.Detection.CalibrationFile = path, logger: logger);
        Assert.Equal((260, false), (shield.Detection!.Calibration!.Callers, shield.Detection.Calibration.IsColdStart));
        Assert.NotNull(shield.Detection.Drift);
        ShieldOptions options = Options(path, OutputKind.Probabilities);
        options.Postures.Mode = PostureMode.Observe;
        shield.Reload(options);
        shield.Reload(Options(calibration: null, OutputKind.Probabilities));
        Assert.Equal(
            new[] { "Act", "Observe" }.Select(mode => $"Shield 'model' detects by a calibration of 260 honest callers: advisory False, postures {mode}, recording False"),
            logger.Messages("CalibrationInForce"));
    }

    [Fact]
    public void Callers_with_an_alarm_or_a_posture_are_listed_the_sternest_first()
    {
        using Shield shield = Build(Calibration(), options =>
        {
            options.Detection.Callers = 4_096;
            (options.Postures.DelayQueries, options.Postures.DelayTime) = (0, TimeSpan.Zero);
        });
        PostureEngine postures = shield.Detector!.Postures;
        Ask(shield, "quiet", 0, 5);
        Alarm("alarmed");
        Take("guarded", DetectionFamily.Full);
        Take("restricted", DetectionFamily.Output);
        Take("due", DetectionFamily.Output);
        Assert.Equal(["restricted", "due", "guarded", "alarmed"], Listed(4));

        shield.Overrides.Set(shield.IdentifyCaller("guarded"), new CallerOverride { Posture = Posture.Blocked });
        Assert.Equal(shield.IdentifyCaller("guarded"), shield.Detection!.GetCallers()[0].Caller);
        for (int i = 0; i < 1_100; i++)
        {
            Alarm($"{i}");
        }

        IReadOnlyList<CallerDetection> callers = shield.Detection.GetCallers();
        Assert.Equal(1_000, callers.Count);
        Assert.Equal([Posture.Restricted, Posture.Restricted, Posture.Normal], callers.Skip(1).Take(3).Select(one => one.Pending ?? one.Found));

        void Take(string caller, DetectionFamily family)
        {
            postures.Take(shield.IdentifyCaller(caller), new CallerReading(0, 20, default, 0, [PostureBench.Alarm(family)]));
        }

        void Alarm(string caller)
        {
            Assert.True(shield.Detector!.Watches.TryEnter(shield.IdentifyCaller(caller), now: 0, out int slot));
            shield.Detector.Watches[slot].Alarms[0] = new CallerAlarm { Epochs = 1 };
            shield.Detector.Watches.Exit(slot);
        }

        IEnumerable<string> Listed(int count)
        {
            IReadOnlyList<CallerDetection> known = shield.Detection!.GetCallers();
            Assert.Equal(count, known.Count);
            string[] names = ["restricted", "due", "guarded", "alarmed", "quiet"];
            return known.Select(one => names.First(name => shield.IdentifyCaller(name) == one.Caller));
        }
    }

    [Fact]
    public void A_calibration_of_rows_needs_rows_of_the_profile()
    {
        DetectionProfile profile = s_sample.Learn();
        Assert.Throws<ArgumentException>(() => DetectionCalibration.FromRows(profile, [], []));
        Assert.Throws<ArgumentException>(() => DetectionCalibration.FromRows(profile, s_sample.Inputs, s_sample.Logits.AsSpan(Classes)));
        Assert.Throws<ArgumentException>(() => DetectionCalibration.FromRows(profile, s_sample.Inputs.AsSpan(1), s_sample.Logits));
        Assert.True(DetectionCalibration.FromRows(profile, s_sample.Inputs, s_sample.Logits).IsAdvisory);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static void Ask(Shield shield, string caller, int first, int rows = 1) =>
        Observe(shield, caller, s_sample.Inputs.AsSpan(first * Length, rows * Length), s_sample.Logits.AsSpan(first * Classes, rows * Classes), rows);

    private static void Observe(Shield shield, string caller, ReadOnlySpan<float> inputs, ReadOnlySpan<float> scores, int rows)
    {
        Admission admission = shield.AdmitRows(rows, caller);
        shield.Observe(in admission, inputs, scores, Classes);
    }

    private static void ObserveRow(Shield shield, in Admission admission, int row) =>
        shield.Observe(in admission, s_sample.Input(row), s_sample.Scores(row), Classes);

    private static CallerDetection Known(Shield shield, string caller) =>
        shield.Detection!.TryGetCaller(shield.IdentifyCaller(caller)) ?? throw new InvalidOperationException($"'{caller}' is not watched.");

    private static double[] Sums(Shield shield, string caller)
    {
        Assert.True(shield.Detector!.Watches.TryEnterExisting(shield.IdentifyCaller(caller), out int slot));
        double[] sums = [.. (ReadOnlySpan<double>)shield.Detector.Watches[slot].Sums];
        shield.Detector.Watches.Exit(slot);
        return sums;
    }

    private static ShieldOptions Options(string? calibration, OutputKind kind = OutputKind.Logits)
    {
        ShieldOptions options = TestShield.Options(kind);
        options.Detection.CalibrationFile = calibration;
        return options;
    }

    private static Shield Build(string? calibration, Action<ShieldOptions>? configure = null, TimeProvider? clock = null) =>
        TestShield.Build(OutputKind.Logits, configure: options =>
        {
            options.Detection.CalibrationFile = calibration;
            configure?.Invoke(options);
        }, clock: clock);

    private string Calibration(string name = "calibration", SignalSample? sample = null, string model = "model", int secret = 1)
    {
        sample ??= s_sample;
        using ShieldSecret key = new(TestShield.Secret(secret));
        DetectionProfile profile = DetectionProfile.Learn(key, model, InputKind.Image, OutputKind.Logits, sample.Inputs, Length, sample.Logits, Classes);
        string path = Path.Combine(_folder.FullName, name);
        using FileStream stream = File.Create(path);
        DetectionCalibration.FromRows(profile, sample.Inputs, sample.Logits).Save(stream, model, key);
        return path;
    }
}
