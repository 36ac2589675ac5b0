namespace InferenceShield;

/// <summary>A second policy for a share of the callers, to compare what it costs honest users and what it leaks.</summary>
/// <remarks>
/// <para>Which callers are in the trial follows from a keyed hash of the caller: the same on every replica and after every restart with
/// the same secret, and independent of everything else that is hashed. With a larger share nobody leaves it. Nothing but the answers'
/// granularity tells a caller.</para>
/// <para>What is set here holds for all outputs of those callers, instead of what the shield's options and the output's own say for that
/// posture, whole; what is not set stays. Its postures follow the rules of all: none tells more than the one before. It may tell
/// more than the other policy does; then whoever is in it learns more. <see cref="Shield.GetTrialReport"/> compares.</para>
/// </remarks>
public sealed class TrialOptions
{
    /// <summary>The share of callers that are in the trial.</summary>
    /// <value>0 to 1; the default is 0, nobody.</value>
    public double Share { get; set; }

    /// <summary>How answers are released to a normal caller in the trial.</summary>
    /// <value>The default, <see langword="null"/>: as to any other.</value>
    public HardeningOptions? Hardening { get; set; }

    /// <summary>How answers are released to a guarded caller in the trial.</summary>
    /// <value>The default, <see langword="null"/>: as to any other.</value>
    public HardeningOptions? Guarded { get; set; }

    /// <summary>How answers are released to a restricted caller in the trial.</summary>
    /// <value>The default, <see langword="null"/>: as to any other.</value>
    public HardeningOptions? Restricted { get; set; }
}
