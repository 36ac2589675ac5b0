using Microsoft.Extensions.Logging;

namespace InferenceShield;

/// <summary>Drives what detection does off the hot path: something each second, something each minute. One timer; ticks never overlap.</summary>
/// <remarks>A tick that takes longer than a second makes the next ones fall out. One that throws is counted and logged, and the next one runs. On a clock that
/// supports no periodic timers nothing runs by itself: <see cref="Tick"/> is for such clocks and for tests.</remarks>
internal sealed class DetectionTimer : IDisposable
{
    private const long Minute = 60_000_000_000;

    private readonly ShieldClock _clock;
    private readonly Action<long> _eachSecond;
    private readonly Action<long> _eachMinute;
    private readonly ILogger _logger;
    private readonly string _shield;
    private readonly Lock _tickLock = new();
    private readonly ITimer? _timer;
    private long _latest;
    private long _sinceMinute;
    private long _failures;
    private volatile bool _disposed;

    /// <param name="time">The shield's.</param>
    /// <param name="shield">Its name, for the log.</param>
    /// <param name="eachSecond">Gets nanoseconds of the shield's clock.</param>
    /// <param name="eachMinute">The same; after <paramref name="eachSecond"/>.</param>
    /// <param name="logger">For ticks that throw.</param>
    public DetectionTimer(TimeProvider time, string shield, Action<long> eachSecond, Action<long> eachMinute, ILogger logger)
    {
        _clock = ShieldClock.Of(time);
        _shield = shield;
        _eachSecond = eachSecond;
        _eachMinute = eachMinute;
        _logger = logger;
        _latest = _clock.Now;
        try
        {
            _timer = time.CreateTimer(static state => ((DetectionTimer)state!).Tick(), this, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        }
        catch (NotSupportedException)
        {
            // A clock that jumps: its owner ticks.
        }
    }

    /// <summary>Whether ticks have to be called for.</summary>
    public bool IsManual => _timer is null;

    /// <summary>Ticks that threw.</summary>
    public long Failures => Volatile.Read(ref _failures);

    /// <summary>One tick, unless another one is under way or all has ended.</summary>
    public void Tick()
    {
        if (!_tickLock.TryEnter())
        {
            return;
        }

        try
        {
            if (_disposed)
            {
                return;
            }

            long now = _clock.Now;
            _sinceMinute += Math.Max(0, now - _latest); // a clock that steps back counts on from where it is
            _latest = now;
            Run(_eachSecond, now);
            if (_sinceMinute >= Minute)
            {
                _sinceMinute = 0;
                Run(_eachMinute, now);
            }
        }
        finally
        {
            _tickLock.Exit();
        }
    }

    /// <summary>Ends the ticks; waits up to five seconds for one that is under way.</summary>
    public void Dispose()
    {
        _disposed = true;
        _timer?.Dispose();
        if (_tickLock.TryEnter(TimeSpan.FromSeconds(5)))
        {
            _tickLock.Exit();
        }
    }

    private void Run(Action<long> action, long now)
    {
        try
        {
            action(now);
        }
#pragma warning disable CA1031 // Whatever it is, the next tick has to run.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Interlocked.Increment(ref _failures);
            ShieldLog.DetectionTickFailed(_logger, exception, _shield);
        }
    }
}
