using Microsoft.Extensions.Logging.Abstractions;

namespace InferenceShield.Tests;

public sealed class DetectionTimerTests
{
    [Fact]
    public void A_tick_that_throws_is_counted_and_the_next_one_runs_and_minutes_are_sixty_of_them_whatever_the_clock_does()
    {
        ManualTimeProvider time = new();
        NoTimers provider = new(time);
        int seconds = 0;
        int minutes = 0;
        using DetectionTimer timer = new(provider, "model", _ =>
        {
            if (++seconds % 2 == 0)
            {
                throw new InvalidOperationException();
            }
        }, _ => minutes++, NullLogger.Instance);
        Assert.True(timer.IsManual);
        for (int tick = 0; tick < 120; tick++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            timer.Tick();
        }

        Assert.Equal((120, 2, 60L), (seconds, minutes, timer.Failures));
        time.Advance(TimeSpan.FromSeconds(-30));
        timer.Tick();
        Assert.Equal(2, minutes);
        time.Advance(TimeSpan.FromSeconds(60));
        timer.Tick();
        Assert.Equal(3, minutes);
        timer.Dispose();
        timer.Tick();
        Assert.Equal(122, seconds);
    }

    [Fact]
    public async Task Ticks_never_overlap()
    {
        using ManualResetEventSlim entered = new();
        using ManualResetEventSlim release = new();
        int ticks = 0;
        using DetectionTimer timer = new(new NoTimers(new ManualTimeProvider()), "model", _ =>
        {
            ticks++;
            entered.Set();
            release.Wait();
        }, _ => { }, NullLogger.Instance);
        Task first = Task.Run(timer.Tick);
        entered.Wait();
        timer.Tick(); // falls out
        Assert.Equal(1, ticks);
        release.Set();
        await first;
        timer.Tick();
        Assert.Equal(2, ticks);
    }

    [Fact]
    public void A_real_clock_ticks_by_itself()
    {
        using ManualResetEventSlim ticked = new();
        using DetectionTimer timer = new(TimeProvider.System, "model", _ => ticked.Set(), _ => { }, NullLogger.Instance);
        Assert.False(timer.IsManual);
        Assert.True(ticked.Wait(TimeSpan.FromSeconds(30)));
    }

    /// <summary>As a simulated clock does it.</summary>
    private sealed class NoTimers(TimeProvider inner) : TimeProvider
    {
        public override long TimestampFrequency => inner.TimestampFrequency;

        public override long GetTimestamp() => inner.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => throw new NotSupportedException();
    }
}
