namespace InferenceShield;

/// <summary>Hands events to the sinks. Never blocks; leaves out what was said of the same caller or campaign a short while ago.</summary>
internal sealed class ShieldEventHub : IDisposable
{
    public void Publish(ShieldEvent shieldEvent) => throw new NotImplementedException();

    public void Dispose() => throw new NotImplementedException();
}
