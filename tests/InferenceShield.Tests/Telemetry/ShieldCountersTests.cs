using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace InferenceShield.Tests;

public sealed class ShieldCountersTests
{
    [Fact]
    public void Nothing_else_shares_a_cache_line_with_a_cell()
    {
        Assert.Equal(ShieldCell.SizeInBytes, Unsafe.SizeOf<ShieldCell>());
        Assert.All(typeof(ShieldCell).GetFields(BindingFlags.Instance | BindingFlags.Public), field =>
        {
            long offset = Marshal.OffsetOf<ShieldCell>(field.Name);
            Assert.Equal(0, offset % 8);
            Assert.InRange(offset, 64, ShieldCell.SizeInBytes - 64 - SizeOf(field));
        });
    }

    [Fact]
    public void No_two_counters_of_a_cell_overlap()
    {
        (long Offset, int Size)[] fields =
        [
            .. typeof(ShieldCell).GetFields(BindingFlags.Instance | BindingFlags.Public)
                .Select(field => ((long)Marshal.OffsetOf<ShieldCell>(field.Name), SizeOf(field))).OrderBy(field => field.Item1),
        ];
        Assert.All(fields.Zip(fields.Skip(1)), pair => Assert.True(pair.First.Offset + pair.First.Size <= pair.Second.Offset));
    }

    private static int SizeOf(FieldInfo field) => field.FieldType == typeof(CallCounters) ? CallCounters.SizeInBytes : sizeof(long);
}
