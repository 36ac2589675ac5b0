namespace InferenceShield;

/// <summary>The latest 65,536 queries of all callers by their SimHash, to find those that are nearly another caller's. Thread-safe, fixed memory.</summary>
/// <remarks>
/// <para>Hashes at a Hamming distance of at most 1 agree in one half of 32 bits at least (Manku, Jain and Das Sarma, 2007), so a query is kept
/// under each half, in a bucket of four. Which of the four it takes the place of hangs on its keyed digest: an exact repeat takes its own place
/// and displaces nobody. Buckets need no key of their own: the hashes are keyed projections.</para>
/// <para>Entries are two words, the hash combined with the other word and that word: halves of two entries, read while one is overwritten,
/// combine to a random hash, which is near nothing (Hyatt's lockless table). So words need no order between them.</para>
/// </remarks>
internal sealed class NearQueryTable
{
    private const int BucketBits = 14;
    private const int Ways = 4;
    private const int WordsOfEntry = 2;
    private const int TableWords = Ways * WordsOfEntry << BucketBits;

    private readonly ulong[] _words = new ulong[2 * TableWords];

    /// <summary>Queries kept.</summary>
    public const int Capacity = Ways << BucketBits;

    /// <summary>Looks for another caller's query nearby and keeps this one. No allocation.</summary>
    /// <param name="caller">Tag of who asks.</param>
    /// <param name="simHash">Keyed projections of the input.</param>
    /// <param name="exact">Keyed digest of the input.</param>
    /// <param name="other">Tag of the other.</param>
    /// <returns>Whether there is one that is no exact repeat.</returns>
    public bool Note(uint caller, ulong simHash, ulong exact, out uint other)
    {
        ulong data = ((ulong)caller << 32) | (uint)exact;
        bool isNear = Note((uint)simHash, 0, simHash, data, exact, out other);
        bool isNearToo = Note((uint)(simHash >> 32), TableWords, simHash, data, exact, out uint another);
        other = isNear ? other : another;
        return isNear | isNearToo;
    }

    private bool Note(uint half, int table, ulong simHash, ulong data, ulong exact, out uint other)
    {
        int bucket = table + (int)((half * 0x9E3779B1u) >> (32 - BucketBits)) * (Ways * WordsOfEntry);
        Span<ulong> words = _words.AsSpan(bucket, Ways * WordsOfEntry);
        bool isNear = false;
        other = 0;
        for (int at = 0; at < Ways * WordsOfEntry; at += WordsOfEntry)
        {
            ulong held = Volatile.Read(ref words[at + 1]);
            ulong hash = Volatile.Read(ref words[at]) ^ held;
            ulong distance = hash ^ simHash;
            if ((distance & (distance - 1)) == 0 && held != 0 && held >> 32 != data >> 32 && (uint)held != (uint)data)
            {
                isNear = true;
                other = (uint)(held >> 32);
            }
        }

        int way = (int)(exact >> 62) * WordsOfEntry;
        Volatile.Write(ref words[way], simHash ^ data);
        Volatile.Write(ref words[way + 1], data);
        return isNear;
    }
}
