namespace InferenceShield;

/// <summary>Counts how many hashes of a fingerprint each remembered query shares. Not thread-safe.</summary>
internal sealed class FingerprintVotes
{
    private const int Slots = 2048; // at most half full: MostWanted hashes, one bucket each

    private readonly uint[] _ids = new uint[Slots];
    private readonly ushort[] _counts = new ushort[Slots];
    private readonly ushort[] _used = new ushort[Slots / 2];
    private int _usedCount;

    public int Count => _usedCount;

    public void Clear()
    {
        for (int i = 0; i < _usedCount; i++)
        {
            _counts[_used[i]] = 0;
        }

        _usedCount = 0;
    }

    public void Add(uint id)
    {
        uint slot = (id * 0x9E3779B1) >> 21;
        while (_counts[slot] != 0 && _ids[slot] != id)
        {
            slot = (slot + 1) & (Slots - 1);
        }

        if (_counts[slot]++ == 0)
        {
            _ids[slot] = id;
            _used[_usedCount++] = (ushort)slot;
        }
    }

    /// <summary>The id and the votes of the n-th candidate.</summary>
    public (uint Id, int Votes) this[int index] => (_ids[_used[index]], _counts[_used[index]]);
}
