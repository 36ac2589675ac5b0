using System.Collections.Concurrent;

namespace InferenceShield.Tests.Detection.Events;

/// <summary>Keeps the events it gets, after doing what a test wants.</summary>
public sealed class TestSink(Func<ShieldEvent, CancellationToken, ValueTask>? before = null) : IShieldEventSink
{
    private readonly ConcurrentQueue<ShieldEvent> _taken = new();

    public IReadOnlyList<ShieldEvent> Taken => [.. _taken];

    public async ValueTask WriteAsync(ShieldEvent shieldEvent, CancellationToken cancellationToken)
    {
        if (before is not null)
        {
            await before(shieldEvent, cancellationToken);
        }

        _taken.Enqueue(shieldEvent);
    }

    /// <summary>Waits until so many came; fails after half a minute.</summary>
    public void WaitFor(int events) => Assert.True(SpinWait.SpinUntil(() => _taken.Count >= events, TimeSpan.FromSeconds(30)), $"{_taken.Count} of {events} events came.");
}
