using System.Runtime.CompilerServices;

namespace InferenceShield;

/// <summary>Nanoseconds since the clock was made, from a TimeProvider's monotonic timestamps, in whole <see cref="Gcra.Quantum"/>s.</summary>
/// <remarks>Shields over one TimeProvider share one clock, and so can share limits.</remarks>
internal sealed class ShieldClock
{
    private static readonly ConditionalWeakTable<TimeProvider, ShieldClock> s_clocks = [];

    private const long NanosecondsPerSecond = 1_000_000_000;
    private const long NanosecondsPerTick = NanosecondsPerSecond / TimeSpan.TicksPerSecond;

    private readonly TimeProvider _timeProvider;
    private readonly long _start;
    private readonly long _startUtcTicks;
    private readonly long _frequency;
    private readonly long _multiplier;
    private readonly bool _isSystem;
    private long _coarseTick = long.MinValue;
    private long _coarse;
    private CalendarWindow _calendar;

    public ShieldClock(TimeProvider timeProvider)
    {
        _timeProvider = timeProvider;
        _start = timeProvider.GetTimestamp();
        _startUtcTicks = timeProvider.GetUtcNow().UtcTicks;
        _frequency = timeProvider.TimestampFrequency > 0
            ? timeProvider.TimestampFrequency
            : throw new ArgumentException($"The time provider's TimestampFrequency is {timeProvider.TimestampFrequency}; it has to be positive.", nameof(timeProvider));
        _multiplier = NanosecondsPerSecond % _frequency == 0 ? NanosecondsPerSecond / _frequency : 0;
        _isSystem = ReferenceEquals(timeProvider, TimeProvider.System);
        _calendar = CalendarAt(0);
    }

    /// <summary>The clock over a time provider, always the same one.</summary>
    public static ShieldClock Of(TimeProvider timeProvider) => s_clocks.GetValue(timeProvider, static provider => new ShieldClock(provider));

    public long Now
    {
        get
        {
            // A provider that steps back must not lend anyone time: GCRA takes the later of state and now.
            long elapsed = Math.Max(0, _timeProvider.GetTimestamp() - _start);
            long nanoseconds = _multiplier != 0
                ? elapsed * _multiplier
                : (elapsed / _frequency * NanosecondsPerSecond) + (long)((Int128)(elapsed % _frequency) * NanosecondsPerSecond / _frequency);
            return nanoseconds & -Gcra.Quantum;
        }
    }

    /// <summary>A reading of <see cref="Now"/> made since the system timer's latest tick, at a fraction of its cost.</summary>
    /// <remarks>
    /// Never ahead of <see cref="Now"/> and behind it by at most that tick: 1 to 16 ms. Never steps back in the eyes of
    /// one thread. Any provider but <see cref="TimeProvider.System"/> is read anew each time.
    /// Invariant: whoever sees _coarseTick == t sees in _coarse a reading made after t had begun. The tick is read before
    /// the clock; _coarse only grows, by compare-and-swap; the tick is published after it with release and read before
    /// it with acquire. So a tick may be seen with a later reading, never with an earlier one, not even when a writer
    /// that was held up publishes last: it cannot take _coarse back, and its old tick matches nobody's.
    /// </remarks>
    public long Coarse
    {
        get
        {
            if (!_isSystem)
            {
                return Now;
            }

            long tick = Environment.TickCount64;
            return tick == Volatile.Read(ref _coarseTick) ? Volatile.Read(ref _coarse) : ReadCoarse(tick);
        }
    }

    /// <summary>The UTC day and month that a moment lies in.</summary>
    /// <param name="now">A reading of this clock.</param>
    /// <remarks>Counted on from the wall clock at start: a wall clock that is set afterwards moves nobody's quota.</remarks>
    public CalendarWindow Calendar(long now)
    {
        CalendarWindow calendar = Volatile.Read(ref _calendar);
        if (now >= calendar.DayEnd || now < calendar.DayStart)
        {
            calendar = CalendarAt(now);
            Volatile.Write(ref _calendar, calendar);
        }

        return calendar;
    }

    private long ReadCoarse(long tick)
    {
        long now = Now;
        long before = Volatile.Read(ref _coarse);
        while (before < now)
        {
            long seen = Interlocked.CompareExchange(ref _coarse, now, before);
            if (seen == before)
            {
                before = now;
                break;
            }

            before = seen;
        }

        Volatile.Write(ref _coarseTick, tick);
        return before;
    }

    private CalendarWindow CalendarAt(long now)
    {
        // In ticks, because dates that DateTime cannot hold (from the year 10000) are an overflow there: its last day goes on.
        long utc = Math.Min(_startUtcTicks + (now / NanosecondsPerTick), DateTime.MaxValue.Ticks);
        DateTime date = new(utc, DateTimeKind.Utc);
        long day = date.Date.Ticks;
        long month = day - ((date.Day - 1) * TimeSpan.TicksPerDay);
        return new CalendarWindow(
            ToNanoseconds(day),
            ToNanoseconds(day + TimeSpan.TicksPerDay),
            ToNanoseconds(month + (DateTime.DaysInMonth(date.Year, date.Month) * TimeSpan.TicksPerDay)));
    }

    private long ToNanoseconds(long utcTicks)
    {
        long ticks = utcTicks - _startUtcTicks;
        return utcTicks > DateTime.MaxValue.Ticks || ticks > long.MaxValue / NanosecondsPerTick ? long.MaxValue : ticks * NanosecondsPerTick;
    }
}
