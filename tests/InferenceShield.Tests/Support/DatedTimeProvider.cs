namespace InferenceShield.Tests;

/// <summary>A clock of nanoseconds that starts at a date and moves only when told to.</summary>
internal sealed class DatedTimeProvider(DateTimeOffset start) : TimeProvider
{
    private long _elapsed;

    public override long TimestampFrequency => 1_000_000_000;

    public override long GetTimestamp() => Volatile.Read(ref _elapsed);

    public override DateTimeOffset GetUtcNow() => start.AddTicks(GetTimestamp() / 100);

    public void Advance(TimeSpan time) => AdvanceNanoseconds(time.Ticks * 100);

    public void AdvanceNanoseconds(long nanoseconds) => Interlocked.Add(ref _elapsed, nanoseconds);

    public void MoveTo(DateTimeOffset moment) => Volatile.Write(ref _elapsed, (moment - start).Ticks * 100);
}
