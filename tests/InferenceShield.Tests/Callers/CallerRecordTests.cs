using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace InferenceShield.Tests;

public sealed class CallerRecordTests
{
    [Fact]
    public void A_record_is_two_cache_lines_one_to_decide_and_one_to_count()
    {
        Assert.Equal(128, CallerRecord.SizeInBytes);
        Assert.Equal(128, Unsafe.SizeOf<CallerRecord>());
        Assert.Equal(64, Marshal.OffsetOf<CallerRecord>(nameof(CallerRecord.Counters)));
        Assert.Equal(CallCounters.SizeInBytes, Unsafe.SizeOf<CallCounters>());
    }

    [Fact]
    public void Every_word_is_aligned_for_atomic_access()
    {
        FieldInfo[] fields = typeof(CallerRecord).GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);
        Assert.NotEmpty(fields);
        Assert.All(fields, field =>
        {
            int size = Marshal.SizeOf(field.FieldType);
            Assert.Equal(0, Marshal.OffsetOf<CallerRecord>(field.Name) % Math.Min(size, 8));
        });
    }

    [Theory]
    [InlineData(2)]
    [InlineData(10_000)]
    [InlineData(100_000)]
    public void The_documented_204_bytes_a_caller_are_what_the_table_takes(int capacity)
    {
        // What does not grow with the capacity: the window after the last home, the overflow record, the locks.
        const int Rest = ((CallerTable.Window + 1) * 136) + (1024 * sizeof(int)) + 500;
        long most = (204L * capacity) + Rest;
        Assert.InRange(Allocations.Least(() => GC.KeepAlive(new CallerTable(capacity)), expected: most), 204L * capacity, most);
        Assert.Equal(204, CallerTable.BytesPerCaller);
    }
}
