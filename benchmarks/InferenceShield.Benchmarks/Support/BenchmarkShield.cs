using System.Security.Cryptography;

namespace InferenceShield.Benchmarks.Support;

/// <summary>Makes shields with the default hardening and a fixed secret.</summary>
internal static class BenchmarkShield
{
    /// <summary>How many callers take turns.</summary>
    /// <remarks>The highest rate that can be configured is a million queries a second and caller, which one caller in a
    /// tight loop exceeds: the benchmark would then time refusals.</remarks>
    public const int CallerCount = 64;

    public static Shield Build(string output, OutputKind kind) =>
        Build(output, kind, Widest());

    /// <summary>The highest rate that can be configured.</summary>
    public static LimitOptions Widest() => new() { Queries = 1_000_000, Period = TimeSpan.FromSeconds(1), Burst = 1_000_000 };

    /// <summary>The same, with every quota there is.</summary>
    public static LimitOptions WidestWithQuotas() => new()
    {
        Queries = 1_000_000,
        Period = TimeSpan.FromSeconds(1),
        Burst = 1_000_000,
        DailyQueries = Quota.Most,
        MonthlyQueries = Quota.Most,
        DailyCost = Quota.Most,
        MonthlyCost = Quota.Most,
    };

    /// <summary>One query a month: after the first one, every query is refused.</summary>
    public static Shield BuildRefusing(string output, OutputKind kind) =>
        Build(output, kind, new LimitOptions { Queries = 1, Period = TimeSpan.FromDays(31), Burst = 1 });

    /// <summary>What a host would have as names: API keys.</summary>
    public static string[] CallerNames() =>
        [.. Enumerable.Range(0, CallerCount).Select(i => $"key-{Convert.ToHexString(SHA256.HashData([(byte)i]))[..32]}")];

    public static CallerKey[] IdentifyCallers(Shield shield) => Array.ConvertAll(CallerNames(), shield.IdentifyCaller);

    /// <summary>Fails if the shield refused a query or changed a label.</summary>
    public static void CheckAllAdmitted(Shield shield)
    {
        ShieldStatistics statistics = shield.GetStatistics();
        if (statistics.Refused != 0 || statistics.TopChanged != 0)
        {
            throw new InvalidOperationException(
                $"The shield refused {statistics.Refused:N0} queries and changed {statistics.TopChanged:N0} labels; the benchmark is to measure neither.");
        }
    }

    /// <summary>Fails if the shield admitted more than one query of each caller.</summary>
    public static void CheckAllRefused(Shield shield)
    {
        ShieldStatistics statistics = shield.GetStatistics();
        if (statistics.Admitted != CallerCount)
        {
            throw new InvalidOperationException(
                $"The shield admitted {statistics.Admitted - CallerCount:N0} queries; the benchmark is to measure refusals.");
        }
    }

    public static Shield Build(
        string output, OutputKind kind, LimitOptions rate, Action<ShieldOptions>? configure = null, TimeProvider? timeProvider = null) =>
        new ShieldBuilder("benchmark")
            .UseSecret(ShieldSecrets.FromBytes(SHA256.HashData("InferenceShield benchmarks"u8)))
            .AddOutput(output, kind)
            .Configure(options =>
            {
                options.Admission.PerCaller = rate;
                options.Admission.Overflow = rate;
                configure?.Invoke(options);
            })
            .UseTimeProvider(timeProvider ?? TimeProvider.System)
            .Build();
}
