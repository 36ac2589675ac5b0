namespace InferenceShield.Lab;

/// <summary>A clock that stands still until somebody waits on it, and then jumps to the end of the wait.</summary>
/// <remarks>A theft that takes weeks at the pace of the model's limits is over in seconds; <see cref="TimeProvider.GetUtcNow"/>
/// tells how long it would have taken. Give it to the shield under attack and to the oracle. It is for one attacker at a time:
/// waits of several threads add up instead of running beside each other, and a timeout made with it expires at once.
/// Thread-safe. Periodic timers are not supported, for they would never come to rest.</remarks>
public sealed class SimulatedTimeProvider : TimeProvider
{
    /// <summary>When every simulation begins: a month's and a day's quotas are then new.</summary>
    private static readonly long s_start = new DateTime(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc).Ticks;

    private long _elapsed;

    /// <summary>10,000,000: timestamps are ticks of <see cref="TimeSpan"/>.</summary>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Simulated time since the clock was made.</summary>
    public TimeSpan Elapsed => TimeSpan.FromTicks(GetTimestamp());

    /// <inheritdoc/>
    public override long GetTimestamp() => Volatile.Read(ref _elapsed);

    /// <summary>The simulated time; a new clock shows the first of January 2030.</summary>
    public override DateTimeOffset GetUtcNow() => new(s_start + GetTimestamp(), TimeSpan.Zero);

    /// <summary>Jumps.</summary>
    /// <param name="time">How far, not negative.</param>
    public void Advance(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        Interlocked.Add(ref _elapsed, time.Ticks);
    }

    /// <summary>A timer that jumps to its due time and fires at once.</summary>
    /// <exception cref="NotSupportedException">The timer is periodic.</exception>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        JumpingTimer timer = new(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class JumpingTimer(SimulatedTimeProvider time, TimerCallback callback, object? state) : ITimer
    {
        private volatile bool _disposed;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (_disposed)
            {
                return false;
            }

            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                if (period != Timeout.InfiniteTimeSpan)
                {
                    throw new NotSupportedException("A periodic timer would never come to rest on a clock that jumps.");
                }

                time.Advance(dueTime);
                callback(state);
            }

            return true;
        }

        public void Dispose() => _disposed = true;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
