using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;

namespace InferenceShield.Tests;

/// <summary>Makes shields for tests: a small caller table, wide limits, a secret by number.</summary>
internal static class TestShield
{
    public const string Output = "scores";

    /// <summary>32 bytes that look random and are the same on every run.</summary>
    public static byte[] Secret(int number) => SHA256.HashData(Encoding.UTF8.GetBytes("test secret " + number.ToString(CultureInfo.InvariantCulture)));

    public static Shield Build(
        OutputKind kind = OutputKind.Probabilities,
        HardeningOptions? hardening = null,
        Action<ShieldOptions>? configure = null,
        TimeProvider? clock = null,
        ILoggerFactory? logger = null,
        string name = "model",
        int secret = 1)
    {
        ShieldBuilder builder = new ShieldBuilder(name)
            .UseSecret(ShieldSecrets.FromBytes(Secret(secret)))
            .AddOutput(Output, kind, hardening)
            .Configure(options => SetLimits(options, queries: 1_000_000, TimeSpan.FromSeconds(1), burst: 1_000_000))
            .Configure(options => options.Callers.Capacity = 16);
        if (configure is not null)
        {
            builder.Configure(configure);
        }

        if (clock is not null)
        {
            builder.UseTimeProvider(clock);
        }

        if (logger is not null)
        {
            builder.UseLoggerFactory(logger);
        }

        return builder.Build();
    }

    /// <summary>Options as <see cref="Build"/> would use, for reloads.</summary>
    public static ShieldOptions Options(OutputKind kind = OutputKind.Probabilities)
    {
        ShieldOptions options = new() { Callers = { Capacity = 16 } };
        options.Outputs[Output] = new OutputOptions { Kind = kind };
        SetLimits(options, queries: 1_000_000, TimeSpan.FromSeconds(1), burst: 1_000_000);
        return options;
    }

    public static void SetLimits(ShieldOptions options, int queries, TimeSpan period, int burst)
    {
        options.Admission.PerCaller = new LimitOptions { Queries = queries, Period = period, Burst = burst };
        options.Admission.Overflow = new RateOptions { Queries = queries, Period = period, Burst = burst };
    }

    public static Admission AdmitRows(this Shield shield, int rows, string caller = "caller") =>
        shield.Admit(shield.IdentifyCaller(caller), new byte[rows], rows);

    /// <summary>Admits and hardens; the clean scores stay as they are.</summary>
    public static float[] Release(this Shield shield, ReadOnlySpan<float> clean, int classes)
    {
        float[] released = new float[clean.Length];
        Admission admission = shield.AdmitRows(clean.Length / classes);
        Assert.True(admission.IsAdmitted);
        shield.Harden(in admission, clean, released, classes);
        return released;
    }
}
