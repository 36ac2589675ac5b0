using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace InferenceShield.Tool;

/// <summary>Reads NumPy's .npy format, versions 1 to 3: little-endian numbers in C order; the first dimension counts rows.</summary>
internal static partial class NpyReader
{
    public static bool IsNpy(ReadOnlySpan<byte> content) => content is [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', ..];

    public static ArrayFile Read(ReadOnlySpan<byte> content, string path)
    {
        int start = content.Length < 12 ? 0 : content[6] == 1 ? 10 : 12;
        long length = start == 0 ? 0 : start == 10 ? BinaryPrimitives.ReadUInt16LittleEndian(content[8..]) : BinaryPrimitives.ReadUInt32LittleEndian(content[8..]);
        if (start == 0 || start + length > content.Length)
        {
            throw new MistakeException($"'{path}' is cut short: its .npy header is not whole.");
        }

        string header = Encoding.UTF8.GetString(content.Slice(start, (int)length));
        string type = TypePattern().Match(header).Groups[1].Value;
        int size = type switch { "u1" or "i1" or "b1" => 1, "i2" or "u2" => 2, "f4" or "i4" => 4, "f8" or "i8" => 8, _ => 0 };
        if (size == 0 || !header.Contains("'fortran_order': False", StringComparison.Ordinal))
        {
            throw new MistakeException($"'{path}' holds an array that is not read here. Save it as np.ascontiguousarray(x, dtype=np.float32).");
        }

        long[] shape = [.. ShapePattern().Match(header).Groups[1].Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(text => long.TryParse(text, CultureInfo.InvariantCulture, out long value) ? value : 0)];
        content = content[(start + (int)length)..];
        long rows = shape.Length == 0 ? 0 : shape[0];
        double count = shape.Aggregate(1.0, (product, one) => product * one);
        if (rows < 1 || count < 1 || count * size != content.Length)
        {
            throw new MistakeException($"'{path}' says that it holds [{string.Join(", ", shape)}], and holds {content.Length / size} values. It is empty or cut short.");
        }

        float[] values = new float[(int)count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = ReadOne(content[(i * size)..], type);
        }

        return new ArrayFile(values, (int)rows, (int)(values.Length / rows), type == "u1");
    }

    private static float ReadOne(ReadOnlySpan<byte> at, string type) => type switch
    {
        "u1" or "b1" => at[0],
        "i1" => (sbyte)at[0],
        "i2" => BinaryPrimitives.ReadInt16LittleEndian(at),
        "u2" => BinaryPrimitives.ReadUInt16LittleEndian(at),
        "i4" => BinaryPrimitives.ReadInt32LittleEndian(at),
        "i8" => BinaryPrimitives.ReadInt64LittleEndian(at),
        "f4" => BinaryPrimitives.ReadSingleLittleEndian(at),
        _ => (float)BinaryPrimitives.ReadDoubleLittleEndian(at),
    };

    [GeneratedRegex("'descr':\\s*'[<|]([a-z][0-9])'")]
    private static partial Regex TypePattern();

    [GeneratedRegex("'shape':\\s*\\(([0-9, ]*)\\)")]
    private static partial Regex ShapePattern();
}
