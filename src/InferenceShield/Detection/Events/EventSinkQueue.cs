using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace InferenceShield;

/// <summary>One sink's queue and the task that empties it, in order. Thread-safe.</summary>
internal sealed class EventSinkQueue : IThreadPoolWorkItem
{
    private static readonly long s_logInterval = (long)TimeSpan.FromMinutes(1).TotalNanoseconds;

    private readonly IShieldEventSink _sink;
    private readonly string _shield;
    private readonly ShieldClock _clock;
    private readonly ILogger _logger;
    private readonly Channel<ShieldEvent> _events;
    private readonly CancellationToken _cancellation;
    private long _delivered;
    private long _failed;
    private long _dropped;
    private long _nextDropLog;
    private long _nextFailureLog;

    public EventSinkQueue(IShieldEventSink sink, string shield, int capacity, ShieldClock clock, ILogger logger, CancellationToken cancellation)
    {
        _sink = sink;
        _shield = shield;
        _clock = clock;
        _logger = logger;
        _cancellation = cancellation;
        _events = Channel.CreateBounded<ShieldEvent>(new BoundedChannelOptions(capacity) { SingleReader = true });
        for (int i = 0; i < capacity; i++)
        {
            _events.Writer.TryWrite(null!); // the queue grows now, not while somebody publishes
        }

        while (_events.Reader.TryRead(out _))
        {
        }

        Ended = Task.Run(DeliverAsync, CancellationToken.None);
    }

    /// <summary>Ends when everything is delivered after <see cref="Close"/>, or was cancelled.</summary>
    public Task Ended { get; }

    public EventSinkStatistics Statistics => new()
    {
        Sink = _sink.GetType().Name,
        Delivered = Volatile.Read(ref _delivered),
        Failed = Volatile.Read(ref _failed),
        Dropped = Volatile.Read(ref _dropped),
        Waiting = _events.Reader.Count,
    };

    /// <summary>Queues an event, or counts it as dropped.</summary>
    public void Add(ShieldEvent shieldEvent)
    {
        if (_events.Writer.TryWrite(shieldEvent))
        {
            return;
        }

        Interlocked.Increment(ref _dropped);
        if (IsTimeToLog(ref _nextDropLog))
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false); // a logger may take its time
        }
    }

    /// <summary>Takes no more.</summary>
    public void Close() => _events.Writer.TryComplete();

    /// <summary>Gives up what still waits.</summary>
    public void Abandon()
    {
        long left = 0;
        while (_events.Reader.TryRead(out _))
        {
            left++;
        }

        Interlocked.Add(ref _dropped, left);
        ShieldLog.EventSinkAbandoned(_logger, _shield, _sink.GetType().Name, left);
    }

    /// <summary>Says that events were dropped.</summary>
    void IThreadPoolWorkItem.Execute() => ShieldLog.EventsDropped(_logger, _shield, _sink.GetType().Name, Volatile.Read(ref _dropped));

    private async Task DeliverAsync()
    {
        while (await _events.Reader.WaitToReadAsync(CancellationToken.None).ConfigureAwait(false))
        {
            while (!_cancellation.IsCancellationRequested && _events.Reader.TryRead(out ShieldEvent? shieldEvent))
            {
                await DeliverAsync(shieldEvent).ConfigureAwait(false);
            }

            if (_cancellation.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task DeliverAsync(ShieldEvent shieldEvent)
    {
        try
        {
            await _sink.WriteAsync(shieldEvent, _cancellation).ConfigureAwait(false);
            Interlocked.Increment(ref _delivered);
        }
        catch (OperationCanceledException) when (_cancellation.IsCancellationRequested)
        {
            Interlocked.Increment(ref _dropped);
        }
        catch (Exception exception)
        {
            Interlocked.Increment(ref _failed);
            if (IsTimeToLog(ref _nextFailureLog))
            {
                // The type only: messages of clients of queues and SIEMs name addresses, and some of them tokens.
                ShieldLog.EventSinkFailed(_logger, _shield, _sink.GetType().Name, exception.GetType().Name, Volatile.Read(ref _failed));
            }
        }
    }

    private bool IsTimeToLog(ref long next)
    {
        long now = _clock.Now;
        long due = Volatile.Read(ref next);
        return now >= due && Interlocked.CompareExchange(ref next, now + s_logInterval, due) == due;
    }
}
