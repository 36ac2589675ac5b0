namespace InferenceShield.Tests;

/// <summary>Blocked callers that are answered: as restricted ones, later, and within their limits.</summary>
public sealed class BlockedTreatmentTests
{
    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(1500);

    [Fact]
    public void A_blocked_caller_gets_the_label_and_a_delay_where_the_options_say_so()
    {
        using Shield shield = Build();
        shield.Overrides.Set(shield.IdentifyCaller("caller"), new CallerOverride { Posture = Posture.Blocked });
        Admission admission = shield.AdmitRows(1);
        Assert.Equal((true, AdmissionReason.WithinLimits, Posture.Blocked, s_delay), (admission.IsAdmitted, admission.Reason, admission.Posture, admission.Delay));
        float[] released = [0.3f, 0.6f, 0.1f];
        shield.Harden(in admission, released, 3);
        Assert.Equal([0f, 1, 0], released);
        Assert.Equal(TimeSpan.Zero, shield.AdmitRows(1, "another").Delay);

        // By handle and with groups, too.
        CallerHandle handle = shield.GetHandle(shield.IdentifyCaller("caller"), shield.IdentifyCaller("tenant"));
        Assert.Equal(s_delay, shield.Admit(handle, new byte[1]).Delay);
        Assert.Equal(0, shield.WaitOf(handle, out _, out _));
        Assert.Equal((3, 0), (shield.GetStatistics().Admitted, shield.GetStatistics().Refused));
    }

    [Fact]
    public void It_is_charged_and_refused_like_others()
    {
        using Shield shield = Build(options => TestShield.SetLimits(options, 1, TimeSpan.FromDays(1), 2));
        shield.Overrides.Set(shield.IdentifyCaller("caller"), new CallerOverride { Posture = Posture.Blocked });
        Assert.True(shield.AdmitRows(2).IsAdmitted);
        Admission refused = shield.AdmitRows(1);
        Assert.Equal((false, AdmissionReason.Rate, TimeSpan.Zero), (refused.IsAdmitted, refused.Reason, refused.Delay));
    }

    [Fact]
    public void A_revoked_caller_is_refused_all_the_same_and_stays_so_when_its_override_is_copied()
    {
        using Shield shield = Build();
        CallerKey caller = shield.IdentifyCaller("caller");
        shield.Overrides.Revoke(caller);
        Assert.Equal(AdmissionReason.Blocked, shield.AdmitRows(1).Reason);
        shield.Overrides.Watch(caller);
        Assert.Equal((AdmissionReason.Blocked, TimeSpan.Zero), (shield.AdmitRows(1).Reason, shield.AdmitRows(1).Delay));
        Assert.NotEqual(0, shield.WaitOf(shield.GetHandle(caller), out AdmissionReason reason, out _));
        Assert.Equal(AdmissionReason.Blocked, reason);
        shield.Overrides.Set(caller, new CallerOverride { Posture = Posture.Blocked });
        Assert.True(shield.AdmitRows(1).IsAdmitted);
    }

    [Fact]
    public void By_default_and_after_a_reload_that_says_so_it_is_refused()
    {
        using Shield shield = Build();
        shield.Overrides.Set(shield.IdentifyCaller("caller"), new CallerOverride { Posture = Posture.Blocked });
        Admission older = shield.AdmitRows(1);
        shield.Reload(TestShield.Options());
        Assert.Equal(AdmissionReason.Blocked, shield.AdmitRows(1).Reason);
        Assert.Equal(s_delay, older.Delay);
        Assert.Equal(TimeSpan.Zero, default(Admission).Delay);
    }

    [Fact]
    public void Who_only_observes_delays_nobody()
    {
        using Shield shield = Build(options => options.Mode = ShieldMode.ObserveOnly);
        shield.Overrides.Set(shield.IdentifyCaller("caller"), new CallerOverride { Posture = Posture.Blocked });
        Admission admission = shield.AdmitRows(1);
        Assert.Equal((true, false, TimeSpan.Zero), (admission.IsAdmitted, admission.WouldBeRefused, admission.Delay));
    }

    private static Shield Build(Action<ShieldOptions>? change = null) => TestShield.Build(configure: options =>
    {
        (options.Admission.Blocked, options.Admission.BlockedDelay) = (BlockedTreatment.Restrict, s_delay);
        change?.Invoke(options);
    });
}
