using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Xunit;

namespace InferenceShield.Tests.Telemetry;

public sealed class StripedCounterTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    public void Threads_lose_nothing(int stripes)
    {
        StripedCounter counter = new(stripes);
        long expected = 0;
        Together.Run(8, number =>
        {
            long own = 0;
            long end = Environment.TickCount64 + 200;
            for (int i = 0; i % 1000 != 0 || Environment.TickCount64 < end; i++)
            {
                counter.AddFrom(number, i % 7 - 2);
                own += i % 7 - 2;
            }

            Interlocked.Add(ref expected, own);
        });
        Assert.Equal(expected, counter.Sum);
    }

    [Fact]
    public void A_sum_is_never_behind_what_was_added_before_it_nor_ahead_of_what_began()
    {
        StripedCounter counter = new();
        long done = 0;
        long begun = 0;
        bool finished = false;
        Together.Run(4, number =>
        {
            if (number > 0)
            {
                for (int i = 0; i < 100_000; i++)
                {
                    Interlocked.Increment(ref begun);
                    counter.Increment();
                    Interlocked.Increment(ref done);
                }

                Volatile.Write(ref finished, true);
                return;
            }

            while (!Volatile.Read(ref finished))
            {
                long least = Interlocked.Read(ref done);
                long sum = counter.Sum;
                long most = Interlocked.Read(ref begun);
                Assert.InRange(sum, least, most);
            }
        });
    }

    [Fact]
    public void Cells_keep_their_distance()
    {
        Assert.Equal(128, Unsafe.SizeOf<CounterCell>());
        Assert.Equal(64, Marshal.OffsetOf<CounterCell>(nameof(CounterCell.Value)).ToInt32());
    }

    [Fact]
    public void The_first_and_the_last_cell_stay_unused()
    {
        StripedCounter counter = new();
        Together.Run(8, _ =>
        {
            for (int i = 0; i < 10_000; i++)
            {
                counter.AddFrom(processor: i, 1);
            }
        });
        CounterCell[] cells = Cells(counter);
        Assert.Equal(0, cells[0].Value);
        Assert.Equal(0, cells[^1].Value);
        Assert.Equal(80_000, counter.Sum);
    }

    [Fact]
    public void Stripes_are_as_many_as_processors_within_limits()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new StripedCounter(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new StripedCounter(StripedCounter.MostStripes + 1));
        Assert.Equal(6, Cells(new StripedCounter(3)).Length);
        Assert.True(Cells(new StripedCounter()).Length - 2 >= Math.Min(Environment.ProcessorCount, StripedCounter.MostStripes));
    }

    [Fact]
    public void Adding_and_reading_allocate_nothing()
    {
        StripedCounter counter = new();
        Assert.Equal(0, Together.Allocated(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                counter.Add(counter.Sum & 3);
            }
        }));
    }

    private static CounterCell[] Cells(StripedCounter counter) =>
        (CounterCell[])typeof(StripedCounter).GetField("_cells", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(counter)!;
}
