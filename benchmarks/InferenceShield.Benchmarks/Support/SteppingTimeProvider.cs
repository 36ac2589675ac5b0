namespace InferenceShield.Benchmarks.Support;

/// <summary>A clock that goes on by a microsecond a reading: what is asked in a tight loop never outruns a rate.</summary>
internal sealed class SteppingTimeProvider : TimeProvider
{
    private long _timestamp;

    public override long TimestampFrequency => 1_000_000;

    public override long GetTimestamp() => ++_timestamp;
}
