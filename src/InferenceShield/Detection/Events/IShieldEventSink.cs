namespace InferenceShield;

/// <summary>Gets events: writes them to a SIEM, a queue, a page.</summary>
/// <remarks>
/// <para>Registered with <see cref="ShieldBuilder.AddEventSink"/>, or as a service of this type, which gets the events of all shields. A shield calls
/// it from one background task of its own, never from a query; shields that share a sink may call it at once. Where there is a logger, events are
/// logged besides.</para>
/// <para>What a sink throws is counted and logged, by the exception's type alone, and the event is not tried again. While it hangs, its bounded
/// queue fills and further events are dropped and counted (<see cref="Shield.EventSinks"/>); other sinks go on. When the shield is disposed it
/// has 2 seconds for what waits, then it is cancelled. It is its owner's to dispose, after the shield.</para>
/// </remarks>
public interface IShieldEventSink
{
    /// <summary>Takes one event.</summary>
    /// <param name="shieldEvent">What happened; immutable, may be kept.</param>
    /// <param name="cancellationToken">The shield ends and waits no longer.</param>
    ValueTask WriteAsync(ShieldEvent shieldEvent, CancellationToken cancellationToken);
}
