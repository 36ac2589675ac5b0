namespace InferenceShield.Statistics.Detection;

/// <summary>Reads what <see cref="CellFile"/> wrote.</summary>
internal static class CellTable
{
    public static IReadOnlyList<CellRow> Read(string path)
    {
        string[] lines = [.. File.ReadLines(path).Where(line => !line.StartsWith('#'))];
        string[] columns = lines[0].Split(',');
        return [.. lines.Skip(1).Select(line => new CellRow(columns, line.Split(',')))];
    }
}
