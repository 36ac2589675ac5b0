namespace InferenceShield.OnnxRuntime;

/// <summary>Counts the calls under way, so that disposal can wait for them.</summary>
/// <remarks>One word: bit 0 says "disposed", the rest counts calls by twos. A call that finds the bit set takes its count
/// back; the last one out after disposal wakes the disposer. All operations on the word are full fences.</remarks>
internal sealed class RunLifetime
{
    private readonly TaskCompletionSource _drained = new();
    private int _state;

    public bool IsDisposed => (Volatile.Read(ref _state) & 1) != 0;

    public bool TryEnter()
    {
        if ((Interlocked.Add(ref _state, 2) & 1) == 0)
        {
            return true;
        }

        Exit();
        return false;
    }

    public void Exit()
    {
        if (Interlocked.Add(ref _state, -2) == 1)
        {
            _drained.TrySetResult();
        }
    }

    /// <summary>Lets no call in any more and waits for those under way. False if that has been done before.</summary>
    public bool TryClose()
    {
        int before = Interlocked.Or(ref _state, 1);
        if (before >> 1 != 0)
        {
            _drained.Task.GetAwaiter().GetResult();
        }

        return (before & 1) == 0;
    }
}
