namespace InferenceShield.Tests;

/// <summary>A small slice of what `dotnet run --project tests/InferenceShield.Soak -c Release -- flood` measures. Seeded: the same on every run.</summary>
[Collection(ProcessWide.Name)]
public sealed class CallerFloodTests
{
    [Fact]
    public void Half_a_million_names_push_nobody_out_who_asked_much_and_take_no_memory()
    {
        using CallerFlood flood = new(capacity: 20_000, honest: 10_000, dossiers: 200);
        flood.Live(seed: 1);
        Assert.Equal(flood.Offenders.Count, flood.OffendersRemembered);
        flood.Flood(first: 0, names: 1_000, TimeSpan.Zero);
        long before = GC.GetTotalMemory(forceFullCollection: true);

        // In turn slowly enough to be given records that have become fresh, and so fast that there are none.
        long allocated = flood.Flood(first: 1_000, names: 250_000, TimeSpan.FromMilliseconds(1));
        allocated += flood.Flood(first: 251_000, names: 249_000, TimeSpan.FromMicroseconds(1));
        ShieldStatistics statistics = flood.Shield.GetStatistics();
        Assert.Equal(0, allocated);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 64 * 1024);
        Assert.True(statistics.Evictions > 200_000, $"{statistics.Evictions} records changed hands.");
        Assert.True(statistics.TableFull > 100_000, $"{statistics.TableFull} queries met a full table.");
        Assert.Equal(20_000, statistics.Callers);
        Assert.Equal(flood.Offenders.Count, flood.OffendersRemembered);
    }

    [Fact]
    public void A_million_callers_with_default_options_take_less_than_256_megabytes()
    {
        long before = GC.GetTotalMemory(forceFullCollection: true);
        using Shield shield = TestShield.Build(configure: options =>
        {
            ShieldOptions defaults = new();
            options.Callers = defaults.Callers;
            options.Callers.Capacity = 1_000_000;
            options.Admission = defaults.Admission;
        });
        Span<byte> name = stackalloc byte[4];
        for (int i = 0; i < 1_000_000; i++)
        {
            BitConverter.TryWriteBytes(name, i | 0x4000_0000);
            shield.Admit(shield.IdentifyCaller(name), [], rows: 1);
        }

        Assert.InRange(shield.GetStatistics().Callers, 999_990, 1_000_000);
        long taken = GC.GetTotalMemory(forceFullCollection: true) - before;
        CallerOptions documented = new();
        long expected = (204L * (1_000_000 + documented.TenantCapacity + documented.NetworkCapacity)) + (5_000L * documented.Dossiers);
        Assert.InRange(taken, 204_000_000, 256_000_000);
        Assert.InRange(taken, expected * 0.99, expected * 1.01);
    }
}
