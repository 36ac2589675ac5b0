namespace InferenceShield;

/// <summary>Plain numbers across callers, for dashboards and as inputs to review: never alarms. Immutable.</summary>
/// <remarks>A minute is busy for a caller who asks at least 8 queries and more than three times its own average in it. Customers' own
/// schedules, such as a job at every full hour, look like any other bursts.</remarks>
public sealed record CrossCallerSignals
{
    /// <summary>Callers that asked in the last hour and whose activity is known; at most 16,384.</summary>
    public required int Callers { get; init; }

    /// <summary>Queries, since start, of callers for whose activity there was no room.</summary>
    public required long Untracked { get; init; }

    /// <summary>Share of queries that are nearly, but not exactly, another caller's, between the last two runs.</summary>
    public required double NearQueryShare { get; init; }

    /// <summary>Share of callers that are busy in the busiest minute of the last hour.</summary>
    public required double BusiestMinute { get; init; }

    /// <summary>The same in an average minute: a burst is synchronised where the busiest one is far above.</summary>
    public required double MeanMinute { get; init; }

    /// <summary>Busy minutes that two callers share, over those that either has, on average of all pairs: what a campaign's is to be held
    /// against.</summary>
    public required double Synchrony { get; init; }

    /// <summary>When campaigns ask.</summary>
    public required IReadOnlyList<CampaignActivity> Campaigns { get; init; }
}
