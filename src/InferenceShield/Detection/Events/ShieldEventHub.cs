using Microsoft.Extensions.Logging;

namespace InferenceShield;

/// <summary>Hands events to the sinks. Never blocks; leaves out what was said of the same caller or campaign a short while ago.</summary>
/// <remarks>Thread-safe. A publisher holds a lock for some tens of nanoseconds and allocates nothing, but a copy of the event where others
/// were left out before it.</remarks>
internal sealed class ShieldEventHub : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly EventCoolDown? _coolDown;
    private readonly EventSinkQueue[] _queues;
    private readonly ShieldClock _clock;
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _cancellation = new();
    private bool _disposed;

    /// <param name="shield">The shield's name.</param>
    /// <param name="options">Valid ones.</param>
    /// <param name="sinks">Where events go; they are their owners' to dispose.</param>
    /// <param name="clock">Of the cool-down.</param>
    /// <param name="logger">For what is dropped, and for sinks that fail.</param>
    public ShieldEventHub(string shield, EventOptions options, IReadOnlyList<IShieldEventSink> sinks, ShieldClock clock, ILogger logger)
    {
        _clock = clock;
        _coolDown = sinks.Count > 0 ? new EventCoolDown(options.CoolDown) : null;
        _queues = [.. sinks.Select(sink => new EventSinkQueue(sink, shield, options.Capacity, clock, logger, _cancellation.Token))];
    }

    public IReadOnlyList<EventSinkStatistics> Statistics => Array.ConvertAll(_queues, queue => queue.Statistics);

    /// <summary>Says something, unless it, or worse, was said within the cool-down. Does nothing after <see cref="Dispose"/>.</summary>
    public void Publish(ShieldEvent shieldEvent)
    {
        if (_coolDown is null)
        {
            return; // nobody listens
        }

        long now = _clock.Now;
        lock (_lock)
        {
            if (_disposed || !_coolDown.IsNews(shieldEvent, now, out long suppressed))
            {
                return;
            }

            // Inside, so that every sink gets them in the order in which they were taken.
            ShieldEvent told = suppressed == 0 ? shieldEvent : shieldEvent with { Suppressed = suppressed };
            foreach (EventSinkQueue queue in _queues)
            {
                queue.Add(told);
            }
        }
    }

    /// <summary>Lets the sinks take what waits, for 2 seconds; then they are cancelled, and what is left is dropped.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        Array.ForEach(_queues, queue => queue.Close());
        if (Task.WaitAll(Array.ConvertAll(_queues, queue => queue.Ended), s_patience))
        {
            _cancellation.Dispose();
            return;
        }

        // Not awaited: what a sink does when it is cancelled is its own affair, and may hang as well.
        _ = _cancellation.CancelAsync();
        foreach (EventSinkQueue queue in _queues)
        {
            if (!queue.Ended.IsCompleted)
            {
                queue.Abandon();
            }
        }
    }
}
