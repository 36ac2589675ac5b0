namespace InferenceShield.Samples.Quickstart;

/// <summary>Text in columns.</summary>
internal sealed class Table(params string[] header)
{
    private readonly List<string[]> _rows = [header];

    public void Add(params string[] cells) => _rows.Add(cells);

    public void Print(string title)
    {
        int[] widths = [.. header.Select((_, column) => _rows.Max(row => row[column].Length))];
        Console.WriteLine(title);
        foreach (string[] row in _rows)
        {
            Console.WriteLine("  " + string.Join("  ", row.Select((cell, column) => column == 0 ? cell.PadRight(widths[0]) : cell.PadLeft(widths[column]))));
            if (row == header)
            {
                Console.WriteLine("  " + string.Join("  ", widths.Select(width => new string('-', width))));
            }
        }

        Console.WriteLine();
    }
}
