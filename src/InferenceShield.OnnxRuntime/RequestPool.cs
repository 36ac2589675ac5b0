namespace InferenceShield.OnnxRuntime;

/// <summary>Requests at rest, so that the short form of Run needs none of its own. Bounded; lock-free.</summary>
/// <remarks>A slot is taken and filled by compare-and-swap with the very request that was seen in it. Should that request
/// have been taken, used with other shapes and put back in between, it is still nobody else's: only slower.</remarks>
internal sealed class RequestPool
{
    private readonly ShieldedRequest?[] _slots = new ShieldedRequest?[(4 * Environment.ProcessorCount) + 16];

    /// <summary>A request that last had as many rows, or else any; null if there is none.</summary>
    public ShieldedRequest? Take(int rows)
    {
        for (int i = 0; i < _slots.Length; i++)
        {
            ShieldedRequest? request = Volatile.Read(ref _slots[i]);
            if (request is not null && request.Rows == rows
                && ReferenceEquals(Interlocked.CompareExchange(ref _slots[i], null, request), request))
            {
                return request;
            }
        }

        // A free slot means that there is room for one more with these shapes.
        return Array.IndexOf(_slots, null) >= 0 ? null : TakeAny();
    }

    public bool TryReturn(ShieldedRequest request)
    {
        for (int i = 0; i < _slots.Length; i++)
        {
            if (Volatile.Read(ref _slots[i]) is null && Interlocked.CompareExchange(ref _slots[i], request, null) is null)
            {
                return true;
            }
        }

        return false;
    }

    private ShieldedRequest? TakeAny()
    {
        for (int i = 0; i < _slots.Length; i++)
        {
            ShieldedRequest? request = Interlocked.Exchange(ref _slots[i], null);
            if (request is not null)
            {
                return request;
            }
        }

        return null;
    }
}
