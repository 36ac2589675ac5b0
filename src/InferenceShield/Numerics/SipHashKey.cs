using System.Buffers.Binary;

namespace InferenceShield.Numerics;

/// <summary>The 128-bit key of a <see cref="SipHash"/>.</summary>
internal readonly struct SipHashKey
{
    public SipHashKey(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, Size, nameof(key));
        First = BinaryPrimitives.ReadUInt64LittleEndian(key);
        Second = BinaryPrimitives.ReadUInt64LittleEndian(key[8..]);
    }

    public const int Size = 16;

    public ulong First { get; }

    public ulong Second { get; }

    /// <summary>Says nothing about the key.</summary>
    public override string ToString() => "SipHashKey";
}
