namespace InferenceShield;

/// <summary>Nanoseconds since the shield was built, from a TimeProvider's monotonic timestamps.</summary>
internal sealed class ShieldClock
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    private readonly TimeProvider _timeProvider;
    private readonly long _start;
    private readonly long _frequency;
    private readonly long _multiplier;

    public ShieldClock(TimeProvider timeProvider)
    {
        _timeProvider = timeProvider;
        _start = timeProvider.GetTimestamp();
        _frequency = timeProvider.TimestampFrequency > 0
            ? timeProvider.TimestampFrequency
            : throw new ArgumentException($"The time provider's TimestampFrequency is {timeProvider.TimestampFrequency}; it has to be positive.", nameof(timeProvider));
        _multiplier = NanosecondsPerSecond % _frequency == 0 ? NanosecondsPerSecond / _frequency : 0;
    }

    public long Now
    {
        get
        {
            // A provider that steps back must not lend anyone time: GCRA takes the later of state and now.
            long elapsed = Math.Max(0, _timeProvider.GetTimestamp() - _start);
            return _multiplier != 0
                ? elapsed * _multiplier
                : (elapsed / _frequency * NanosecondsPerSecond) + (elapsed % _frequency * NanosecondsPerSecond / _frequency);
        }
    }
}
