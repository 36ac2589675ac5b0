using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Remembers which queries were kept today, in 2 MiB: a Bloom filter over keyed hashes, so that nobody can choose queries that fall on one place.</summary>
/// <remarks>Takes less than one in a thousand new queries for a repeat, even when it is nearly full. A full one forgets all: each query is then kept once more.
/// Not thread-safe.</remarks>
internal sealed class EvidenceRepeats
{
    /// <summary>Queries after which all are forgotten: 16 bits each.</summary>
    public const int Most = 1 << 20;

    private const int Bits = 16 * Most;
    private const int Probes = 8;

    private readonly ulong[] _bits = new ulong[Bits / 64];
    private int _count;

    /// <summary>Whether it was kept, as far as is remembered.</summary>
    public bool Contains(Hash128 query)
    {
        ulong place = query.Low;
        for (int probe = 0; probe < Probes; probe++, place += query.High | 1)
        {
            int bit = (int)(place & (Bits - 1));
            if ((_bits[bit >> 6] & (1UL << bit)) == 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Notes one that is kept.</summary>
    public void Add(Hash128 query)
    {
        if (_count++ == Most)
        {
            Clear();
            _count = 1;
        }

        ulong place = query.Low;
        for (int probe = 0; probe < Probes; probe++, place += query.High | 1)
        {
            int bit = (int)(place & (Bits - 1));
            _bits[bit >> 6] |= 1UL << bit;
        }
    }

    /// <summary>A new day, or records that were lost after they were noted.</summary>
    public void Clear()
    {
        Array.Clear(_bits);
        _count = 0;
    }
}
