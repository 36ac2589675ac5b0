using System.Numerics;
using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

public sealed class ShieldClockTests
{
    [Theory]
    [InlineData(1_000)]
    [InlineData(3_579_545)]
    [InlineData(10_000_000)]
    [InlineData(24_000_000)]
    [InlineData(1_000_000_000)]
    [InlineData(2_400_000_000)]
    public void Counts_nanoseconds_from_its_start_at_any_frequency(long frequency)
    {
        Gen<long> elapsed =
            from days in Gen.Choose(0, 3650)
            from rest in Gen.Choose(0, int.MaxValue)
            select (days * 86_400L * frequency) + (rest % (86_400L * frequency));
        Properties.Hold(elapsed, timestamps =>
        {
            ManualTimeProvider time = new(frequency);
            ShieldClock clock = new(time);
            Assert.Equal(0, clock.Now);
            time.AdvanceTimestamps(timestamps);
            Assert.Equal((long)(new BigInteger(timestamps) * 1_000_000_000 / frequency) / Gcra.Quantum * Gcra.Quantum, clock.Now);
        });
    }

    [Fact]
    public void Is_never_before_its_start()
    {
        ManualTimeProvider time = new();
        ShieldClock clock = new(time);
        time.Advance(TimeSpan.FromSeconds(-5));
        Assert.Equal(0, clock.Now);
    }
}
