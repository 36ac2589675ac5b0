namespace InferenceShield.Tests;

/// <summary>A clock that moves only when told to, at any timestamp frequency.</summary>
public sealed class ManualTimeProvider(long frequency = 1_000_000_000) : TimeProvider
{
    // Not 0, so that whoever forgets to take the difference to a start is found out.
    private long _timestamp = 123_456_789_012;

    public override long TimestampFrequency => frequency;

    public override long GetTimestamp() => Volatile.Read(ref _timestamp);

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + GetElapsedTime(0, GetTimestamp());

    /// <summary>Moves by a time, or back if it is negative; whole timestamps only.</summary>
    public void Advance(TimeSpan time) => AdvanceTimestamps((long)((Int128)time.Ticks * frequency / TimeSpan.TicksPerSecond));

    public void AdvanceTimestamps(long timestamps) => Interlocked.Add(ref _timestamp, timestamps);
}
