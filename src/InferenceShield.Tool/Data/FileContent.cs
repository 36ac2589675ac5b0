using System.Buffers.Binary;
using System.IO.Compression;

namespace InferenceShield.Tool;

/// <summary>Reads whole files, gzipped or plain.</summary>
internal static class FileContent
{
    /// <summary>More is no data set for an audit on one machine but a mistake, or a bomb.</summary>
    private const long MaximumLength = 1L << 31;

    /// <summary>Header and trailer of gzip.</summary>
    private const int SmallestLength = 18;

    /// <summary>The bytes of a file; gzip is recognised by content.</summary>
    public static byte[] Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new MistakeException(Directory.Exists(path) ? $"'{path}' is a folder; name a file in it." : $"The file '{path}' does not exist (looked for '{Path.GetFullPath(path)}').");
        }

        byte[] content = File.ReadAllBytes(path);
        if (content is [0x1F, 0x8B, ..])
        {
            content = Decompress(content, path);
        }

        return content.Length > 0 ? content : throw new MistakeException($"The file '{path}' is empty.");
    }

    private static byte[] Decompress(byte[] content, string path)
    {
        using GZipStream gzip = new(new MemoryStream(content), CompressionMode.Decompress);
        using MemoryStream plain = new();
        byte[] block = new byte[1 << 16];
        try
        {
            for (int read = gzip.Read(block); read > 0; read = gzip.Read(block))
            {
                plain.Write(block, 0, read);
                if (plain.Length > MaximumLength - block.Length)
                {
                    throw new MistakeException($"'{path}' unpacks to more than {MaximumLength} bytes. Take fewer rows.");
                }
            }
        }
        catch (InvalidDataException)
        {
            throw new MistakeException($"'{path}' is damaged: it is gzipped, and does not unpack. Copy it again.");
        }

        return IsWhole(content, plain.GetBuffer().AsSpan(0, (int)plain.Length))
            ? plain.ToArray()
            : throw new MistakeException($"'{path}' is damaged: it is gzipped, and ends before its data do. Copy it again.");
    }

    /// <summary>Whether the file ends as gzip does: with checksum and length of its last part. The stream takes any end for one.</summary>
    private static bool IsWhole(ReadOnlySpan<byte> content, ReadOnlySpan<byte> plain)
    {
        if (content.Length < SmallestLength)
        {
            return false;
        }

        uint length = BinaryPrimitives.ReadUInt32LittleEndian(content[^4..]);
        return length <= plain.Length && Checksum(plain[^(int)length..]) == BinaryPrimitives.ReadUInt32LittleEndian(content[^8..]);
    }

    /// <summary>CRC-32 of RFC 1952.</summary>
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        Span<uint> table = stackalloc uint[256];
        for (uint i = 0; i < table.Length; i++)
        {
            uint entry = i;
            for (int bit = 0; bit < 8; bit++)
            {
                entry = (entry >> 1) ^ ((entry & 1) * 0xEDB88320);
            }

            table[(int)i] = entry;
        }

        uint checksum = uint.MaxValue;
        foreach (byte one in bytes)
        {
            checksum = (checksum >> 8) ^ table[(byte)(checksum ^ one)];
        }

        return ~checksum;
    }
}
