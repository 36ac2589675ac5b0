namespace InferenceShield.Tests.Detection.Events;

public sealed class EventCoolDownTests
{
    private const long Minute = 60_000_000_000;

    private readonly EventCoolDown _coolDown = new(TimeSpan.FromMinutes(10));

    [Fact]
    public void An_equal_event_is_left_out_until_the_cool_down_has_passed_and_then_told_with_the_count()
    {
        Assert.Equal((true, 0), Say(Samples.Alarm(1), 0));
        Assert.Equal((false, 0), Say(Samples.Alarm(1), 1));
        Assert.Equal((false, 1), Say(Samples.Alarm(1), 9 * Minute));
        Assert.Equal((true, 2), Say(Samples.Alarm(1), 10 * Minute));
        Assert.Equal((false, 0), Say(Samples.Alarm(1), 11 * Minute));
    }

    [Fact]
    public void Other_callers_and_kinds_are_none_of_its_business()
    {
        Assert.True(Say(Samples.Alarm(1), 0).IsNews);
        Assert.True(Say(Samples.Alarm(2), 0).IsNews);
        Assert.True(Say(Samples.Odometer(1, .5), 0).IsNews);
        Assert.True(Say(Samples.Campaign(1, 5), 0).IsNews);
        Assert.True(Say(Samples.Campaign(2, 5), 0).IsNews);
    }

    [Fact]
    public void What_is_worse_is_told_at_once_and_a_lesser_one_after_it_is_not()
    {
        Assert.True(Say(Samples.Alarm(1), 0).IsNews);
        Assert.True(Say(Samples.Alarm(1, level: DetectionLevel.Strict), 1).IsNews);
        Assert.True(Say(Samples.Alarm(1, DetectionFamily.Output), 2).IsNews);
        Assert.False(Say(Samples.Alarm(1, level: DetectionLevel.Strict), 3).IsNews);
        Assert.True(Say(Samples.Odometer(1, .4), 0).IsNews);
        Assert.True(Say(Samples.Odometer(1, .6), 1).IsNews);
        Assert.False(Say(Samples.Odometer(1, .4), 2).IsNews);
        Assert.True(Say(Samples.Campaign(1, 10), 0).IsNews);
        Assert.False(Say(Samples.Campaign(1, 15), 1).IsNews);
        Assert.True(Say(Samples.Campaign(1, 20), 2).IsNews);
    }

    [Fact]
    public void A_change_of_posture_is_told_up_and_down_and_not_hidden_by_an_alarm()
    {
        Assert.True(Say(Samples.Alarm(1, DetectionFamily.Output, DetectionLevel.Strict), 0).IsNews);
        Assert.True(Say(Samples.Changed(1, Posture.Normal, Posture.Guarded), 1).IsNews);
        Assert.True(Say(Samples.Changed(1, Posture.Guarded, Posture.Restricted), 2).IsNews);
        Assert.True(Say(Samples.Changed(1, Posture.Restricted, Posture.Guarded), 3).IsNews);
        Assert.False(Say(Samples.Changed(1, Posture.Restricted, Posture.Guarded), 4).IsNews);
        Assert.True(Say(Samples.Changed(1, Posture.Restricted, Posture.Guarded, acted: false), 5).IsNews);
    }

    [Fact]
    public void Of_callers_that_share_a_place_the_one_told_of_longest_ago_is_forgotten()
    {
        // The place as it is worked out of a key's first half; five of one place, which holds four.
        int[] callers = [.. Enumerable.Range(0, 100_000)
            .GroupBy(caller => ((Samples.Caller(caller).Low + (ulong)ShieldEventKind.Alarm) * 0x9E3779B97F4A7C15 >> 32) & ((EventCoolDown.Capacity / 4) - 1))
            .First(group => group.Count() >= 5).Take(5)];
        for (int i = 0; i < 5; i++)
        {
            Assert.True(Say(Samples.Alarm(callers[i]), i).IsNews);
        }

        Assert.All(callers[1..], caller => Assert.False(Say(Samples.Alarm(caller), 6).IsNews));
        Assert.True(Say(Samples.Alarm(callers[0]), 7).IsNews);
    }

    [Fact]
    public void A_clock_that_steps_back_far_silences_nobody()
    {
        Assert.True(Say(Samples.Alarm(1), 100 * Minute).IsNews);
        Assert.True(Say(Samples.Alarm(1), 0).IsNews);
    }

    [Fact]
    public void More_callers_than_it_remembers_cost_it_only_its_memory()
    {
        for (int caller = 0; caller < 3 * EventCoolDown.Capacity; caller++)
        {
            Assert.True(Say(Samples.Alarm(caller), caller).IsNews);
        }

        int latest = (3 * EventCoolDown.Capacity) - 1;
        Assert.False(Say(Samples.Alarm(latest), latest + 1).IsNews);
    }

    private (bool IsNews, long Suppressed) Say(ShieldEvent shieldEvent, long now) => (_coolDown.IsNews(shieldEvent, now, out long suppressed), suppressed);
}
