using System.Buffers.Binary;

namespace InferenceShield.Tool;

/// <summary>Reads the IDX format of the MNIST family; the first dimension counts rows.</summary>
internal static class IdxReader
{
    public static bool IsIdx(ReadOnlySpan<byte> content) => content is [0, 0, >= 0x08 and <= 0x0E, >= 1 and <= 8, ..];

    public static ArrayFile Read(ReadOnlySpan<byte> content, string path)
    {
        (byte type, int rank) = (content[2], content[3]);
        int size = type switch { 0x08 or 0x09 => 1, 0x0B => 2, 0x0C or 0x0D => 4, 0x0E => 8, _ => 0 };
        int start = 4 + (4 * rank);
        if (size == 0 || content.Length < start)
        {
            throw new MistakeException($"'{path}' has an IDX header of type 0x{type:X2} and rank {rank}, which is not known or cut short.");
        }

        long rows = BinaryPrimitives.ReadUInt32BigEndian(content[4..]);
        long width = 1;
        for (int i = 1; i < rank; i++)
        {
            width = Math.Min(width * BinaryPrimitives.ReadUInt32BigEndian(content[(4 + (4 * i))..]), int.MaxValue);
        }

        content = content[start..];
        if (rows == 0 || width == 0 || rows > int.MaxValue || content.Length / size / width != rows || content.Length % (rows * width * size) != 0)
        {
            throw new MistakeException($"'{path}' says that it holds {rows} rows of {width} values, and holds {content.Length / size} values in all. It is empty or cut short.");
        }

        float[] values = new float[rows * width];
        for (int i = 0; i < values.Length; i++)
        {
            ReadOnlySpan<byte> at = content[(i * size)..];
            values[i] = type switch
            {
                0x08 => at[0],
                0x09 => (sbyte)at[0],
                0x0B => BinaryPrimitives.ReadInt16BigEndian(at),
                0x0C => BinaryPrimitives.ReadInt32BigEndian(at),
                0x0D => BinaryPrimitives.ReadSingleBigEndian(at),
                _ => (float)BinaryPrimitives.ReadDoubleBigEndian(at),
            };
        }

        return new ArrayFile(values, (int)rows, (int)width, type == 0x08);
    }
}
