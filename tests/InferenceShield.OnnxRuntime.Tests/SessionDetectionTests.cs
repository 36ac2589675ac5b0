using System.Security.Cryptography;
using System.Text;
using InferenceShield.Lab;

namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>What a session lets detection see of its calls.</summary>
public sealed class SessionDetectionTests : IDisposable
{
    private const int Rows = 120;

    private readonly TestFolder _folder = new();
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public void The_same_rows_are_the_same_queries_whichever_way_they_are_asked()
    {
        float[] rows = RandomRows(8, seed: 1);
        using TestSession session = Open(TestModels.Linear(), OutputKind.Logits, Calibrate(8, 10));
        float[] released = new float[Rows * 10];
        Ask(session, "batch", rows, released);
        for (int row = 0; row < Rows; row++)
        {
            Ask(session, "one by one", rows.AsSpan(row * 8, 8), released.AsSpan(0, 10));
        }

        using ShieldedRequest request = session.Session.CreateRequest();
        for (int row = 0; row < Rows; row += 30)
        {
            request.SetInput<float>(TestModels.Input, rows.AsSpan(row * 8, 30 * 8), [30, 8]);
            Assert.True(session.Session.Run(session.Shield.IdentifyCaller("requests"), request).IsAdmitted);
        }

        (long, double, CallerPlainSignals?) expected = Known(session, "batch");
        Assert.Equal(Rows, expected.Item1);
        Assert.InRange(expected.Item2, .05, 1);
        Assert.Equal(expected, Known(session, "one by one"));
        Assert.Equal(expected, Known(session, "requests"));
    }

    [Theory]
    [InlineData(nameof(OnnxElementType.UInt8))]
    [InlineData(nameof(OnnxElementType.Int8))]
    [InlineData(nameof(OnnxElementType.Int32))]
    [InlineData(nameof(OnnxElementType.Int64))]
    [InlineData(nameof(OnnxElementType.Double))]
    [InlineData(nameof(OnnxElementType.Float16))]
    [InlineData(nameof(OnnxElementType.BFloat16))]
    public void Inputs_of_every_type_are_measured_as_the_numbers_they_are(string name)
    {
        OnnxElementType type = Enum.Parse<OnnxElementType>(name);
        float[] rows = [.. RandomRows(4, seed: 2).Select(value => MathF.Round(8 * value))];
        string calibration = Calibrate(4, 4, rows);
        using TestSession typed = Open(TestModels.Cast(type, OnnxElementType.Float), OutputKind.Logits, calibration);
        using TestSession plain = Open(TestModels.Cast(OnnxElementType.Float, OnnxElementType.Float), OutputKind.Logits, calibration);
        using ShieldedRequest request = typed.Session.CreateRequest();
        long[] shape = [Rows, 4];
        switch (type)
        {
            case OnnxElementType.UInt8:
                request.SetInput<byte>(TestModels.Input, Array.ConvertAll(rows, value => (byte)value), shape);
                break;
            case OnnxElementType.Int8:
                request.SetInput<sbyte>(TestModels.Input, Array.ConvertAll(rows, value => (sbyte)value), shape);
                break;
            case OnnxElementType.Int32:
                request.SetInput<int>(TestModels.Input, Array.ConvertAll(rows, value => (int)value), shape);
                break;
            case OnnxElementType.Int64:
                request.SetInput<long>(TestModels.Input, Array.ConvertAll(rows, value => (long)value), shape);
                break;
            case OnnxElementType.Double:
                request.SetInput<double>(TestModels.Input, Array.ConvertAll(rows, value => (double)value), shape);
                break;
            case OnnxElementType.Float16:
                request.SetInput<Half>(TestModels.Input, Array.ConvertAll(rows, value => (Half)value), shape);
                break;
            default:
                request.SetInput<Microsoft.ML.OnnxRuntime.BFloat16>(TestModels.Input, Array.ConvertAll(rows, value => (Microsoft.ML.OnnxRuntime.BFloat16)value), shape);
                break;
        }

        Assert.True(typed.Session.Run(typed.Shield.IdentifyCaller("caller"), request).IsAdmitted);
        Ask(plain, "caller", rows, new float[Rows * 4]);
        Assert.Equal(Rows, Known(typed, "caller").Item1);
        Assert.Equal(Known(plain, "caller"), Known(typed, "caller"));
    }

    [Fact]
    public void Of_several_inputs_the_one_that_counts_rows_is_measured()
    {
        using TestSession session = TestSession.Of(
            TestModels.Recurrent(), [("score", OutputKind.Probabilities), ("next", OutputKind.State)],
            options => options.Detection.CalibrationFile = Calibrate(4, 2, kind: OutputKind.Probabilities), clock: _clock);
        using ShieldedRequest request = session.Session.CreateRequest();
        request.SetInput<float>("frame", RandomRows(4, seed: 3).AsSpan(0, 12), [3, 4]);
        request.SetInput<float>("state", new float[12], [3, 4]);
        request.SetInput<long>("rate", [3], []);
        Assert.True(session.Session.Run(session.Shield.IdentifyCaller("caller"), request).IsAdmitted);
        Assert.Equal(3, Known(session, "caller").Item1);
        Assert.Equal((3, 0), Counts(session));
    }

    [Fact]
    public void A_calibration_of_other_rows_or_answers_does_not_start()
    {
        string message = Assert.Throws<ModelFileException>(() => Open(TestModels.Linear(), OutputKind.Logits, Calibrate(16, 10))).Message;
        Assert.StartsWith("The calibration of Detection:CalibrationFile was made of rows of 16 numbers; the input 'x: Float [batch, 8]' has rows of 8.", message, StringComparison.Ordinal);
        message = Assert.Throws<ModelFileException>(() => Open(TestModels.Linear(), OutputKind.Logits, Calibrate(8, 4))).Message;
        Assert.StartsWith("The calibration of Detection:CalibrationFile was made of answers of 4 numbers; the output 'y: Float [batch, 10]' has 10.", message, StringComparison.Ordinal);
        using TestSession answersOnly = Open(TestModels.Linear(), OutputKind.Logits, Calibrate(0, 10));
        Ask(answersOnly, "caller", RandomRows(8, seed: 4), new float[Rows * 10]);
        Assert.Equal((Rows, 0), Counts(answersOnly));
    }

    [Fact]
    public void An_input_space_of_other_rows_does_not_start_and_is_refused_by_a_reload()
    {
        string path = _folder.File("model.inputs");
        Save(16);
        string message = Assert.Throws<ModelFileException>(() => TestSession.Of(TestModels.Linear(), OutputKind.Logits, configure: options => options.InputSpaceFile = path, clock: _clock)).Message;
        Assert.StartsWith("The input space of InputSpaceFile was learned of rows of 16 numbers; the input 'x: Float [batch, 8]' has rows of 8.", message, StringComparison.Ordinal);
        Save(8);
        using TestSession session = TestSession.Of(TestModels.Linear(), OutputKind.Logits, configure: options => options.InputSpaceFile = path, clock: _clock);
        Save(16);
        ShieldOptions reloaded = Options(OutputKind.Logits, calibration: null, equalWork: null);
        reloaded.InputSpaceFile = path;
        message = Assert.Throws<Microsoft.Extensions.Options.OptionsValidationException>(() => session.Shield.Reload(reloaded)).Message;
        Assert.Contains("rows of 16 numbers; the model's have 8", message, StringComparison.Ordinal);

        void Save(int length)
        {
            using ShieldSecret secret = new(SHA256.HashData(Encoding.UTF8.GetBytes("test secret 1")));
            using FileStream stream = File.Create(path);
            InputSpace.Learn(RandomRows(length, seed: 3), length, InputKind.Tabular).Save(stream, "model", secret);
        }
    }

    [Theory]
    [InlineData(16, 10)]
    [InlineData(8, 4)]
    public void A_calibration_that_comes_later_and_does_not_fit_is_counted_and_hurts_no_query(int length, int classes)
    {
        float[] rows = RandomRows(8, seed: 5);
        foreach (ShieldedSessionOptions? options in new[] { null, new ShieldedSessionOptions { AnswerCache = new AnswerCacheOptions { Megabytes = 1 } } })
        {
            using TestSession session = Open(TestModels.Linear(), OutputKind.Logits, Calibrate(8, 10), options, equalWork: false);
            float[] first = new float[Rows * 10];
            float[] later = new float[Rows * 10];
            Ask(session, "caller", rows, first);
            session.Shield.Reload(Options(OutputKind.Logits, Calibrate(length, classes), equalWork: false));
            Ask(session, "caller", rows, later);
            Ask(session, "caller", rows, later);
            Assertions.SameBits(first, later);
            Assert.Equal((Rows, 2 * Rows), Counts(session));

            session.Shield.Reload(Options(OutputKind.Logits, Calibrate(8, 10), equalWork: false));
            Ask(session, "caller", rows, later);
            Assert.Equal((2 * Rows, 2 * Rows), Counts(session));
        }
    }

    [Fact]
    public void Answers_from_the_cache_are_observed_as_if_the_model_had_run()
    {
        float[] rows = RandomRows(8, seed: 6);
        string calibration = Calibrate(8, 10);
        using TestSession cached = Open(TestModels.Linear(), OutputKind.Logits, calibration, new ShieldedSessionOptions { AnswerCache = new AnswerCacheOptions { Megabytes = 1 } }, equalWork: false);
        using TestSession bare = Open(TestModels.Linear(), OutputKind.Logits, calibration, equalWork: false);
        float[] expected = new float[Rows * 10];
        float[] released = new float[Rows * 10];
        for (int round = 0; round < 3; round++)
        {
            string caller = round == 1 ? "other" : "caller";
            Ask(bare, caller, rows, expected);
            Ask(cached, caller, rows, released);
            Assertions.SameBits(expected, released);
        }

        Assert.Equal(2 * Rows, cached.Session.GetAnswerCacheStatistics().Hits);
        Assert.Equal((3 * Rows, 0), Counts(cached));
        Assert.Equal(Known(bare, "caller"), Known(cached, "caller"));
        Assert.Equal(Known(bare, "other"), Known(cached, "other"));
    }

    [Fact]
    public void A_calibration_that_comes_later_bypasses_the_cache_for_nothing_is_kept_to_observe()
    {
        float[] rows = RandomRows(8, seed: 7);
        float[] released = new float[Rows * 10];
        using TestSession session = Open(TestModels.Linear(), OutputKind.Logits, calibration: null, new ShieldedSessionOptions { AnswerCache = new AnswerCacheOptions { Megabytes = 1 } }, equalWork: false);
        Ask(session, "caller", rows, released);
        Ask(session, "caller", rows, released);
        Assert.Equal(Rows, session.Session.GetAnswerCacheStatistics().Hits);
        session.Shield.Reload(Options(OutputKind.Logits, Calibrate(8, 10), equalWork: false));
        Ask(session, "caller", rows, released);
        Ask(session, "caller", rows, released);
        Assert.Equal(Rows, session.Session.GetAnswerCacheStatistics().Hits);
        Assert.Equal((2 * Rows, 0), Counts(session));
    }

    public void Dispose() => _folder.Dispose();

    private static void Ask(TestSession session, string caller, ReadOnlySpan<float> rows, Span<float> released) =>
        Assert.True(session.Session.Run(session.Shield.IdentifyCaller(caller), rows, released).IsAdmitted);

    private static (long Queries, double Odometer, CallerPlainSignals? Plain) Known(TestSession session, string caller)
    {
        CallerDetection known = session.Shield.Detection!.TryGetCaller(session.Shield.IdentifyCaller(caller))!;
        return (known.Queries, known.Odometer, known.PlainSignals);
    }

    private static (long Observed, long Unobserved) Counts(TestSession session) =>
        (session.Shield.Detection!.Statistics.Observed, session.Shield.Detection.Statistics.Unobserved);

    private static float[] RandomRows(int width, ulong seed)
    {
        SeededRandom random = new(seed, stream: 501);
        float[] rows = new float[Rows * width];
        foreach (ref float value in rows.AsSpan())
        {
            value = (random.NextUInt64() >> 61) / 8f; // few bits: sums are exact in whatever order
        }

        return rows;
    }

    private static ShieldOptions Options(OutputKind kind, string? calibration, bool? equalWork)
    {
        ShieldOptions options = new() { Callers = { Capacity = 64 } };
        options.Outputs[TestModels.Output] = new OutputOptions { Kind = kind };
        options.Admission.PerCaller = new LimitOptions { Queries = 1_000_000, Period = TimeSpan.FromSeconds(1), Burst = 1_000_000 };
        options.Admission.Overflow = new RateOptions { Queries = 1, Period = TimeSpan.FromSeconds(1), Burst = 1 };
        options.Detection.CalibrationFile = calibration;
        options.Postures.EqualWork = equalWork;
        return options;
    }

    private TestSession Open(OnnxGraph graph, OutputKind kind, string? calibration, ShieldedSessionOptions? options = null, bool? equalWork = null) =>
        TestSession.Of(graph, kind, configure: shield =>
        {
            shield.Detection.CalibrationFile = calibration;
            shield.Postures.EqualWork = equalWork;
        }, options: options, clock: _clock);

    /// <summary>A calibration of made-up rows and answers; an inputless one for a length of 0.</summary>
    private string Calibrate(int length, int classes, float[]? rows = null, OutputKind kind = OutputKind.Logits)
    {
        float[] inputs = length == 0 ? [] : rows ?? RandomRows(length, seed: 8);
        float[] scores = RandomRows(classes, seed: 9);
        for (int row = 0; row < Rows; row++)
        {
            Span<float> answer = scores.AsSpan(row * classes, classes);
            answer[row % classes] += 2;
            if (kind == OutputKind.Probabilities)
            {
                System.Numerics.Tensors.TensorPrimitives.Divide(answer, System.Numerics.Tensors.TensorPrimitives.Sum<float>(answer), answer);
            }
        }

        using ShieldSecret secret = new(SHA256.HashData(Encoding.UTF8.GetBytes("test secret 1")));
        DetectionProfile profile = DetectionProfile.Learn(secret, "model", InputKind.Tabular, kind, inputs, length, scores, classes);
        string path = _folder.File($"{length}-{classes}-{kind}.detection");
        using FileStream stream = File.Create(path);
        DetectionCalibration.FromRows(profile, inputs, scores).Save(stream, "model", secret);
        return path;
    }
}
