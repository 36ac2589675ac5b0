using System.Buffers.Binary;
using System.Globalization;
using System.Numerics.Tensors;
using System.Security.Cryptography;
using System.Text;

namespace InferenceShield.Lab;

/// <summary>Keeps a suspect's answers in a file as they come, so that a verification that was cut off can go on and nothing is asked twice.</summary>
/// <remarks>A line each: query, answer in base64 and a checksum; the first says of which queries and suspect. A last line that a crash cut short is dropped
/// and counted. Holds answers, no inputs. Not thread-safe; only one at a time can have a file open.</remarks>
internal sealed class AnswerStore : IDisposable
{
    private const string Form = "inference-shield-answers-1";
    private const int CheckLength = 8;

    private readonly FileStream? _file;
    private readonly int _answerLength;

    private AnswerStore(FileStream? file, int answerLength)
    {
        _file = file;
        _answerLength = answerLength;
    }

    /// <summary>Answers by query.</summary>
    public Dictionary<int, float[]> Answers { get; } = [];

    /// <summary>Lines at the end that were cut short, and dropped: 0 or 1.</summary>
    public int Dropped { get; private set; }

    /// <summary>Opens a file, or starts one; without a path answers are kept in memory.</summary>
    /// <param name="path">Null for none.</param>
    /// <param name="resume">Whether to go on with a file that is there; else it is kept beside the new one, with <c>.previous</c> after its name.</param>
    /// <param name="digest">Of queries and suspect: see <see cref="DigestOf"/>.</param>
    /// <param name="answerLength">Numbers in an answer.</param>
    /// <exception cref="InvalidDataException">The file is of other queries or another suspect, or is damaged before its last line.</exception>
    public static AnswerStore Open(string? path, bool resume, string digest, int answerLength)
    {
        if (path is null)
        {
            return new AnswerStore(null, answerLength);
        }

        if (!resume && File.Exists(path))
        {
            File.Move(path, path + ".previous", overwrite: true);
        }

        AnswerStore store = new(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read), answerLength);
        try
        {
            store.Read(path, digest);
            return store;
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>Tells queries and suspects apart: an answer counts only for those that it was given to and by.</summary>
    public static string DigestOf(Dataset queries, Suspect suspect)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{suspect.Name}\n{suspect.Identity}\n{suspect.Oracle.AnswerLength}\n{queries.Width}\n")));
        byte[] bytes = new byte[queries.Width * sizeof(float)];
        for (int row = 0; row < queries.Count; row++)
        {
            Encode(queries.GetRow(row), bytes);
            hash.AppendData(bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Numbers as bytes that are the same on every machine.</summary>
    public static void Encode(ReadOnlySpan<float> values, Span<byte> bytes)
    {
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes[(i * sizeof(float))..], values[i]);
        }
    }

    /// <summary>Adds answers and sees to it that they are on disk.</summary>
    /// <param name="queries">Their queries.</param>
    /// <param name="answers">As many answers, one after another.</param>
    public void Append(ReadOnlySpan<int> queries, ReadOnlySpan<float> answers)
    {
        StringBuilder lines = new();
        byte[] bytes = new byte[_answerLength * sizeof(float)];
        for (int i = 0; i < queries.Length; i++)
        {
            float[] answer = answers.Slice(i * _answerLength, _answerLength).ToArray();
            Answers[queries[i]] = answer;
            Encode(answer, bytes);
            lines.Append(LineOf(string.Create(CultureInfo.InvariantCulture, $"{queries[i]} {Convert.ToBase64String(bytes)}")));
        }

        if (_file is not null)
        {
            _file.Write(Encoding.ASCII.GetBytes(lines.ToString()));
            _file.Flush(flushToDisk: true);
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file?.Dispose();

    private static string LineOf(string content) => $"{content} {CheckOf(content)}\n";

    private static string CheckOf(string content) => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(content)))[..CheckLength];

    private void Read(string path, string digest)
    {
        byte[] content = new byte[_file!.Length];
        _file.ReadExactly(content);
        int whole = content.AsSpan().LastIndexOf((byte)'\n') + 1;
        Dropped = whole < content.Length ? 1 : 0;
        string[] lines = Encoding.ASCII.GetString(content, 0, whole).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        for (int i = 0; i < lines.Length; i++)
        {
            int end = lines[i].LastIndexOf(' ');
            bool holds = end > 0 && lines[i][(end + 1)..] == CheckOf(lines[i][..end]);
            if (!holds || (i == 0 ? lines[0][..end].Split(' ') is not [Form, _] : !TryAdd(lines[i][..end])))
            {
                throw new InvalidDataException($"Line {i + 1} of '{path}' is no answer as it was written: the file was altered or damaged. Take it away and ask anew.");
            }

            if (i == 0 && lines[0][..end] != $"{Form} {digest}")
            {
                throw new InvalidDataException($"'{path}' holds answers to other queries, or of another suspect. Repeat the command it was started with, or ask anew without it.");
            }
        }

        _file.SetLength(whole);
        _file.Position = whole;
        if (lines.Length == 0)
        {
            _file.Write(Encoding.ASCII.GetBytes(LineOf($"{Form} {digest}")));
            _file.Flush(flushToDisk: true);
        }
    }

    private bool TryAdd(string content)
    {
        byte[] bytes = new byte[_answerLength * sizeof(float)];
        if (content.Split(' ') is not [string number, string answer]
            || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int query)
            || !Convert.TryFromBase64String(answer, bytes, out int written) || written != bytes.Length)
        {
            return false;
        }

        float[] values = new float[_answerLength];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(i * sizeof(float)));
        }

        Answers[query] = values;
        return true;
    }
}
