namespace InferenceShield;

/// <summary>What became of the events of one shield for one sink, since the shield was built. A snapshot.</summary>
public sealed record EventSinkStatistics
{
    /// <summary>The sink's type.</summary>
    public required string Sink { get; init; }

    /// <summary>Events that it took.</summary>
    public required long Delivered { get; init; }

    /// <summary>Events that it threw at; they are not tried again.</summary>
    public required long Failed { get; init; }

    /// <summary>Events that did not fit into its queue, or that still waited when the shield ended.</summary>
    public required long Dropped { get; init; }

    /// <summary>Events that wait for it.</summary>
    public required int Waiting { get; init; }
}
