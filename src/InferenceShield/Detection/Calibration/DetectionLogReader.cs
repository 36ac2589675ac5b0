using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Security.Cryptography;

namespace InferenceShield;

/// <summary>Reads logs of what was measured of callers' queries, for calibration. Not thread-safe.</summary>
/// <remarks>One pass over the files when opened, which checks every block and counts; memory grows with the number of callers, not of queries. Times that
/// go backwards are accepted and counted, and so is a file whose end is missing because the process died.</remarks>
public sealed class DetectionLogReader
{
    /// <summary>Queries that are read for a calibration at most, about 100 bytes each.</summary>
    public const int MostQueries = 8_000_000;

    private readonly IReadOnlyList<string> _paths;
    private readonly byte[] _sealKey;
    private readonly Dictionary<ulong, int> _queriesOf = [];
    private readonly HashSet<string> _firstSeals = [];
    private long _latest = long.MinValue;

    private DetectionLogReader(IReadOnlyList<string> paths, DetectionKey key)
    {
        Model = key.Model;
        _sealKey = DetectionLogFormat.SealKey(key);
        _paths = paths;
    }

    /// <summary>The model whose queries were measured.</summary>
    public string Model { get; }

    /// <summary>Queries in the files.</summary>
    public long Queries { get; private set; }

    /// <summary>Callers in the files.</summary>
    public int Callers => _queriesOf.Count;

    /// <summary>Queries of the caller with the most.</summary>
    public int LongestLife { get; private set; }

    /// <summary>Queries that lie before the one before them.</summary>
    public long BackwardTimes { get; private set; }

    /// <summary>Files that do not end as a recorder ends them: the process died, or still writes, or somebody cut them. Up to 512 queries each are lost.</summary>
    public int UnfinishedFiles { get; private set; }

    /// <summary>Of the profile by which the queries were measured.</summary>
    internal ulong Profile { get; private set; }

    /// <summary>Opens files of one model and profile and checks all of them.</summary>
    /// <param name="paths">At least one, in the order in which they were written.</param>
    /// <param name="model">The model's name.</param>
    /// <param name="secret">The secret of the shield that recorded them.</param>
    /// <exception cref="DetectionFileException">A file was refused, or there are no callers; says which and why.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static DetectionLogReader Open(IReadOnlyList<string> paths, string model, ShieldSecret secret)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentException.ThrowIfNullOrEmpty(model);
        ArgumentNullException.ThrowIfNull(secret);
        using DetectionKey key = DetectionKey.Of(secret, model);
        DetectionLogReader reader = new(paths, key);
        for (int file = 0; file < paths.Count; file++)
        {
            reader.Scan(file, key);
        }

        if (reader.Callers == 0)
        {
            throw new DetectionFileException(DetectionFileFault.NoCallers, "There are no callers in the log. Was anything asked while it was recorded?");
        }

        return reader;
    }

    /// <summary>Histories by caller, in the order of pseudonyms. Of callers that do not fit, whole ones are left out, chosen by their pseudonyms.</summary>
    /// <param name="leaveOut">Pseudonyms of others to leave out, each in the log; null for none.</param>
    /// <param name="mostQueries">Of all callers.</param>
    internal CallerHistory[] ReadCallers(IReadOnlySet<ulong>? leaveOut = null, long mostQueries = MostQueries)
    {
        foreach (ulong caller in leaveOut ?? FrozenSet<ulong>.Empty)
        {
            if (!_queriesOf.ContainsKey(caller))
            {
                throw new ArgumentException($"Caller {caller:x16} is to be left out but is not in the log. Compare it with the list of the review, or take it out of yours.", nameof(leaveOut));
            }
        }

        // Pseudonyms are keyed hashes, so any order by them is as good as random.
        Dictionary<ulong, CallerHistory> kept = [];
        long total = 0;
        foreach ((ulong caller, int queries) in _queriesOf.OrderBy(pair => pair.Key))
        {
            if (total + queries <= mostQueries && leaveOut?.Contains(caller) != true)
            {
                total += queries;
                kept.Add(caller, new CallerHistory(caller, new QuerySignals[queries]));
            }
        }

        Dictionary<ulong, int> next = [];
        foreach (string path in _paths)
        {
            ReadBlocks(path, key: null, block =>
            {
                for (int at = 0; at < block.Length; at += DetectionLogFormat.RecordSize)
                {
                    QuerySignals signals = DetectionLogFormat.ReadRecord(block.Slice(at, DetectionLogFormat.RecordSize), out ulong caller, out _);
                    if (kept.TryGetValue(caller, out CallerHistory? history))
                    {
                        int place = next.GetValueOrDefault(caller);
                        if (place < history.Queries.Length) // a file that is still written has grown
                        {
                            history.Queries[place] = signals;
                            next[caller] = place + 1;
                        }
                    }
                }
            });
        }

        return [.. kept.Values];
    }

    internal void RequireProfile(ulong profile)
    {
        if (Profile != profile)
        {
            throw new DetectionFileException(
                DetectionFileFault.OtherProfile,
                $"The log was measured by profile {Profile:x16}, the calibration to start from has profile {profile:x16}. Give the calibration that was in force while the log was recorded.");
        }
    }

    private void Scan(int file, DetectionKey key)
    {
        bool isFinished = ReadBlocks(_paths[file], (key, file == 0), block =>
        {
            for (int at = 0; at < block.Length; at += DetectionLogFormat.RecordSize)
            {
                ulong caller = BinaryPrimitives.ReadUInt64LittleEndian(block[at..]);
                long seconds = BinaryPrimitives.ReadInt64LittleEndian(block[(at + 8)..]);
                BackwardTimes += seconds < _latest ? 1 : 0;
                _latest = seconds;
                int queries = _queriesOf.GetValueOrDefault(caller) + 1;
                _queriesOf[caller] = queries;
                LongestLife = Math.Max(LongestLife, queries);
                Queries++;
            }
        });
        UnfinishedFiles += isFinished ? 0 : 1;
    }

    /// <summary>Goes through a file's blocks, each checked before its records are handed out.</summary>
    /// <returns>Whether the file has its end.</returns>
    private bool ReadBlocks(string path, (DetectionKey Key, bool IsFirst)? key, Action<ReadOnlySpan<byte>> take)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 1 << 16);
        Span<byte> seal = stackalloc byte[DetectionLogFormat.SealSize];
        ReadHeader(path, file, key, seal);
        byte[] block = new byte[DetectionLogFormat.LargestBlock];
        for (int place = 0; ; place++)
        {
            int length = file.ReadAtLeast(block.AsSpan(0, DetectionLogFormat.BlockHeaderSize), DetectionLogFormat.BlockHeaderSize, throwOnEndOfStream: false);
            if (length < DetectionLogFormat.BlockHeaderSize)
            {
                return false;
            }

            uint records = BinaryPrimitives.ReadUInt32LittleEndian(block.AsSpan(8));
            if (BinaryPrimitives.ReadUInt32LittleEndian(block) != DetectionLogFormat.BlockMagic || BinaryPrimitives.ReadInt32LittleEndian(block.AsSpan(4)) != place
                || records > DetectionLogFormat.MostBlockRecords)
            {
                throw Refused(DetectionFileFault.NotAuthentic, path, $"is damaged or was changed: block {place} does not begin as one");
            }

            length = DetectionLogFormat.BlockHeaderSize + ((int)records * DetectionLogFormat.RecordSize);
            Span<byte> rest = block.AsSpan(DetectionLogFormat.BlockHeaderSize, length + seal.Length - DetectionLogFormat.BlockHeaderSize);
            if (file.ReadAtLeast(rest, rest.Length, throwOnEndOfStream: false) < rest.Length)
            {
                return false;
            }

            DetectionLogFormat.SealBlock(_sealKey, seal, block.AsSpan(0, length));
            if (!CryptographicOperations.FixedTimeEquals(seal, block.AsSpan(length, seal.Length)))
            {
                throw Refused(DetectionFileFault.NotAuthentic, path, $"is damaged or was changed: the code of block {place} is not that of its bytes and of what comes before it");
            }

            // Of what was recorded first, and by whom: no two logs have the same.
            if (key is not null && place == 0 && records > 0 && !_firstSeals.Add(Convert.ToHexString(seal)))
            {
                throw Refused(DetectionFileFault.Malformed, path, "was given before, under this name or another: its queries would count twice");
            }

            if (records == 0)
            {
                return file.ReadByte() < 0
                    ? true
                    : throw Refused(DetectionFileFault.TooLarge, path, "goes on after its end");
            }

            take(block.AsSpan(DetectionLogFormat.BlockHeaderSize, (int)records * DetectionLogFormat.RecordSize));
        }
    }

    private void ReadHeader(string path, FileStream file, (DetectionKey Key, bool IsFirst)? key, Span<byte> seal)
    {
        byte[] start = new byte[DetectionLogFormat.FixedHeaderSize];
        int read = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        if (read >= 4 && BinaryPrimitives.ReadUInt32LittleEndian(start) != DetectionLogFormat.Magic)
        {
            throw Refused(DetectionFileFault.NotADetectionFile, path, "is not a log of detection: it does not begin with the letters ISDL");
        }

        if (read > 4 && start[4] != DetectionLogFormat.Version)
        {
            throw Refused(DetectionFileFault.UnknownVersion, path, $"has format version {start[4]}; this library reads version {DetectionLogFormat.Version}. Calibrate logs of one version at a time");
        }

        int name = BinaryPrimitives.ReadUInt16LittleEndian(start.AsSpan(24));
        int keyId = BinaryPrimitives.ReadUInt16LittleEndian(start.AsSpan(26));
        int scalars = BinaryPrimitives.ReadUInt16LittleEndian(start.AsSpan(28));
        byte[] header = [.. start, .. new byte[name + keyId + scalars + seal.Length]];
        if (read < start.Length || file.ReadAtLeast(header.AsSpan(start.Length), header.Length - start.Length, throwOnEndOfStream: false) < header.Length - start.Length)
        {
            throw Refused(DetectionFileFault.Truncated, path, "is truncated: it ends within its header");
        }

        if (key is { } known)
        {
            try
            {
                CalibrationFile.RequireNames(header.AsSpan(start.Length, name), header.AsSpan(start.Length + name, keyId), known.Key);
            }
            catch (DetectionFileException exception)
            {
                throw new DetectionFileException(exception.Fault, $"'{path}': {exception.Message}");
            }
        }

        HMACSHA256.HashData(_sealKey, header.AsSpan(0, header.Length - seal.Length), seal);
        if (!CryptographicOperations.FixedTimeEquals(seal, header.AsSpan(header.Length - seal.Length)))
        {
            throw Refused(DetectionFileFault.NotAuthentic, path, "is damaged or was changed: the code of its header is not that of its bytes under the secret");
        }

        if (BinaryPrimitives.ReadUInt16LittleEndian(start.AsSpan(30)) != DetectionLogFormat.RecordSize
            || !header.AsSpan(start.Length + name + keyId, scalars).SequenceEqual(System.Text.Encoding.UTF8.GetBytes(DetectionLogFormat.ScalarNames)))
        {
            throw Refused(DetectionFileFault.UnknownVersion, path, "holds other scalars than this library measures. Record a new one");
        }

        ulong profile = BinaryPrimitives.ReadUInt64LittleEndian(start.AsSpan(8));
        if (key is { IsFirst: true })
        {
            Profile = profile;
        }
        else if (profile != Profile)
        {
            throw Refused(DetectionFileFault.OtherProfile, path, $"was measured by profile {profile:x16}, those before it by {Profile:x16}. Calibrate logs of one profile at a time");
        }
    }

    private static DetectionFileException Refused(DetectionFileFault fault, string path, string what) => new(fault, $"'{path}' {what}.");
}
