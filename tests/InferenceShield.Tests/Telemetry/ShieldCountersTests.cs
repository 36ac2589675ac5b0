using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace InferenceShield.Tests;

public sealed class ShieldCountersTests
{
    [Fact]
    public void Nothing_else_of_the_shield_shares_a_cache_line_with_a_counter()
    {
        Assert.Equal(256, Unsafe.SizeOf<ShieldCounters>());
        Assert.All(typeof(ShieldCounters).GetFields(), field =>
        {
            long offset = Marshal.OffsetOf<ShieldCounters>(field.Name);
            Assert.Equal(0, offset % 8);
            Assert.InRange(offset, 64, 256 - 64 - 8);
        });
    }

    [Fact]
    public void Admitted_and_hardened_are_counted_on_different_cache_lines() =>
        Assert.True(Marshal.OffsetOf<ShieldCounters>(nameof(ShieldCounters.Hardened)) - Marshal.OffsetOf<ShieldCounters>(nameof(ShieldCounters.Admitted)) >= 64);

    [Fact]
    public void No_two_counters_overlap()
    {
        long[] offsets = [.. typeof(ShieldCounters).GetFields().Select(field => (long)Marshal.OffsetOf<ShieldCounters>(field.Name)).Order()];
        Assert.All(offsets.Zip(offsets.Skip(1)), pair => Assert.True(pair.Second - pair.First >= 8));
    }
}
