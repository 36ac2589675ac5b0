namespace InferenceShield;

/// <summary>Keeps queries out for a moment, while limits change and what is owed is restated in their units.</summary>
/// <remarks>Closing waits long enough for queries under way to have charged what they charge, by the limits they began with; then all that is
/// owed is in one unit and can be restated. A thread that is suspended between looking at the gate and charging for longer than that
/// charges one call in the old unit.</remarks>
internal sealed class Gate
{
    private static readonly TimeSpan s_grace = TimeSpan.FromMilliseconds(20);

    private volatile bool _isClosed;

    public bool IsClosed => _isClosed;

    /// <summary>Does something while no query is decided. For one thread at a time.</summary>
    public void WhileClosed(Action change)
    {
        _isClosed = true;
        try
        {
            // Every thread that has not seen the gate closed by now has looked at it before.
            Interlocked.MemoryBarrierProcessWide();
            Thread.Sleep(s_grace);
            change();
        }
        finally
        {
            _isClosed = false;
        }
    }

    /// <summary>Waits while the gate is closed.</summary>
    public void Wait()
    {
        SpinWait wait = default;
        while (_isClosed)
        {
            wait.SpinOnce();
        }
    }
}
