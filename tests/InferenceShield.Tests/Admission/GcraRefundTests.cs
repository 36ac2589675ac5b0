namespace InferenceShield.Tests;

public sealed class GcraRefundTests
{
    private const long Second = 1_000_000_000;

    private readonly ManualTimeProvider _time = new();
    private readonly Gcra _oneASecond = new(new RateOptions { Queries = 1, Period = TimeSpan.FromSeconds(1), Burst = 10 });

    [Fact]
    public void At_once_leaves_the_word_as_it_was()
    {
        ShieldClock clock = ShieldClock.Of(_time);
        long word = 0;
        Assert.True(_oneASecond.TryCharge(ref word, clock.Now, 4, out _));
        long before = word;
        Assert.True(_oneASecond.TryCharge(ref word, clock.Now, 3, out _));
        _oneASecond.Refund(ref word, 3, clock.Now, clock);
        Assert.Equal(before, word);
    }

    [Fact]
    public void Late_does_not_take_back_what_somebody_else_has_charged_since()
    {
        // Charged at 0 and worn off after a second; at 2 s somebody charges anew. The first charge is not in the word any more.
        ShieldClock clock = ShieldClock.Of(_time);
        long word = 0;
        Assert.True(_oneASecond.TryCharge(ref word, clock.Now, 1, out _));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.True(_oneASecond.TryCharge(ref word, clock.Now, 1, out _));
        _oneASecond.Refund(ref word, 1, chargedAt: 0, clock);
        Assert.Equal(3 * Second, Gcra.TimeOf(word));
    }

    [Fact]
    public void Takes_back_what_has_not_worn_off_yet()
    {
        ShieldClock clock = ShieldClock.Of(_time);
        long word = 0;
        Assert.True(_oneASecond.TryCharge(ref word, clock.Now, 5, out _));
        _time.Advance(TimeSpan.FromSeconds(2));
        _oneASecond.Refund(ref word, 5, chargedAt: 0, clock);
        Assert.Equal(2 * Second, Gcra.TimeOf(word));
    }

    [Fact]
    public void Threads_that_charge_and_take_back_over_time_never_leave_less_than_what_was_kept()
    {
        // Whatever is taken back, what is kept in the last moment is still owed.
        for (int round = 0; round < 50; round++)
        {
            ManualTimeProvider time = new();
            ShieldClock clock = ShieldClock.Of(time);
            long word = 0;
            long kept = 0;
            Threads.Run(4, thread =>
            {
                for (int i = 0; i < 200; i++)
                {
                    long now = clock.Now;
                    if (_oneASecond.TryCharge(ref word, now, 1, out _))
                    {
                        if ((i + thread) % 2 == 0)
                        {
                            _oneASecond.Refund(ref word, 1, now, clock);
                        }
                        else
                        {
                            Interlocked.Increment(ref kept);
                        }
                    }

                    if (thread == 0 && i % 10 == 0)
                    {
                        time.Advance(TimeSpan.FromMilliseconds(700));
                    }
                }
            });

            // 10 at once and one a second: the total kept can never be more.
            Assert.True(kept <= 10 + (clock.Now / Second) + 1, $"{kept} kept in {clock.Now / Second} s");
        }
    }
}
