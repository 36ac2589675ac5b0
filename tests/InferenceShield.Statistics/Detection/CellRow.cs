namespace InferenceShield.Statistics.Detection;

/// <summary>One line of a CSV, by the names of its columns.</summary>
internal sealed class CellRow(string[] columns, string[] values)
{
    public string this[string column] => values[Array.IndexOf(columns, column)];
}
