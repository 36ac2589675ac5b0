namespace InferenceShield;

/// <summary>Gets events: writes them to a SIEM, a queue, a page.</summary>
/// <remarks>Called by one background task for each sink, never by a query. What a sink throws is counted and logged; while it hangs, its
/// bounded queue fills and further events are dropped and counted.</remarks>
public interface IShieldEventSink
{
    /// <summary>Takes one event.</summary>
    ValueTask WriteAsync(ShieldEvent shieldEvent, CancellationToken cancellationToken);
}
