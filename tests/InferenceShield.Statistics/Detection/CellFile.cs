namespace InferenceShield.Statistics.Detection;

/// <summary>A CSV of one row a cell, which goes on where it was left.</summary>
internal sealed class CellFile
{
    private readonly string _path;
    private readonly TextWriter _log;
    private readonly HashSet<string> _done;

    /// <param name="path">The file; made with its header if it is missing.</param>
    /// <param name="header">Columns; the first three tell cells apart.</param>
    /// <param name="log">Rows are shown here as they come.</param>
    public CellFile(string path, string header, TextWriter log)
    {
        _path = path;
        _log = log;
        if (!File.Exists(path))
        {
            File.WriteAllText(path, header + "\n");
        }

        _done = [.. File.ReadLines(path).Skip(1).Select(line => string.Join(',', line.Split(',').Take(3)))];
    }

    /// <summary>Writes a cell unless it is there.</summary>
    public void Run(string data, string experiment, string name, Func<string> cell)
    {
        string key = $"{data},{experiment},{name}";
        if (!_done.Add(key))
        {
            return;
        }

        string row = $"{key},{cell()}";
        File.AppendAllText(_path, row + "\n");
        _log.WriteLine(row);
    }

    public bool Holds(string data, string experiment, string name) => _done.Contains($"{data},{experiment},{name}");
}
