using System.Buffers.Binary;
using System.Security.Cryptography;

namespace InferenceShield;

/// <summary>The chain over the entries of one segment, which stays the same when the segment grows behind them and when callers are erased.</summary>
/// <remarks>It begins with SHA-256 of "InferenceShield/evidence/1\n", the run, the place and the start, and goes on with SHA-256 of itself and the next leaf. A
/// leaf is HMAC-SHA256 of the record under a salt of its own, so that neither chain nor leaf tells anything of a record, even to who guesses it.</remarks>
internal sealed class EvidenceChain
{
    private readonly byte[] _link = new byte[2 * SHA256.HashSizeInBytes];

    public EvidenceChain(in EvidenceHeader header)
    {
        byte[] start = new byte[12];
        BinaryPrimitives.WriteInt32LittleEndian(start, header.Place);
        BinaryPrimitives.WriteInt64LittleEndian(start.AsSpan(4), header.Start);
        SHA256.HashData([.. "InferenceShield/evidence/1\n"u8, .. header.Run, .. start], _link);
    }

    /// <summary>Entries so far.</summary>
    public long Entries { get; private set; }

    /// <summary>Of these the erased ones.</summary>
    public long Erased { get; private set; }

    /// <summary>Its end so far.</summary>
    public ReadOnlySpan<byte> Digest => _link.AsSpan(0, SHA256.HashSizeInBytes);

    /// <summary>Goes on with the next entry of the segment.</summary>
    public void Add(EvidenceSegmentReader segment, in EvidenceEntry entry)
    {
        segment.WriteLeaf(in entry, _link.AsSpan(SHA256.HashSizeInBytes));
        Span<byte> next = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(_link, next);
        next.CopyTo(_link);
        Entries++;
        Erased += entry.IsErased ? 1 : 0;
    }
}
