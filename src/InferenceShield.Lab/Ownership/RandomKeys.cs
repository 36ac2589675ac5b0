using System.Buffers.Binary;
using InferenceShield.Numerics;

namespace InferenceShield.Lab;

/// <summary>Keys that nobody marked anything with: what a mark's test says of chance.</summary>
internal static class RandomKeys
{
    private const ulong Stream = 0x6b657973; // apart from all that is drawn elsewhere with the same seed

    /// <summary>One of a seed's keys.</summary>
    public static SipHashKey Get(ulong seed, int number)
    {
        SeededRandom random = new(seed, Stream + ((ulong)number << 32));
        Span<byte> bytes = stackalloc byte[SipHashKey.Size];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, random.NextUInt64());
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], random.NextUInt64());
        return new SipHashKey(bytes);
    }
}
