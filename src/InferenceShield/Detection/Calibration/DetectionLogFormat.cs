using System.Buffers.Binary;
using System.Security.Cryptography;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>The log of what was measured: docs/detection-log.md. All numbers are little-endian.</summary>
internal static class DetectionLogFormat
{
    public const uint Magic = 0x4c445349;
    public const uint BlockMagic = 0x4b4c4249;
    public const byte Version = 1;
    public const int RecordSize = 40 + (4 * QuerySignals.ScalarCount);
    public const int SealSize = 32;
    public const int FixedHeaderSize = 32;

    /// <summary>Magic, place of the block, records.</summary>
    public const int BlockHeaderSize = 12;

    public const int MostBlockRecords = 512;
    public const int LargestBlock = BlockHeaderSize + (MostBlockRecords * RecordSize) + SealSize;

    public static readonly string ScalarNames = string.Join(',', Enum.GetNames<SignalScalar>());

    /// <summary>Its seal is that of the header, which the first block's goes on from.</summary>
    public static byte[] WriteHeader(DetectionKey key, ulong profile, long seconds, ReadOnlySpan<byte> sealKey)
    {
        byte[] name = CalibrationFile.Encode(key.Model);
        byte[] keyId = CalibrationFile.Encode(key.KeyId);
        byte[] scalars = System.Text.Encoding.UTF8.GetBytes(ScalarNames);
        byte[] header = new byte[FixedHeaderSize + name.Length + keyId.Length + scalars.Length + SealSize];
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        header[4] = Version;
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), profile);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(16), seconds);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(24), (ushort)name.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(26), (ushort)keyId.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(28), (ushort)scalars.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(30), RecordSize);
        name.CopyTo(header, FixedHeaderSize);
        keyId.CopyTo(header, FixedHeaderSize + name.Length);
        scalars.CopyTo(header, FixedHeaderSize + name.Length + keyId.Length);
        HMACSHA256.HashData(sealKey, header.AsSpan(0, header.Length - SealSize), header.AsSpan(header.Length - SealSize));
        return header;
    }

    /// <summary>A block without its seal.</summary>
    public static void WriteBlockHeader(Span<byte> block, int place, int records)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(block, BlockMagic);
        BinaryPrimitives.WriteInt32LittleEndian(block[4..], place);
        BinaryPrimitives.WriteInt32LittleEndian(block[8..], records);
    }

    /// <summary>The seal of a block: of the seal before it and of its bytes, so that none can be left out or moved.</summary>
    public static void SealBlock(ReadOnlySpan<byte> sealKey, Span<byte> seal, ReadOnlySpan<byte> block)
    {
        using IncrementalHash hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, sealKey);
        hash.AppendData(seal);
        hash.AppendData(block);
        hash.GetHashAndReset(seal);
    }

    public static void WriteRecord(Span<byte> record, ulong caller, long seconds, in QuerySignals signals)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(record, caller);
        BinaryPrimitives.WriteInt64LittleEndian(record[8..], seconds);
        BinaryPrimitives.WriteInt32LittleEndian(record[16..], signals.Label);
        BinaryPrimitives.WriteInt32LittleEndian(record[20..], signals.Second);
        BinaryPrimitives.WriteUInt64LittleEndian(record[24..], signals.SimHash);
        BinaryPrimitives.WriteUInt64LittleEndian(record[32..], signals.Exact);
        for (int i = 0; i < QuerySignals.ScalarCount; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(record[(40 + (4 * i))..], signals.Scalars[i]);
        }
    }

    /// <summary>What a record says. The confidence comes of its logarithm; sweep positions are not recorded.</summary>
    public static QuerySignals ReadRecord(ReadOnlySpan<byte> record, out ulong caller, out long seconds)
    {
        caller = BinaryPrimitives.ReadUInt64LittleEndian(record);
        seconds = BinaryPrimitives.ReadInt64LittleEndian(record[8..]);
        QuerySignals signals = default;
        signals.Label = BinaryPrimitives.ReadInt32LittleEndian(record[16..]);
        signals.Second = BinaryPrimitives.ReadInt32LittleEndian(record[20..]);
        signals.SimHash = BinaryPrimitives.ReadUInt64LittleEndian(record[24..]);
        signals.Exact = BinaryPrimitives.ReadUInt64LittleEndian(record[32..]);
        for (int i = 0; i < QuerySignals.ScalarCount; i++)
        {
            signals.Scalars[i] = BinaryPrimitives.ReadSingleLittleEndian(record[(40 + (4 * i))..]);
        }

        signals.Confidence = (float)Math.Clamp(1 + 1e-7 - Math.Pow(10, -signals.Scalars[(int)SignalScalar.LogConfidence]), 0, 1);
        return signals;
    }

    /// <summary>The key of the seals.</summary>
    public static byte[] SealKey(DetectionKey key)
    {
        byte[] sealKey = GC.AllocateUninitializedArray<byte>(32, pinned: true);
        key.Derive("log", sealKey);
        return sealKey;
    }

    /// <summary>The key of the pseudonyms, which is of this model's log alone: not even another model's log has the same ones.</summary>
    public static SipHashKey PseudonymKey(DetectionKey key)
    {
        Span<byte> pseudonyms = stackalloc byte[SipHashKey.Size];
        key.Derive("log-pseudonym", pseudonyms);
        SipHashKey derived = new(pseudonyms);
        CryptographicOperations.ZeroMemory(pseudonyms);
        return derived;
    }
}
