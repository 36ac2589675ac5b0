namespace InferenceShield.Tests;

public sealed class AdmissionTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(9_999_999, 1)]
    [InlineData(10_000_000, 1)]
    [InlineData(10_000_001, 2)]
    [InlineData(36_000_000_000, 3600)]
    public void Retry_after_in_seconds_is_rounded_up(long ticks, long seconds) =>
        Assert.Equal(seconds, new Admission(null!, 1, AdmissionReason.CallerRate, TimeSpan.FromTicks(ticks), isAdmitted: false).RetryAfterSeconds);

    [Fact]
    public void Default_is_no_decision()
    {
        Admission none = default;
        Assert.False(none.IsAdmitted);
        Assert.False(none.WouldBeRefused);
        Assert.Equal(AdmissionReason.None, none.Reason);
        Assert.Equal(0, none.Rows);
    }

    [Fact]
    public void Only_what_was_admitted_against_the_limits_would_be_refused()
    {
        Assert.False(new Admission(null!, 1, AdmissionReason.WithinLimits, default, isAdmitted: true).WouldBeRefused);
        Assert.True(new Admission(null!, 1, AdmissionReason.CallerRate, default, isAdmitted: true).WouldBeRefused);
        Assert.True(new Admission(null!, 1, AdmissionReason.CallerTableFull, default, isAdmitted: true).WouldBeRefused);
        Assert.False(new Admission(null!, 1, AdmissionReason.CallerRate, default, isAdmitted: false).WouldBeRefused);
    }
}
