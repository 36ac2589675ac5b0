namespace InferenceShield;

/// <summary>What detection has counted since the start. A snapshot; numbers of one moment within a second.</summary>
public sealed record DetectionStatistics
{
    /// <summary>Callers that are watched.</summary>
    public required int Callers { get; init; }

    /// <summary>Queries taken in.</summary>
    public required long Observed { get; init; }

    /// <summary>Queries answered that could not be measured: a calibration came with a reload that was not made of this model's rows.</summary>
    public required long Unobserved { get; init; }

    /// <summary>Queries left out because the caller's state was busy.</summary>
    public required long Missed { get; init; }

    /// <summary>Alarms of the Output family.</summary>
    public required long OutputAlarms { get; init; }

    /// <summary>Alarms of the Full family.</summary>
    public required long FullAlarms { get; init; }

    /// <summary>Alarms of a cold start.</summary>
    public required long ColdStartAlarms { get; init; }

    /// <summary>Callers that something is remembered of.</summary>
    public required int Cases { get; init; }

    /// <summary>Of these, callers that go up after a delay.</summary>
    public required int Pending { get; init; }

    /// <summary>Changes of posture that were made.</summary>
    public required long Acted { get; init; }

    /// <summary>Changes of posture that were only reported.</summary>
    public required long Reported { get; init; }

    /// <summary>Notices of alarms that found no room; the scan of all callers finds them within a minute.</summary>
    public required long NoticesDropped { get; init; }

    /// <summary>Campaigns that found no room.</summary>
    public required long CampaignsDropped { get; init; }

    /// <summary>Callers that were given up, or not taken in, because so many others were as severe. Each scan counts them again.</summary>
    public required long CasesLost { get; init; }

    /// <summary>Attempts to set a posture that found no room in the caller table; they are repeated each minute.</summary>
    public required long WithoutRecord { get; init; }

    /// <summary>Calls of <see cref="IShieldContainment"/> that ended well.</summary>
    public required long Contained { get; init; }

    /// <summary>Calls of <see cref="IShieldContainment"/> that failed twice, or found no room.</summary>
    public required long ContainmentFailures { get; init; }
}
