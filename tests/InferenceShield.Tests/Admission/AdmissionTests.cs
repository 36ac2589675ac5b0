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
        Assert.Equal(seconds, Make(AdmissionReason.Rate, TimeSpan.FromTicks(ticks), enforces: true).RetryAfterSeconds);

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
        Assert.False(Make(AdmissionReason.WithinLimits, default, enforces: false).WouldBeRefused);
        Assert.True(Make(AdmissionReason.Rate, default, enforces: false).WouldBeRefused);
        Assert.True(Make(AdmissionReason.CallerTableFull, default, enforces: false).WouldBeRefused);
        Assert.False(Make(AdmissionReason.Rate, default, enforces: true).WouldBeRefused);
    }

    private static Admission Make(AdmissionReason reason, TimeSpan wait, bool enforces)
    {
        using Shield shield = TestShield.Build(configure: options => options.Mode = enforces ? ShieldMode.Enforce : ShieldMode.ObserveOnly);
        ShieldPlan plan = shield.AdmitRows(1).Plan!;
        return new Admission(plan, default, 1, 0, new AdmissionDecision(reason, AdmissionLevel.Caller, Posture.Normal, wait.Ticks * 100, 0, -1));
    }
}
