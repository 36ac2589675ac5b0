namespace InferenceShield.Lab;

/// <summary>SplitMix64: a small generator whose sequence is the same in every version of .NET.</summary>
internal struct SeededRandom
{
    private ulong _state;

    /// <summary>Starts the sequence that belongs to a seed and a stream.</summary>
    public SeededRandom(ulong seed, ulong stream)
    {
        _state = seed;
        _state = NextUInt64() ^ stream;
        _state = NextUInt64();
    }

    public ulong NextUInt64()
    {
        ulong z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A number below <paramref name="bound"/>, by multiply-shift.</summary>
    public int NextInt32(int bound) => (int)(((NextUInt64() >> 32) * (ulong)bound) >> 32);

    /// <summary>A number in -1..1.</summary>
    public float NextSigned() => ((NextUInt64() >> 40) * (2f / (1 << 24))) - 1f;

    public void Shuffle(Span<int> items)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = NextInt32(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
