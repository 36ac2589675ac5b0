using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace InferenceShield;

/// <summary>A segment of the list of marked queries: docs/evidence.md. All numbers are little-endian.</summary>
/// <remarks>AES-256-GCM (NIST SP 800-38D) under a key of the segment's own: HKDF of the model's key and a random salt. The nonce is the place in the
/// segment, 0 for the header, which is authenticated and not encrypted. Each block is bound to the tag before it.</remarks>
internal static class EvidenceFormat
{
    public const uint Magic = 0x56455349; // ISEV
    public const byte Version = 1;
    public const int FixedHeaderSize = 88;
    public const int SaltSize = 32;
    public const int TagSize = 16;
    public const int NonceSize = 12;
    public const int RunSize = 16;

    /// <summary>Length of the ciphertext, flags.</summary>
    public const int BlockHeaderSize = 8;

    public const byte EndFlag = 1;
    public const int RecordSize = 64;

    /// <summary>The salt of an entry, and what is left of an erased one.</summary>
    public const int LeafSize = 32;

    /// <summary>An erased entry: its length, its leaf.</summary>
    public const int ErasedSize = sizeof(int) + LeafSize;

    /// <summary>The longest input that is kept.</summary>
    public const int MostInput = 1 << 18;

    /// <summary>The most plaintext in a block: records are gathered up to a quarter of it, and one may be as long as it, with its salt if it was rewritten.</summary>
    public const int MostBlock = MostInput + RecordSize + LeafSize;

    /// <summary>A salt, a run, a place in it, and the last tag of the segment before it.</summary>
    public static byte[] WriteHeader(in EvidenceHeader header, EvidenceKey key)
    {
        byte[] model = CalibrationFile.Encode(key.Model);
        byte[] keyId = CalibrationFile.Encode(key.KeyId);
        byte[] bytes = new byte[FixedHeaderSize + model.Length + keyId.Length + TagSize];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        bytes[4] = Version;
        bytes[5] = header.IsRewritten ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), header.Start);
        header.Run.CopyTo(bytes, 16);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(32), header.Place);
        header.Before.CopyTo(bytes, 36);
        header.Salt.CopyTo(bytes, 52);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(84), (ushort)model.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(86), (ushort)keyId.Length);
        model.CopyTo(bytes, FixedHeaderSize);
        keyId.CopyTo(bytes, FixedHeaderSize + model.Length);
        return bytes;
    }

    /// <summary>The fixed part of a header. What it says is not yet known to be authentic.</summary>
    public static EvidenceHeader ReadHeader(ReadOnlySpan<byte> bytes) => new()
    {
        IsRewritten = bytes[5] != 0,
        Start = BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]),
        Run = bytes.Slice(16, RunSize).ToArray(),
        Place = BinaryPrimitives.ReadInt32LittleEndian(bytes[32..]),
        Before = bytes.Slice(36, TagSize).ToArray(),
        Salt = bytes.Slice(52, SaltSize).ToArray(),
    };

    public static AesGcm Cipher(EvidenceKey key, ReadOnlySpan<byte> salt)
    {
        Span<byte> own = stackalloc byte[32];
        key.Derive("segment", salt, own);
        AesGcm cipher = new(own, TagSize);
        CryptographicOperations.ZeroMemory(own);
        return cipher;
    }

    public static void WriteNonce(Span<byte> nonce, long place)
    {
        nonce.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(nonce, place);
    }

    public static void WriteRecord(
        Span<byte> record, long time, CallerKey caller, Posture posture, int output, in MarkedRow marked, EvidenceDigestKind kind, InputDigest digest, ReadOnlySpan<byte> input)
    {
        BinaryPrimitives.WriteInt32LittleEndian(record, RecordSize + input.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(record[4..], (ushort)marked.Kinds);
        record[6] = (byte)posture;
        record[7] = (byte)kind;
        BinaryPrimitives.WriteInt64LittleEndian(record[8..], time);
        BinaryPrimitives.WriteUInt64LittleEndian(record[16..], caller.Low);
        BinaryPrimitives.WriteUInt64LittleEndian(record[24..], caller.High);
        BinaryPrimitives.WriteInt32LittleEndian(record[32..], output);
        BinaryPrimitives.WriteInt32LittleEndian(record[36..], marked.Clean);
        BinaryPrimitives.WriteInt32LittleEndian(record[40..], marked.Released);
        BinaryPrimitives.WriteInt32LittleEndian(record[44..], marked.Other);
        BinaryPrimitives.WriteUInt64LittleEndian(record[48..], digest.Low);
        BinaryPrimitives.WriteUInt64LittleEndian(record[56..], digest.High);
        input.CopyTo(record[RecordSize..]);
    }

    /// <summary>The bytes of a record; below <see cref="RecordSize"/> if it is none.</summary>
    public static int LengthOf(ReadOnlySpan<byte> record) => record.Length < RecordSize ? 0 : BinaryPrimitives.ReadInt32LittleEndian(record);

    public static CallerKey CallerOf(ReadOnlySpan<byte> record) =>
        new(BinaryPrimitives.ReadUInt64LittleEndian(record[16..]), BinaryPrimitives.ReadUInt64LittleEndian(record[24..]));

    public static long TimeOf(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadInt64LittleEndian(record[8..]);

    public static MarkKinds KindsOf(ReadOnlySpan<byte> record) => (MarkKinds)BinaryPrimitives.ReadUInt16LittleEndian(record[4..]);

    public static EvidenceRecord ReadRecord(ReadOnlySpan<byte> record) => new()
    {
        Kinds = KindsOf(record),
        Posture = (Posture)record[6],
        DigestKind = (EvidenceDigestKind)record[7],
        Time = DateTimeOffset.FromUnixTimeMilliseconds(TimeOf(record)),
        Caller = CallerOf(record),
        Output = BinaryPrimitives.ReadInt32LittleEndian(record[32..]),
        Clean = BinaryPrimitives.ReadInt32LittleEndian(record[36..]),
        Released = BinaryPrimitives.ReadInt32LittleEndian(record[40..]),
        Other = BinaryPrimitives.ReadInt32LittleEndian(record[44..]),
        Digest = new InputDigest(BinaryPrimitives.ReadUInt64LittleEndian(record[48..]), BinaryPrimitives.ReadUInt64LittleEndian(record[56..])),
        Input = record[RecordSize..].ToArray(),
    };

    /// <summary>The path of a segment.</summary>
    public static string PathOf(string list, int number) => string.Create(CultureInfo.InvariantCulture, $"{list}.{number:D6}");

    /// <summary>The segments of a list that there are, by number.</summary>
    public static SortedDictionary<int, FileInfo> Segments(string list)
    {
        SortedDictionary<int, FileInfo> found = [];
        string full = Path.GetFullPath(list);
        DirectoryInfo folder = new(Path.GetDirectoryName(full)!);
        string prefix = Path.GetFileName(full) + ".";
        if (!folder.Exists)
        {
            return found;
        }

        foreach (FileInfo file in folder.EnumerateFiles())
        {
            if (file.Name.StartsWith(prefix, StringComparison.Ordinal) && file.Name.Length >= prefix.Length + 6
                && int.TryParse(file.Name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                found[number] = file;
            }
        }

        return found;
    }
}
