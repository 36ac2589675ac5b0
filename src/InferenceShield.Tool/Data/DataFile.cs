using System.Globalization;
using System.Text;
using InferenceShield.Lab;

namespace InferenceShield.Tool;

/// <summary>Reads inputs and their labels: IDX, .npy or CSV, each also gzipped, told apart by content.</summary>
internal static class DataFile
{
    private const int MostClasses = 1_000_000;

    /// <param name="path">Inputs; CSV may hold the labels too.</param>
    /// <param name="labelsPath">Labels; null for none or those in the CSV.</param>
    /// <param name="labelColumn">Which column of a CSV holds labels; see <see cref="CsvTable.Read"/>.</param>
    /// <param name="scale">auto (bytes are divided by 255), none, or a number by which values are divided.</param>
    public static Dataset Read(string path, string? labelsPath, string? labelColumn, string scale)
    {
        byte[] content = FileContent.Read(path);
        string[]? texts = null;
        ArrayFile numbers;
        if (IdxReader.IsIdx(content) || NpyReader.IsNpy(content))
        {
            numbers = ReadNumbers(content, path);
        }
        else
        {
            (numbers, texts) = CsvTable.Read(RequireText(content, path), path, labelsPath is null ? labelColumn : "none");
        }

        Scale(numbers, scale);
        int finite = Array.FindIndex(numbers.Values, value => !float.IsFinite(value));
        if (finite >= 0)
        {
            throw new MistakeException($"Row {finite / numbers.Width} of '{path}' holds a value that is not finite. Take the row out.");
        }

        texts ??= labelsPath is null ? null : ReadLabels(labelsPath);
        string name = NameOf(path);
        if (texts is null)
        {
            return new Dataset(name, numbers.Values, numbers.Width);
        }

        if (texts.Length != numbers.Rows)
        {
            throw new MistakeException($"'{path}' holds {numbers.Rows} rows, and '{labelsPath}' {texts.Length} labels. They do not belong together.");
        }

        (int[] labels, int classes) = Number(texts);
        return new Dataset(name, numbers.Values, numbers.Width, labels, classes);
    }

    /// <summary>A file's name without folder and endings.</summary>
    public static string NameOf(string path)
    {
        string name = Path.GetFileName(path);
        int dot = name.IndexOf('.', 1);
        return dot > 0 ? name[..dot] : name;
    }

    private static ArrayFile ReadNumbers(byte[] content, string path) =>
        IdxReader.IsIdx(content) ? IdxReader.Read(content, path) : NpyReader.Read(content, path);

    private static string[] ReadLabels(string path)
    {
        byte[] content = FileContent.Read(path);
        if (!IdxReader.IsIdx(content) && !NpyReader.IsNpy(content))
        {
            string[] lines = Encoding.UTF8.GetString(RequireText(content, path)).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            bool hasName = lines.Length > 1 && !IsInteger(lines[0]) && IsInteger(lines[1]);
            return hasName ? lines[1..] : lines;
        }

        ArrayFile numbers = ReadNumbers(content, path);
        return numbers.Width == 1
            ? [.. numbers.Values.Select(value => value.ToString(CultureInfo.InvariantCulture))]
            : throw new MistakeException($"'{path}' holds {numbers.Width} values for each row; labels are one. Were --data and --labels exchanged?");
    }

    private static bool IsInteger(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    /// <summary>Whole numbers from 0 on are labels as they are; anything else is numbered in ordinal order.</summary>
    private static (int[] Labels, int Classes) Number(string[] texts)
    {
        double[] values = [.. texts.Select(text => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) ? value : -1)];
        if (values.All(value => value >= 0 && value == Math.Floor(value)))
        {
            return values.Max() < MostClasses
                ? ([.. values.Select(value => (int)value)], (int)values.Max() + 1)
                : throw new MistakeException($"Labels go up to {texts[Array.IndexOf(values, values.Max())]}; they number classes from 0, below {MostClasses}. Are they in another column or file?");
        }

        string[] names = [.. texts.Distinct().Order(StringComparer.Ordinal)];
        return ([.. texts.Select(text => Array.BinarySearch(names, text, StringComparer.Ordinal))], names.Length);
    }

    private static void Scale(ArrayFile numbers, string scale)
    {
        float divisor = scale switch
        {
            "auto" => numbers.AreBytes ? 255 : 1,
            "none" => 1,
            _ => float.TryParse(scale, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out float given) && given > 0
                ? given
                : throw new MistakeException($"--scale {scale}: allowed are auto (bytes are divided by 255), none, or a number above 0 to divide by."),
        };
        if (divisor != 1)
        {
            for (int i = 0; i < numbers.Values.Length; i++)
            {
                numbers.Values[i] /= divisor;
            }
        }
    }

    private static byte[] RequireText(byte[] content, string path) => content.AsSpan().Contains((byte)0)
        ? throw new MistakeException($"'{path}' is no data file that is known here: IDX, .npy (little-endian, C order) or CSV, each also gzipped.")
        : content;
}
