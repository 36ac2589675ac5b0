using System.Globalization;

namespace InferenceShield.Statistics;

/// <summary>One CSV file under results/: a comment that says how it came about, a header, and rows.</summary>
internal sealed class ResultFile : IDisposable
{
    private readonly StreamWriter _writer;

    public ResultFile(string name, string comment, string header)
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "InferenceShield.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        string results = Path.Combine(folder ?? throw new InvalidOperationException("Not run from within the repository."), "tests", "InferenceShield.Statistics", "results");
        Directory.CreateDirectory(results);
        _writer = new StreamWriter(Path.Combine(results, name)) { NewLine = "\n" };
        _writer.WriteLine("# " + comment);
        _writer.WriteLine(header);
        Console.WriteLine(name);
    }

    /// <summary>Doubles get six digits; texts with a comma get quotes.</summary>
    public void Write(params object[] fields) => _writer.WriteLine(string.Join(',', fields.Select(Format)));

    public void Dispose() => _writer.Dispose();

    private static string Format(object field) => field switch
    {
        double number => number.ToString("G6", CultureInfo.InvariantCulture),
        string text when text.Contains(',', StringComparison.Ordinal) => $"\"{text}\"",
        _ => Convert.ToString(field, CultureInfo.InvariantCulture)!,
    };
}
