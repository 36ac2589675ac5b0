using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace InferenceShield.Tests;

public sealed class CallerRecordTests
{
    [Fact]
    public void A_record_is_one_cache_line()
    {
        Assert.Equal(64, CallerRecord.SizeInBytes);
        Assert.Equal(64, Unsafe.SizeOf<CallerRecord>());
    }

    [Fact]
    public void Every_word_is_aligned_for_atomic_access()
    {
        FieldInfo[] fields = typeof(CallerRecord).GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);
        Assert.NotEmpty(fields);
        Assert.All(fields, field =>
        {
            Assert.Equal(8, Marshal.SizeOf(field.FieldType));
            Assert.Equal(0, Marshal.OffsetOf<CallerRecord>(field.Name) % 8);
        });
    }

    [Theory]
    [InlineData(2)]
    [InlineData(10_000)]
    [InlineData(100_000)]
    public void The_documented_96_bytes_a_caller_are_what_the_table_takes(int capacity) =>
        Assert.Equal(96 * capacity, new CallerTable(capacity).OverflowSlot * CallerRecord.SizeInBytes);
}
