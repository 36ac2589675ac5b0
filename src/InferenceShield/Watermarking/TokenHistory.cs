namespace InferenceShield;

/// <summary>The contexts that have been marked in one sequence of tokens, so that none is marked twice.</summary>
/// <remarks>
/// <para>A context that comes again would be marked by the same bits, which shows in what is repeated: SynthID-Text marks each of
/// the last 1,024 once. One for each sequence, made or <see cref="Clear"/>ed at its start. Holds keyed hashes, no tokens. Not thread-safe.</para>
/// <para>Bounded: beyond its capacity the oldest is forgotten. A look-up reads all it holds, 8 bytes each; no allocation.</para>
/// </remarks>
public sealed class TokenHistory
{
    private readonly ulong[] _hashes;
    private int _count;
    private int _next;

    /// <summary>An empty history.</summary>
    /// <param name="capacity">1 to 65,536; the default is that of the paper, 1,024.</param>
    public TokenHistory(int capacity = 1024)
    {
        if (capacity is < 1 or > 65_536)
        {
            throw new ArgumentOutOfRangeException(nameof(capacity), capacity, "A history holds 1 to 65,536 contexts.");
        }

        _hashes = new ulong[capacity];
    }

    /// <summary>Forgets everything: for the next sequence.</summary>
    public void Clear() => _count = _next = 0;

    /// <summary>Notes a context.</summary>
    /// <returns>False if it is held already.</returns>
    internal bool TryAdd(ulong hash)
    {
        if (_hashes.AsSpan(0, _count).Contains(hash))
        {
            return false;
        }

        _hashes[_next] = hash;
        _next = _next + 1 == _hashes.Length ? 0 : _next + 1;
        _count = Math.Min(_count + 1, _hashes.Length);
        return true;
    }
}
