namespace InferenceShield;

/// <summary>Two policies compared on live traffic: see <see cref="TrialOptions"/>. A snapshot, for operators.</summary>
public sealed record TrialReport
{
    /// <summary>The share of callers in the trial, by the options in force.</summary>
    public required double Share { get; init; }

    /// <summary>The policy of callers outside of the trial.</summary>
    public required TrialArm Policy { get; init; }

    /// <summary>That of callers in it.</summary>
    public required TrialArm Trial { get; init; }

    /// <summary>The two compared, in words.</summary>
    public required string Comparison { get; init; }
}
