using System.Buffers.Binary;
using System.IO.Compression;

namespace InferenceShield.Samples;

/// <summary>An array of unsigned bytes in the IDX format of the MNIST family, gzipped or plain.</summary>
public sealed class IdxFile
{
    private const byte UnsignedByteType = 0x08;
    private const int MaximumRank = 4;
    private const long MaximumLength = 1L << 30;

    private readonly int[] _dimensions;
    private readonly byte[] _data;

    private IdxFile(int[] dimensions, byte[] data)
    {
        _dimensions = dimensions;
        _data = data;
    }

    /// <summary>The extent of each dimension, outermost first.</summary>
    public ReadOnlySpan<int> Dimensions => _dimensions;

    /// <summary>The values in row-major order.</summary>
    public ReadOnlySpan<byte> Data => _data;

    /// <summary>Reads and validates a file.</summary>
    /// <param name="path">The file; gzip is recognised by content, not by name.</param>
    /// <exception cref="InvalidDataException">The file is no IDX file of unsigned bytes, is cut short or has bytes left over.</exception>
    public static IdxFile Read(string path)
    {
        byte[] content = File.ReadAllBytes(path);
        if (content is [0x1F, 0x8B, ..])
        {
            content = Decompress(content, path);
        }

        return Parse(content, path);
    }

    /// <summary>Writes values as a gzipped IDX file.</summary>
    public static void WriteGzip(string path, ReadOnlySpan<int> dimensions, ReadOnlySpan<byte> data)
    {
        ArgumentOutOfRangeException.ThrowIfZero(dimensions.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(dimensions.Length, MaximumRank);
        if (CountValues(dimensions) != data.Length)
        {
            throw new ArgumentException("The dimensions do not multiply to the number of values.", nameof(data));
        }

        byte[] header = new byte[4 + (4 * dimensions.Length)];
        header[2] = UnsignedByteType;
        header[3] = (byte)dimensions.Length;
        for (int i = 0; i < dimensions.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4 + (4 * i)), dimensions[i]);
        }

        using FileStream file = File.Create(path);
        using var gzip = new GZipStream(file, CompressionLevel.SmallestSize);
        gzip.Write(header);
        gzip.Write(data);
    }

    private static byte[] Decompress(byte[] content, string path)
    {
        using var gzip = new GZipStream(new MemoryStream(content), CompressionMode.Decompress);
        using var plain = new MemoryStream();
        byte[] block = new byte[1 << 16];
        int read;
        while ((read = gzip.Read(block)) > 0)
        {
            // A header is at most 20 bytes; anything longer than this bound is not a data set but a bomb.
            if (plain.Length + read > MaximumLength + 64)
            {
                throw new InvalidDataException($"'{path}' unpacks to more than {MaximumLength} bytes.");
            }

            plain.Write(block, 0, read);
        }

        return plain.ToArray();
    }

    private static IdxFile Parse(byte[] content, string path)
    {
        if (content.Length < 4 || content[0] != 0 || content[1] != 0)
        {
            throw new InvalidDataException($"'{path}' does not start with an IDX magic number.");
        }

        if (content[2] != UnsignedByteType)
        {
            throw new InvalidDataException($"'{path}' holds IDX type 0x{content[2]:X2}; only unsigned bytes (0x08) are supported.");
        }

        int rank = content[3];
        if (rank is 0 or > MaximumRank || content.Length < 4 + (4 * rank))
        {
            throw new InvalidDataException($"'{path}' has an IDX header of rank {rank}, which is unsupported or cut short.");
        }

        int[] dimensions = new int[rank];
        for (int i = 0; i < rank; i++)
        {
            dimensions[i] = BinaryPrimitives.ReadInt32BigEndian(content.AsSpan(4 + (4 * i)));
        }

        long expected = CountValues(dimensions);
        byte[] data = content[(4 + (4 * rank))..];
        if (expected != data.Length)
        {
            throw new InvalidDataException($"'{path}' declares [{string.Join(", ", dimensions)}] but holds {data.Length} values.");
        }

        return new IdxFile(dimensions, data);
    }

    /// <summary>The product of the dimensions, or -1 where one is not positive or the product is out of bounds.</summary>
    private static long CountValues(ReadOnlySpan<int> dimensions)
    {
        long count = 1;
        foreach (int dimension in dimensions)
        {
            if (dimension <= 0 || (count *= dimension) > MaximumLength)
            {
                return -1;
            }
        }

        return count;
    }
}
