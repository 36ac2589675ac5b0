using System.Buffers.Binary;
using InferenceShield.Numerics;

namespace InferenceShield.Lab;

/// <summary>Keys that nobody marked anything with: what a mark's test says of chance.</summary>
internal static class RandomKeys
{
    private const ulong Stream = 0x6b657973; // apart from all that is drawn elsewhere with the same seed
    private const ulong MarkStream = 0x6d61726b;

    /// <summary>One of a seed's keys.</summary>
    public static SipHashKey Get(ulong seed, int number)
    {
        SeededRandom random = new(seed, Stream + ((ulong)number << 32));
        Span<byte> bytes = stackalloc byte[SipHashKey.Size];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, random.NextUInt64());
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], random.NextUInt64());
        return new SipHashKey(bytes);
    }

    /// <summary>One of a seed's mark keys: a key of the same kind as the owner's, for every mark.</summary>
    public static MarkKey GetMarkKey(ulong seed, int number)
    {
        SeededRandom random = new(seed, MarkStream + ((ulong)number << 32));
        Span<byte> bytes = stackalloc byte[MarkKey.Size];
        for (int i = 0; i < bytes.Length; i += sizeof(ulong))
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[i..], random.NextUInt64());
        }

        return MarkKey.Import(bytes, "random", "random");
    }
}
