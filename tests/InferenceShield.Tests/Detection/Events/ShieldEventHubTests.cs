using System.Diagnostics;

namespace InferenceShield.Tests.Detection.Events;

[Collection(ProcessWide.Name)]
public sealed class ShieldEventHubTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly RecordingLoggerFactory _log = new();

    [Fact]
    public void Every_sink_gets_every_event_in_order()
    {
        TestSink first = new();
        TestSink second = new();
        using ShieldEventHub hub = Hub(1024, first, second);
        for (int caller = 0; caller < 500; caller++)
        {
            hub.Publish(Samples.Alarm(caller));
        }

        hub.Dispose();
        CallerKey[] expected = [.. Enumerable.Range(0, 500).Select(Samples.Caller)];
        Assert.Equal(expected, first.Taken.Select(taken => taken.Caller));
        Assert.Equal(expected, second.Taken.Select(taken => taken.Caller));
        Assert.All(hub.Statistics, sink => Assert.Equal((500, 0, 0, 0), (sink.Delivered, sink.Failed, sink.Dropped, sink.Waiting)));
    }

    [Fact]
    public void What_was_left_out_is_told_with_the_next()
    {
        TestSink sink = new();
        using ShieldEventHub hub = Hub(1024, sink);
        hub.Publish(Samples.Alarm(1));
        hub.Publish(Samples.Alarm(1));
        hub.Publish(Samples.Alarm(1));
        _time.Advance(TimeSpan.FromMinutes(10));
        hub.Publish(Samples.Alarm(1));
        hub.Dispose();
        Assert.Equal([0, 2], sink.Taken.Select(taken => taken.Suppressed));
    }

    [Fact]
    public void A_sink_that_throws_is_counted_and_logged_by_type_alone_and_goes_on()
    {
        TestSink faulty = new((taken, _) => taken.Caller == Samples.Caller(3) ? default : throw new InvalidOperationException("Password=hunter2"));
        TestSink healthy = new();
        using ShieldEventHub hub = Hub(1024, faulty, healthy);
        for (int caller = 0; caller < 4; caller++)
        {
            hub.Publish(Samples.Alarm(caller));
        }

        hub.Dispose();
        Assert.Equal((1, 3), (hub.Statistics[0].Delivered, hub.Statistics[0].Failed));
        Assert.Equal(4, healthy.Taken.Count);
        string message = Assert.Single(_log.Messages("EventSinkFailed"));
        Assert.Contains(nameof(InvalidOperationException), message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sink_that_hangs_fills_its_queue_while_others_go_on_and_ends_in_bounded_time()
    {
        using ManualResetEventSlim release = new();
        TestSink hanging = new(async (_, _) => await Task.Run(release.Wait, CancellationToken.None)); // heeds no cancellation
        TestSink healthy = new();
        using ShieldEventHub hub = Hub(8, hanging, healthy);
        for (int caller = 0; caller < 100; caller++)
        {
            hub.Publish(Samples.Alarm(caller)); // would never come back if it waited for the one that hangs
            healthy.WaitFor(caller + 1);
        }

        // Eight wait, and one is in its hands if it began before the queue was full.
        Assert.InRange(hub.Statistics[0].Dropped, 91, 92);
        Threads.WaitUntil(() => _log.Messages("EventsDropped").Length == 1);
        long begin = Stopwatch.GetTimestamp();
        Thread ending = new(hub.Dispose);
        ending.Start();
        Assert.True(ending.Join(TimeSpan.FromSeconds(30)), "It waits for a sink that hangs.");
        Assert.True(Stopwatch.GetElapsedTime(begin).TotalSeconds >= 1.5);
        Assert.Single(_log.Messages("EventsDropped"));
        Assert.Single(_log.Messages("EventSinkAbandoned"));
        Assert.Equal(0, hub.Statistics[0].Waiting);
        release.Set();
    }

    [Fact]
    public async Task A_sink_that_heeds_cancellation_is_cancelled_when_the_time_is_up()
    {
        TaskCompletionSource cancelled = new();
        TestSink patient = new(async (_, token) =>
        {
            try
            {
                await Task.Delay(Timeout.Infinite, token);
            }
            catch (OperationCanceledException)
            {
                cancelled.SetResult();
                throw;
            }
        });
        ShieldEventHub hub = Hub(8, patient);
        hub.Publish(Samples.Alarm(1));
        hub.Dispose();
        hub.Publish(Samples.Alarm(2));
        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public void Publishing_allocates_nothing_beyond_the_event()
    {
        using ManualResetEventSlim release = new();
        TestSink hanging = new((_, _) =>
        {
            release.Wait(CancellationToken.None);
            return default;
        });
        EventOptions options = new() { Capacity = 100_000, CoolDown = TimeSpan.Zero };
        using ShieldEventHub hub = new("model", options, [hanging], ShieldClock.Of(_time), _log.CreateLogger("test"));
        ShieldEvent[] events = [.. Enumerable.Range(0, 3000).Select(caller => Samples.Alarm(caller))];
        Assert.Equal(0, Allocations.Least(() =>
        {
            foreach (ShieldEvent one in events)
            {
                hub.Publish(one);
            }
        }));
        Assert.InRange(hub.Statistics[0].Waiting, 2 * events.Length - 1, 100_000);
        Assert.Equal(0, hub.Statistics[0].Dropped);
        release.Set();
    }

    [Fact]
    public void Without_sinks_there_is_nothing_to_do()
    {
        using ShieldEventHub hub = Hub(8);
        hub.Publish(Samples.Alarm(1));
        Assert.Empty(hub.Statistics);
    }

    private ShieldEventHub Hub(int capacity, params IShieldEventSink[] sinks) =>
        new("model", new EventOptions { Capacity = capacity }, sinks, ShieldClock.Of(_time), _log.CreateLogger("test"));
}
