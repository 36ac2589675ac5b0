using System.Security.Cryptography;
using System.Text;
using InferenceShield.Lab;
using Microsoft.Extensions.Logging;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>A model behind a shield with wide limits and a secret by number; everything is gone with it.</summary>
internal sealed class TestSession : IDisposable
{
    private readonly TestFolder? _folder;

    private TestSession(TestFolder? folder, Shield shield, ShieldedSession session)
    {
        _folder = folder;
        Shield = shield;
        Session = session;
        Caller = shield.IdentifyCaller("caller");
    }

    public Shield Shield { get; }

    public ShieldedSession Session { get; }

    public CallerKey Caller { get; }

    public static TestSession Of(
        OnnxGraph graph,
        OutputKind kind,
        string output = TestModels.Output,
        HardeningOptions? hardening = null,
        Action<ShieldOptions>? configure = null,
        ShieldedSessionOptions? options = null,
        TimeProvider? clock = null) =>
        Of(graph, [(output, kind)], shield =>
        {
            shield.Hardening = hardening ?? shield.Hardening;
            configure?.Invoke(shield);
        }, options, clock);

    public static TestSession Of(
        OnnxGraph graph,
        ReadOnlySpan<(string Name, OutputKind Kind)> outputs,
        Action<ShieldOptions>? configure = null,
        ShieldedSessionOptions? options = null,
        TimeProvider? clock = null)
    {
        TestFolder folder = new();
        Shield shield = BuildShield(outputs, configure, clock: clock);
        try
        {
            return new TestSession(folder, shield, Open(shield, folder.Save(graph), options));
        }
        catch
        {
            shield.Dispose();
            folder.Dispose();
            throw;
        }
    }

    /// <summary>A file that stays.</summary>
    public static TestSession OfFile(string path, string output, OutputKind kind, HardeningOptions? hardening = null, int secret = 1)
    {
        Shield shield = BuildShield([(output, kind)], options => options.Hardening = hardening ?? options.Hardening, secret);
        return new TestSession(folder: null, shield, Open(shield, path));
    }

    public static Shield BuildShield(
        ReadOnlySpan<(string Name, OutputKind Kind)> outputs,
        Action<ShieldOptions>? configure = null,
        int secret = 1,
        TimeProvider? clock = null,
        string name = "model")
    {
        ShieldBuilder builder = new ShieldBuilder(name)
            .UseSecret(ShieldSecrets.FromBytes(SHA256.HashData(Encoding.UTF8.GetBytes("test secret " + secret))))
            .UseTimeProvider(clock ?? TimeProvider.System)
            .Configure(options =>
            {
                options.Callers.Capacity = 64;
                options.Admission.PerCaller = new LimitOptions { Queries = 1_000_000, Period = TimeSpan.FromSeconds(1), Burst = 1_000_000 };
                options.Admission.Overflow = new RateOptions { Queries = 1, Period = TimeSpan.FromSeconds(1), Burst = 1 };
            });
        foreach ((string output, OutputKind kind) in outputs)
        {
            builder.AddOutput(output, kind);
        }

        return configure is null ? builder.Build() : builder.Configure(configure).Build();
    }

    /// <summary>One thread, and no words on standard error about failures that a test means to cause.</summary>
    public static SessionOptions Quiet() => new()
    {
        IntraOpNumThreads = 1,
        InterOpNumThreads = 1,
        LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
    };

    public static ShieldedSession Open(Shield shield, string path, ShieldedSessionOptions? options = null, ILoggerFactory? logger = null)
    {
        using SessionOptions sessionOptions = Quiet();
        return new ShieldedSession(shield, path, options, sessionOptions, logger);
    }

    /// <summary>The released answer to rows of float32.</summary>
    public float[] Ask(ReadOnlySpan<float> input, int answerLength)
    {
        float[] released = new float[answerLength];
        Assert.True(Session.Run(Caller, input, released).IsAdmitted);
        return released;
    }

    public void Dispose()
    {
        Session.Dispose();
        Shield.Dispose();
        _folder?.Dispose();
    }
}
