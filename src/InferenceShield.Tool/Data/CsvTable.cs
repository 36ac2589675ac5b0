using System.Globalization;
using System.Text;

namespace InferenceShield.Tool;

/// <summary>A CSV file: numbers, and one column of labels or none. No quoted fields: numbers and labels need none.</summary>
/// <param name="Numbers">All columns but the labels'.</param>
/// <param name="Labels">The text of the labels' column; null without one.</param>
internal sealed record CsvTable(ArrayFile Numbers, string[]? Labels)
{
    /// <param name="content">The file's bytes, UTF-8.</param>
    /// <param name="path">For messages.</param>
    /// <param name="labelColumn">A column's name, its place from 1, first, last or none; null for the last if that is the only one with
    /// something else than numbers.</param>
    public static CsvTable Read(ReadOnlySpan<byte> content, string path, string? labelColumn)
    {
        string[] lines = Encoding.UTF8.GetString(content).TrimStart('\uFEFF').Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (lines.Length == 0)
        {
            throw new MistakeException($"The file '{path}' is empty.");
        }

        char separator = lines[0].Contains(';', StringComparison.Ordinal) ? ';' : lines[0].Contains('\t', StringComparison.Ordinal) ? '\t' : ',';
        string[] first = Split(lines[0], separator);
        bool hasNames = lines.Length > 1 && !first.Any(IsNumber) && Split(lines[1], separator).Any(IsNumber);
        int start = hasNames ? 1 : 0;
        int label = FindLabels(labelColumn, hasNames ? first : null, Split(lines[start], separator), path);
        int width = first.Length - (label >= 0 ? 1 : 0);
        if (width == 0)
        {
            throw new MistakeException($"'{path}' has one column, the labels'; inputs are missing. With labels in a file of their own: --data INPUTS --labels '{path}'.");
        }

        float[] values = new float[(lines.Length - start) * width];
        string[]? labels = label >= 0 ? new string[lines.Length - start] : null;
        for (int line = start; line < lines.Length; line++)
        {
            string[] fields = Split(lines[line], separator);
            if (fields.Length != first.Length)
            {
                throw new MistakeException($"Line {line + 1} of '{path}' has {fields.Length} fields; the first has {first.Length}.");
            }

            int at = (line - start) * width;
            for (int column = 0; column < fields.Length; column++)
            {
                if (column == label)
                {
                    labels![line - start] = fields[column];
                }
                else if (!float.TryParse(fields[column], NumberStyles.Float, CultureInfo.InvariantCulture, out values[at++]) || !float.IsFinite(values[at - 1]))
                {
                    throw new MistakeException($"Line {line + 1}, column {column + 1} of '{path}' is no finite number. Name the labels' column with --label-column, or take the column out.");
                }
            }
        }

        return new CsvTable(new ArrayFile(values, lines.Length - start, width, AreBytes: false), labels);
    }

    private static int FindLabels(string? wanted, string[]? names, string[] row, string path)
    {
        switch (wanted)
        {
            case null:
                return row.Length > 1 && !IsNumber(row[^1]) ? row.Length - 1 : -1;
            case "none":
                return -1;
            case "first":
                return 0;
            case "last":
                return row.Length - 1;
        }

        int named = Array.IndexOf(names ?? [], wanted);
        if (named >= 0)
        {
            return named;
        }

        return int.TryParse(wanted, NumberStyles.None, CultureInfo.InvariantCulture, out int place) && place >= 1 && place <= row.Length
            ? place - 1
            : throw new MistakeException($"'{path}' has no column '{wanted}'. Allowed: {(names is null ? "" : string.Join(", ", names) + ", ")}first, last, none, or 1 to {row.Length}.");
    }

    private static string[] Split(string line, char separator) => line.Split(separator, StringSplitOptions.TrimEntries);

    private static bool IsNumber(string text) => float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
}
