namespace InferenceShield.Tests;

/// <summary>The promise of the hot path: no allocation after a thread's first call, exactly.</summary>
[Collection(ProcessWide.Name)]
public sealed class ShieldAllocationTests
{
    private const int Calls = 200;
    private const int Rounds = 4;

    private static readonly Dictionary<string, HardeningOptions> s_hardenings = new()
    {
        ["rounded"] = new HardeningOptions(),
        ["noise"] = new HardeningOptions { KeyedNoiseBudget = 0.2 },
        ["top-k"] = new HardeningOptions { TopK = 5 },
        ["all"] = new HardeningOptions { KeyedNoiseBudget = 0.2, TopK = 5, Temperature = 2, Decimals = 5 },
        ["label only"] = new HardeningOptions { Release = Release.LabelOnly },
    };


    [Fact]
    public void Identifying_a_caller_allocates_nothing()
    {
        using Shield shield = TestShield.Build();
        string name = new('x', Shield.MaximumCallerNameLength);
        AssertNoAllocation(_ => shield.IdentifyCaller(name));
        AssertNoAllocation(_ => shield.IdentifyCaller("short"u8));
    }

    [Fact]
    public void Admitting_known_and_new_callers_allocates_nothing()
    {
        using Shield shield = TestShield.Build(configure: options => options.Callers.Capacity = 10 * Calls);
        CallerKey[] callers = [.. Enumerable.Range(0, Rounds * Calls).Select(i => shield.IdentifyCaller($"caller {i}"))];
        byte[] input = new byte[28 * 28 * 4 * 2];
        AssertNoAllocation(_ => shield.Admit(callers[0], input, rows: 2));
        int next = 0;
        AssertNoAllocation(_ => shield.Admit(callers[next++], input));
        Assert.Equal(next, shield.GetStatistics().Callers);
    }

    [Fact]
    public void Admitting_digests_allocates_nothing()
    {
        using Shield shield = TestShield.Build();
        CallerKey caller = shield.IdentifyCaller("caller");
        byte[] input = new byte[100];
        AssertNoAllocation(_ => shield.Admit(caller, [shield.Digest(shield.Digest(input), input), shield.Digest(input)]));
    }

    [Fact]
    public void Refusing_allocates_nothing()
    {
        using Shield shield = TestShield.Build(
            configure: options =>
            {
                TestShield.SetLimits(options, queries: 1, TimeSpan.FromDays(1), burst: 1);
                options.Callers.Capacity = 1;
            },
            clock: new ManualTimeProvider());
        CallerKey known = shield.IdentifyCaller("known");
        CallerKey newcomer = shield.IdentifyCaller("newcomer");
        shield.Admit(known, [], 1);
        shield.Admit(newcomer, [], 1);
        long refused = 0;
        AssertNoAllocation(_ => refused += shield.Admit(known, [], 1).IsAdmitted ? 0 : 1);
        AssertNoAllocation(_ => refused += shield.Admit(newcomer, [], 1).RetryAfterSeconds > 0 ? 1 : 0);
        Assert.Equal(refused, shield.GetStatistics().Refused);
    }

    [Theory]
    [InlineData(2, "rounded")]
    [InlineData(2, "noise")]
    [InlineData(2, "top-k")]
    [InlineData(2, "all")]
    [InlineData(2, "label only")]
    [InlineData(10, "rounded")]
    [InlineData(10, "noise")]
    [InlineData(10, "top-k")]
    [InlineData(10, "all")]
    [InlineData(10, "label only")]
    [InlineData(1000, "rounded")]
    [InlineData(1000, "noise")]
    [InlineData(1000, "top-k")]
    [InlineData(1000, "all")]
    [InlineData(1000, "label only")]
    [InlineData(6625, "all")]
    public void Hardening_allocates_nothing(int classes, string hardening)
    {
        using Shield shield = TestShield.Build(OutputKind.Logits, s_hardenings[hardening]);
        float[] logits = new ScoreCase(OutputKind.Logits, ScoreShape.Spread, classes, Seed: 1).Scores();
        float[] released = new float[classes];
        Admission admission = shield.AdmitRows(1);
        AssertNoAllocation(_ => shield.Harden(in admission, logits, released, classes));
    }

    [Theory]
    [InlineData(Posture.Guarded, 2)]
    [InlineData(Posture.Guarded, 10)]
    [InlineData(Posture.Guarded, 1000)]
    [InlineData(Posture.Restricted, 2)]
    [InlineData(Posture.Restricted, 10)]
    [InlineData(Posture.Restricted, 1000)]
    public void Hardening_for_a_suspect_allocates_nothing_with_and_without_least_information(Posture posture, int classes)
    {
        using Shield shield = TestShield.Build(OutputKind.Logits, configure: options =>
        {
            options.Outputs["other"] = new OutputOptions { Kind = OutputKind.Logits, Guarded = new HardeningOptions { LeastInformationBudget = 1 } };
            options.Outputs["values"] = new OutputOptions { Kind = OutputKind.Regression };
        });
        shield.Overrides.Set(shield.IdentifyCaller("caller"), new CallerOverride { Posture = posture });
        float[] logits = new ScoreCase(OutputKind.Logits, ScoreShape.Spread, classes, Seed: 1).Scores();
        float[] released = new float[classes];
        Admission admission = shield.AdmitRows(1);
        AssertNoAllocation(i => shield.Harden(in admission, logits, released, classes, i % 3));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(10)]
    [InlineData(1000)]
    public void Hardening_probabilities_and_values_allocates_nothing(int classes)
    {
        using Shield shield = TestShield.Build(configure: options =>
        {
            options.Outputs["embedding"] = new OutputOptions { Kind = OutputKind.Embedding };
            options.Outputs["state"] = new OutputOptions { Kind = OutputKind.State };
        });
        float[] clean = new ScoreCase(OutputKind.Probabilities, ScoreShape.Spread, classes, Seed: 1).Scores();
        float[] released = new float[classes];
        Admission admission = shield.AdmitRows(1);
        AssertNoAllocation(i => shield.Harden(in admission, clean, released, classes, i % 3));
    }

    [Fact]
    public void Observing_allocates_nothing()
    {
        using Shield shield = TestShield.Build(OutputKind.Logits, configure: options => options.Mode = ShieldMode.ObserveOnly);
        CallerKey caller = shield.IdentifyCaller("caller");
        float[] logits = new float[1000];
        AssertNoAllocation(_ =>
        {
            Admission admission = shield.Admit(caller, [], 1);
            shield.Harden(in admission, logits, classes: 1000);
        });
    }

    [Fact]
    public void Reading_the_counters_allocates_nothing()
    {
        using Shield shield = TestShield.Build();
        CallerKey caller = shield.IdentifyCaller("caller");
        shield.Admit(caller, [], 1);
        long sum = 0;
        AssertNoAllocation(_ => sum += shield.GetStatistics().Admitted + (shield.TryGetCaller(caller, out CallerStatistics statistics) ? statistics.Admitted : 0));
        Assert.Equal(2 * Rounds * Calls, sum);
    }

    /// <remarks>The first round warms up. Of the others the least counts: the runtime may allocate once on this thread while
    /// it replaces code by faster code, which is nobody's call; what a call allocates, every round shows.</remarks>
    private static void AssertNoAllocation(Action<int> action)
    {
        long least = long.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < Calls; i++)
            {
                action(i);
            }

            least = round == 0 ? least : Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }
}
