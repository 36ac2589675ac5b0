using System.Text;
using System.Text.Json;

namespace InferenceShield.Lab;

/// <summary>Keeps the finished cells of a plan in a file, a line of JSON each, so that a run that was cut off can go on.</summary>
/// <remarks>A line is written and flushed as soon as its cell is finished. A last line without its end, as a crash leaves it,
/// is dropped when the file is read. Thread-safe; only one at a time can have a file open.</remarks>
public sealed class AuditStore : IDisposable
{
    private const int Version = 1;

    private readonly FileStream _file;
    private readonly Lock _lock = new();
    private readonly List<ExtractionResult> _finished = [];

    private AuditStore(FileStream file) => _file = file;

    /// <summary>The cells that were finished when the file was opened.</summary>
    public IReadOnlyList<ExtractionResult> Finished => _finished;

    /// <summary>Starts anew. A file that is there already is kept beside it, with <c>.previous</c> after its name.</summary>
    /// <param name="path">The file, as a rule with the extension .jsonl; its folder has to exist.</param>
    /// <param name="plan">The plan whose cells it will hold.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static AuditStore Create(string path, AuditPlan plan)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(plan);
        string digest = plan.Digest; // first: a policy whose options are at fault says so here
        if (File.Exists(path))
        {
            File.Move(path, path + ".previous", overwrite: true);
        }

        AuditStore store = new(new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read));
        store.Write(new AuditLine(Version, digest, null));
        return store;
    }

    /// <summary>Goes on with a file, or starts one if there is none.</summary>
    /// <param name="path">As for <see cref="Create"/>.</param>
    /// <param name="plan">The plan that the file has to be of.</param>
    /// <exception cref="InvalidDataException">The file is of another plan, or is no store.</exception>
    /// <exception cref="IOException">The file cannot be read or written.</exception>
    public static AuditStore Resume(string path, AuditPlan plan)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(plan);
        if (!File.Exists(path))
        {
            return Create(path, plan);
        }

        AuditStore store = new(new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read));
        try
        {
            store.Read(path, plan);
            return store;
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>Adds a finished cell and sees to it that it is on disk.</summary>
    public void Append(ExtractionResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        Write(new AuditLine(null, null, result));
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    private void Write(AuditLine line)
    {
        byte[] bytes = [.. JsonSerializer.SerializeToUtf8Bytes(line, LabJsonContext.Default.AuditLine), (byte)'\n'];
        lock (_lock)
        {
            _file.Write(bytes);
            _file.Flush(flushToDisk: true);
        }
    }

    private void Read(string path, AuditPlan plan)
    {
        byte[] content = new byte[_file.Length];
        _file.ReadExactly(content);
        int whole = content.AsSpan().LastIndexOf((byte)'\n') + 1;
        string[] lines = Encoding.UTF8.GetString(content, 0, whole).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        HashSet<(string Setup, string Policy, string Attack, int Budget, ulong Seed)> expected = [.. plan.Cells.Select(cell => cell.Key)];
        for (int i = 0; i < lines.Length; i++)
        {
            AuditLine line = Parse(lines[i], path, i + 1);
            if (i == 0)
            {
                RequirePlan(line, path, plan);
            }
            else if (line.Cell is { } cell && expected.Remove(AuditCell.KeyOf(cell)))
            {
                _finished.Add(cell);
            }
        }

        _file.SetLength(whole);
        _file.Position = whole;
        if (lines.Length == 0)
        {
            Write(new AuditLine(Version, plan.Digest, null));
        }
    }

    private static AuditLine Parse(string line, string path, int number)
    {
        try
        {
            AuditLine read = JsonSerializer.Deserialize(line, LabJsonContext.Default.AuditLine)
                ?? throw new InvalidDataException($"Line {number} of '{path}' is empty JSON. Start anew without it.");
            return read.Cell is null || IsResult(read.Cell)
                ? read
                : throw new InvalidDataException($"Line {number} of '{path}' holds a cell without a result that can be. Start anew, or take the line out.");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"Line {number} of '{path}' is no line of finished cells. Start anew, or take the line out.", exception);
        }
    }

    /// <summary>Whether what is compared with bounds is there: a reading without it would pass for a theft that failed.</summary>
    private static bool IsResult(ExtractionResult cell) => cell.Copy is { } copy
        && copy.Agreement is >= 0 and <= 1 && copy.Accuracy is null or (>= 0 and <= 1) && copy.Distance >= 0;

    private static void RequirePlan(AuditLine line, string path, AuditPlan plan)
    {
        if (line.Version != Version)
        {
            throw new InvalidDataException($"'{path}' holds no finished cells of this version. Start anew.");
        }

        if (line.Plan != plan.Digest)
        {
            throw new InvalidDataException($"'{path}' holds cells of another plan (model, data, policies, attacks, budgets or seeds differ). Repeat the command it was started with, or start anew.");
        }
    }
}
