using System.Buffers.Binary;

namespace InferenceShield.Numerics;

/// <summary>How often each byte value occurs.</summary>
internal static class ByteHistogram
{
    public const int Size = 256;

    /// <summary>Counts into <paramref name="counts"/>, which it clears first.</summary>
    /// <remarks>Four tables, taken in turns: registers of a sketch are mostly equal, and incrementing the word that was
    /// just incremented waits for the store. A scalar add per byte is as fast as it gets without scatter instructions.</remarks>
    public static void Count(ReadOnlySpan<byte> bytes, Span<int> counts)
    {
        Span<int> tables = stackalloc int[4 * Size];
        tables.Clear();
        Span<int> first = tables[..Size];
        Span<int> second = tables.Slice(Size, Size);
        Span<int> third = tables.Slice(2 * Size, Size);
        Span<int> fourth = tables.Slice(3 * Size, Size);
        while (bytes.Length >= sizeof(ulong))
        {
            ulong word = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            first[(byte)word]++;
            second[(byte)(word >> 8)]++;
            third[(byte)(word >> 16)]++;
            fourth[(byte)(word >> 24)]++;
            first[(byte)(word >> 32)]++;
            second[(byte)(word >> 40)]++;
            third[(byte)(word >> 48)]++;
            fourth[(byte)(word >> 56)]++;
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (byte value in bytes)
        {
            first[value]++;
        }

        for (int i = 0; i < Size; i++)
        {
            counts[i] = first[i] + second[i] + third[i] + fourth[i];
        }
    }
}
