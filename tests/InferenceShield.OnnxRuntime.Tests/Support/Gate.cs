namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>A clock that holds whoever asks it for the time: stops a call where it is admitted, with its request in use.</summary>
internal sealed class Gate : TimeProvider, IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly ManualResetEventSlim _open = new(initialState: true);
    private readonly ManualResetEventSlim _reached = new();

    public void Close() => _open.Reset();

    public void Open() => _open.Set();

    public void WaitUntilReached() => Assert.True(_reached.Wait(s_patience), "Nobody came.");

    public override long GetTimestamp()
    {
        if (!_open.IsSet)
        {
            _reached.Set();
            _open.Wait(s_patience);
        }

        return base.GetTimestamp();
    }

    public void Dispose()
    {
        _open.Dispose();
        _reached.Dispose();
    }
}
