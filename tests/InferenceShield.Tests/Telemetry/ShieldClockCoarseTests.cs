namespace InferenceShield.Tests;

public sealed class ShieldClockCoarseTests
{
    [Fact]
    public void Two_threads_see_it_grow_never_ahead_of_now_and_close_behind()
    {
        // A tick is 16 ms at most; the rest is for machines whose timer interrupts come late.
        const long Behind = 100_000_000;
        const long Duration = 1_000_000_000;
        ShieldClock clock = new(TimeProvider.System);
        Threads.Run(2, _ =>
        {
            long latest = 0;
            long before;
            do
            {
                before = clock.Now;
                long coarse = clock.Coarse;
                long after = clock.Now;
                if (coarse < latest || coarse > after || coarse < before - Behind)
                {
                    Assert.Fail($"Coarse {coarse} after {latest}, between {before} and {after}.");
                }

                latest = coarse;
            }
            while (before < Duration);
        });
    }

    [Fact]
    public void Moves_on_with_the_system_timer()
    {
        ShieldClock clock = new(TimeProvider.System);
        long first = clock.Coarse;
        Threads.WaitUntil(() => clock.Coarse > first);
    }

    [Fact]
    public void Of_another_provider_it_is_now()
    {
        ManualTimeProvider time = new(frequency: 24_000_000);
        ShieldClock clock = new(time);
        Assert.Equal(0, clock.Coarse);
        for (int i = 0; i < 100; i++)
        {
            time.AdvanceTimestamps(1 + (i * 7));
            Assert.Equal(clock.Now, clock.Coarse);
        }

        time.Advance(TimeSpan.FromSeconds(-5));
        Assert.Equal(clock.Now, clock.Coarse);
    }
}
