using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace InferenceShield;

/// <summary>The file of a <see cref="DetectionCalibration"/>. All numbers are little-endian.</summary>
/// <remarks>0..3 the ASCII letters "ISDC"; 4 the version, 1; 5..7 are 0; 8..11 the length of the whole file; 12..13 the bytes of the model's
/// name, 14..15 those of the key's id; both in UTF-8; the body; 32 bytes HMAC-SHA256 over all before them, under a key of the model's own that
/// is derived of the secret. Nothing of the body is read before the code is known to be right.</remarks>
internal static class CalibrationFile
{
    /// <summary>The largest file that is read.</summary>
    public const int MaximumSize = 1 << 30;

    public const int MaximumNameSize = 256;

    private const uint Magic = 0x43445349;
    private const byte Version = 1;
    private const int HeaderSize = 16;
    private const int SealSize = 32;
    private const string Purpose = "calibration-file";

    public static byte[] Write(DetectionCalibration calibration, DetectionKey key)
    {
        byte[] name = Encode(key.Model);
        byte[] keyId = Encode(key.KeyId);
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream);
        writer.Write(Magic);
        writer.Write((int)Version);
        writer.Write(0);
        writer.Write((ushort)name.Length);
        writer.Write((ushort)keyId.Length);
        writer.Write(name);
        writer.Write(keyId);
        CalibrationBody.Write(writer, calibration);
        writer.Flush();
        byte[] file = new byte[stream.Length + SealSize];
        stream.GetBuffer().AsSpan(0, (int)stream.Length).CopyTo(file);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(8), file.Length);
        Seal(key, file.AsSpan(0, file.Length - SealSize), file.AsSpan(file.Length - SealSize));
        return file;
    }

    public static DetectionCalibration Read(ReadOnlySpan<byte> file, DetectionKey key)
    {
        int bodyStart = RequireHeader(file, key);
        Span<byte> expected = stackalloc byte[SealSize];
        Seal(key, file[..^SealSize], expected);
        if (!CryptographicOperations.FixedTimeEquals(expected, file[^SealSize..]))
        {
            throw new DetectionFileException(
                DetectionFileFault.NotAuthentic,
                $"The file is not authentic: its code is not that of its bytes under the secret '{key.KeyId}'. It was damaged, or made by somebody without the secret. Copy or calibrate it again.");
        }

        using MemoryStream stream = new(file[bodyStart..^SealSize].ToArray(), writable: false);
        using BinaryReader reader = new(stream);
        try
        {
            DetectionCalibration calibration = CalibrationBody.Read(reader, key);
            return stream.Position == stream.Length
                ? calibration
                : throw Malformed($"{stream.Length - stream.Position} bytes are left over");
        }
        catch (Exception exception) when (exception is EndOfStreamException or InvalidDataException or ArgumentException or IOException)
        {
            throw Malformed(exception.Message);
        }
    }

    public static DetectionFileException Malformed(string what) =>
        new(DetectionFileFault.Malformed, $"The file is not one that this library writes: {what}.");

    /// <summary>For messages: what is not known to be authentic must not write lines of its own into a log.</summary>
    public static string Decode(ReadOnlySpan<byte> text) =>
        string.Concat(Encoding.UTF8.GetString(text).Select(letter => char.IsControl(letter) ? '?' : letter));

    public static byte[] Encode(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return bytes.Length is > 0 and <= MaximumNameSize
            ? bytes
            : throw new ArgumentException($"The name has {bytes.Length} bytes in UTF-8; allowed: 1 to {MaximumNameSize}.", nameof(text));
    }

    private static int RequireHeader(ReadOnlySpan<byte> file, DetectionKey key)
    {
        if (file.Length > MaximumSize)
        {
            throw new DetectionFileException(DetectionFileFault.TooLarge, $"The file has {file.Length} bytes; the largest possible has {MaximumSize}.");
        }

        if (file.Length >= sizeof(uint) && BinaryPrimitives.ReadUInt32LittleEndian(file) != Magic)
        {
            throw new DetectionFileException(DetectionFileFault.NotADetectionFile, "Not a calibration of detection: it does not begin with the letters ISDC.");
        }

        if (file.Length >= 8 && BinaryPrimitives.ReadUInt32LittleEndian(file[4..]) != Version)
        {
            throw new DetectionFileException(DetectionFileFault.UnknownVersion, $"The file has format version {file[4]}; this library reads version {Version}.");
        }

        if (file.Length < HeaderSize + SealSize)
        {
            throw new DetectionFileException(DetectionFileFault.Truncated, $"The file is truncated: it has {file.Length} bytes, and the least possible has {HeaderSize + SealSize}.");
        }

        uint size = BinaryPrimitives.ReadUInt32LittleEndian(file[8..]);
        if (size != file.Length)
        {
            throw size > file.Length
                ? new DetectionFileException(DetectionFileFault.Truncated, $"The file is truncated: it has {file.Length} bytes of {size}.")
                : new DetectionFileException(DetectionFileFault.TooLarge, $"The file is too large: it has {file.Length} bytes where it says {size}.");
        }

        int name = BinaryPrimitives.ReadUInt16LittleEndian(file[12..]);
        int keyId = BinaryPrimitives.ReadUInt16LittleEndian(file[14..]);
        if (name is 0 or > MaximumNameSize || keyId is 0 or > MaximumNameSize || HeaderSize + name + keyId + SealSize > file.Length)
        {
            throw new DetectionFileException(DetectionFileFault.NotAuthentic, $"The file is damaged: it says that its names have {name} and {keyId} bytes.");
        }

        RequireNames(file.Slice(HeaderSize, name), file.Slice(HeaderSize + name, keyId), key);
        return HeaderSize + name + keyId;
    }

    /// <summary>Said before the code is checked, which under another key would fail too and say less.</summary>
    public static void RequireNames(ReadOnlySpan<byte> model, ReadOnlySpan<byte> keyId, DetectionKey key)
    {
        if (!keyId.SequenceEqual(Encoding.UTF8.GetBytes(key.KeyId)))
        {
            throw new DetectionFileException(DetectionFileFault.OtherKey, $"The file was written under key '{Decode(keyId)}'; the secret given is '{key.KeyId}'.");
        }

        if (!model.SequenceEqual(Encoding.UTF8.GetBytes(key.Model)))
        {
            throw new DetectionFileException(DetectionFileFault.OtherModel, $"The file was written for model '{Decode(model)}'; expected '{key.Model}'.");
        }
    }

    private static void Seal(DetectionKey key, ReadOnlySpan<byte> content, Span<byte> seal)
    {
        Span<byte> fileKey = stackalloc byte[32];
        key.Derive(Purpose, fileKey);
        HMACSHA256.HashData(fileKey, content, seal);
        CryptographicOperations.ZeroMemory(fileKey);
    }
}
