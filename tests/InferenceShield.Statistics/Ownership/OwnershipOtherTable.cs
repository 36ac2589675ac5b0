using System.Globalization;
using System.Text;

namespace InferenceShield.Statistics.Ownership;

/// <summary>A part of another experiment's CSV, as a table of docs/ownership.md.</summary>
/// <param name="File">The CSV; it need not be there.</param>
/// <param name="Title">The heading; empty for a further table of the same file.</param>
/// <param name="Columns">That are shown; empty for all.</param>
/// <param name="Filter">A column and the value that its rows have to have; null for all rows.</param>
/// <param name="Means">Columns whose mean is shown, over rows that are equal in the others; empty for none.</param>
internal sealed record OwnershipOtherTable(string File, string Title, string[] Columns, (string Column, string Value)? Filter, string[] Means)
{
    public static IReadOnlyList<OwnershipOtherTable> All { get; } =
    [
        new("ownership-tokens.csv", "Marks of tokens", ["mark", "temperature", "length", "texts", "z", "low", "high", "theory", "ratio"], ("edit", "none"), []),
        new("ownership-tokens.csv", "", ["mark", "edit", "length", "texts", "z", "low", "high", "share_z_above_4", "share_p_below_01"], ("theory", "NaN"), []),
        new("ownership-tokens.csv", "", ["mark", "edit", "texts", "z", "low", "high", "share_p_below_01", "distance", "distance_p"], ("theory", "0"), []),
        new("ownership-directions.csv", "Directions in embeddings", [], null, []),
        new(DirectionCostExperiment.Probes, "How many probes a trained copy needs", [], null, []),
        new(DirectionCostExperiment.Retrieval, "What directions cost a search", [], null, []),
        new("ownership-collusion.csv", "A payload for each account, and accounts that pool answers", ["suspect", "accounts"], null, ["length", "deviation", "best_rank", "worst_rank"]),
        new("ownership-traps.csv", "Who falls into traps", [], null, []),
        new("ownership-fingerprint-summary.csv", "Models that were never marked: the fingerprint", [], ("statistic", FingerprintExperiment.Ratio), []),
    ];

    /// <summary>A file's rows by column.</summary>
    public static IReadOnlyList<Dictionary<string, string>> Read(string results, string file)
    {
        string[][] fields = [.. System.IO.File.ReadLines(Path.Combine(results, file)).Where(line => line.Length > 0 && !line.StartsWith('#')).Select(Split)];
        return [.. fields.Skip(1).Select(row => fields[0].Zip(row).ToDictionary())];
    }

    public void Append(StringBuilder page, string results)
    {
        string path = Path.Combine(results, File);
        if (!System.IO.File.Exists(path))
        {
            return;
        }

        string[] lines = [.. System.IO.File.ReadLines(path).Where(line => line.Length > 0)];
        string[][] fields = [.. lines.Where(line => !line.StartsWith('#')).Select(Split)];
        string[] names = fields[0];
        page.Append('\n');
        if (Title.Length > 0)
        {
            string words = OwnershipOtherText.Say(File, [.. fields.Skip(1).Select(row => names.Zip(row).ToDictionary())]);
            page.Append(CultureInfo.InvariantCulture, $"## {Title}\n\n{words}{(words.Length > 0 ? "\n\n" : "")}");
            foreach (string comment in lines.Where(line => line.StartsWith('#')))
            {
                page.Append(comment.TrimStart('#', ' ').TrimEnd('.')).Append(".\n\n");
            }
        }

        string[] shown = Columns.Length > 0 ? [.. Columns, .. Means] : names;
        int[] places = [.. shown.Select(name => Array.IndexOf(names, name) is >= 0 and int place ? place : throw new InvalidOperationException($"{File} has no column '{name}'. Name those that it has in OwnershipOtherTable.cs."))];
        IEnumerable<string[]> rows = fields.Skip(1).Where(row => Filter is not { } filter || row[Array.IndexOf(names, filter.Column)] == filter.Value).Select(row => (string[])[.. places.Select(place => row[place])]);
        AppendRow(page, shown);
        page.Append('|').Insert(page.Length, "---|", shown.Length).Append('\n');
        foreach (string[] row in Means.Length == 0 ? rows : rows.GroupBy(row => string.Join(',', row[..Columns.Length])).Select(Average))
        {
            AppendRow(page, row);
        }
    }

    private string[] Average(IEnumerable<string[]> rows)
    {
        string[][] all = [.. rows];
        return
        [
            .. all[0][..Columns.Length],
            .. Enumerable.Range(Columns.Length, Means.Length).Select(place => all.Average(row => double.Parse(row[place], CultureInfo.InvariantCulture)).ToString("G3", CultureInfo.InvariantCulture)),
        ];
    }

    private static void AppendRow(StringBuilder page, string[] row) => page.Append("| ").Append(string.Join(" | ", row.Select(Shorten))).Append(" |\n");

    /// <summary>Three digits of numbers with a point; nothing for none.</summary>
    private static string Shorten(string field) =>
        field == "NaN" ? "" : field.Contains('.', StringComparison.Ordinal) && double.TryParse(field, CultureInfo.InvariantCulture, out double number) ? number.ToString("G3", CultureInfo.InvariantCulture) : field;

    /// <summary>Fields between commas; one in quotes may hold some.</summary>
    internal static string[] Split(string line)
    {
        List<string> fields = [""];
        bool isQuoted = false;
        foreach (char c in line)
        {
            if (c == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (c == ',' && !isQuoted)
            {
                fields.Add("");
            }
            else
            {
                fields[^1] += c;
            }
        }

        return [.. fields];
    }
}
