using System.Globalization;
using System.Security.Cryptography;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Reads a list of marked queries (<see cref="EvidenceOptions"/>): what was asked, by whom, and what was answered.</summary>
/// <remarks>One pass when opened, which decrypts and checks every block and counts; each further look is a pass of its own, about a second for a
/// gigabyte. What is behind damage in a segment is not read, and <see cref="Missing"/> says so: what is before it is authentic. Memory grows with
/// callers, not with queries. Not thread-safe. Format: docs/evidence.md.</remarks>
public sealed class EvidenceReader
{
    private readonly EvidenceKey _key;
    private readonly List<EvidenceSegment> _segments = [];
    private readonly List<string> _missing = [];
    private readonly Dictionary<CallerKey, long> _countOf = [];
    private readonly Dictionary<MarkKinds, long> _kinds = [];

    private EvidenceReader(string file, EvidenceKey key)
    {
        File = file;
        _key = key;
    }

    /// <summary>The list, as <see cref="EvidenceOptions.File"/> names it.</summary>
    public string File { get; }

    /// <summary>The model whose queries are in the list.</summary>
    internal string Model => _key.Model;

    /// <summary>The id of the secret that it is encrypted under.</summary>
    internal string KeyId => _key.KeyId;

    /// <summary>The segments that can be read, oldest first.</summary>
    public IReadOnlyList<EvidenceSegment> Segments => _segments;

    /// <summary>What cannot be read, or is not there, a line for each gap; empty if the list is whole.</summary>
    /// <remarks>Not noticed is the loss of the newest segments of a process that has ended, as a whole, and of all segments of it.</remarks>
    public IReadOnlyList<string> Missing => _missing;

    /// <summary>Marked queries that can be read.</summary>
    public long Records { get; private set; }

    /// <summary>When the first and the last of them were asked; null without any.</summary>
    public (DateTimeOffset First, DateTimeOffset Last)? Period { get; private set; }

    /// <summary>How many there are of each combination of marks.</summary>
    public IReadOnlyDictionary<MarkKinds, long> CountByKinds => _kinds;

    /// <summary>Opens a list, also one that a shield is still writing: what was written up to now is read.</summary>
    /// <param name="file">As <see cref="EvidenceOptions.File"/> names it, without a segment's number.</param>
    /// <param name="key">Of the model; must not be disposed of while the reader is used.</param>
    /// <exception cref="EvidenceFileException">There is no such list, or no segment of it can be read: of another model, key or version, or
    /// not authentic.</exception>
    public static EvidenceReader Open(string file, EvidenceKey key)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        ArgumentNullException.ThrowIfNull(key);
        EvidenceReader reader = new(file, key);
        reader.ReadSegments();
        return reader;
    }

    /// <summary>The marked queries, segment after segment, in the order they were asked.</summary>
    public IEnumerable<EvidenceRecord> Read() => Read(static _ => true);

    /// <summary>Those of one caller.</summary>
    /// <param name="caller">What <see cref="Shield.IdentifyCaller(string)"/> makes of the name.</param>
    public IEnumerable<EvidenceRecord> Read(CallerKey caller) => Read(other => other == caller);

    /// <summary>Which caller logged how many marked queries.</summary>
    public IReadOnlyDictionary<CallerKey, long> CountByCaller() => _countOf;

    /// <summary>Finds the marked queries whose inputs are in a log of your own, by their digests.</summary>
    /// <param name="digests">Of the inputs, each as <paramref name="kind"/> says.</param>
    /// <param name="kind">How they were made; only records with digests of that kind are looked at.</param>
    /// <returns>In the order of the list. An input that came several times has several matches.</returns>
    /// <exception cref="ArgumentOutOfRangeException">No kind of digest.</exception>
    public IReadOnlyList<EvidenceMatch> Match(ReadOnlySpan<InputDigest> digests, EvidenceDigestKind kind)
    {
        if (kind is not (EvidenceDigestKind.Row or EvidenceDigestKind.Mark))
        {
            throw new ArgumentOutOfRangeException(nameof(kind), kind, "Allowed: Row or Mark.");
        }

        Dictionary<InputDigest, int> rows = new(digests.Length);
        for (int row = 0; row < digests.Length; row++)
        {
            rows.TryAdd(digests[row], row);
        }

        return [.. Read().Where(record => record.DigestKind == kind && rows.ContainsKey(record.Digest)).Select(record => new EvidenceMatch(rows[record.Digest], record))];
    }

    /// <summary>Finds the marked queries whose inputs are among rows of your own, whichever way a host has digested them.</summary>
    /// <param name="rows">One after another, as the model's only input got them, -0 and 0 apart.</param>
    /// <param name="rowLength">Values in a row, at least 1.</param>
    /// <param name="secret">The shield's. An evidence key is not enough: digests are not its.</param>
    /// <returns>First those digested as <see cref="EvidenceDigestKind.Row"/>, then as <see cref="EvidenceDigestKind.Mark"/>, each in the order of the list.</returns>
    /// <exception cref="ArgumentException">The rows are no whole number of them, or it is another secret.</exception>
    public IReadOnlyList<EvidenceMatch> Match(ReadOnlySpan<float> rows, int rowLength, ShieldSecret secret)
    {
        ArgumentNullException.ThrowIfNull(secret);
        ArgumentOutOfRangeException.ThrowIfLessThan(rowLength, 1);
        if (rows.Length % rowLength != 0)
        {
            throw new ArgumentException($"{rows.Length} values are no whole number of rows of {rowLength}.", nameof(rows));
        }

        if (secret.KeyId != _key.KeyId)
        {
            throw new ArgumentException($"The list is of the secret '{_key.KeyId}', not '{secret.KeyId}'. Give that one.", nameof(secret));
        }

        using MarkKey marks = MarkKey.Of(secret, _key.Model);
        InputDigester digester = ShieldKeys.DigesterOf(secret);
        InputDigest[] byBytes = new InputDigest[rows.Length / rowLength];
        InputDigest[] byMark = new InputDigest[byBytes.Length];
        for (int row = 0; row < byBytes.Length; row++)
        {
            ReadOnlySpan<byte> bytes = FloatCanonical.Bytes(rows.Slice(row * rowLength, rowLength));
            Hash128 exact = SipHash.Hash(marks.Inputs, bytes);
            byBytes[row] = digester.Digest(bytes);
            byMark[row] = new InputDigest(exact.Low, exact.High);
        }

        return [.. Match(byBytes, EvidenceDigestKind.Row), .. Match(byMark, EvidenceDigestKind.Mark)];
    }

    /// <summary>The SHA-256 of the list as it is: over the SHA-256 of each segment's file, oldest first.</summary>
    /// <remarks>Needs no key, and anybody can do it over. Changes when the list grows, loses a segment, or a caller is erased.</remarks>
    public byte[] ComputeSha256()
    {
        using IncrementalHash whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (FileInfo file in EvidenceFormat.Segments(File).Values)
        {
            using FileStream stream = OpenShared(file.FullName);
            whole.AppendData(SHA256.HashData(stream));
        }

        return whole.GetHashAndReset();
    }

    /// <summary>Writes the list anew without a caller's queries, and reads it again. No shield may be writing to it.</summary>
    /// <param name="caller">Whose queries are erased.</param>
    /// <returns>How many there were.</returns>
    /// <remarks>Every segment that can be read is written anew, since each is bound to the one before it; what could not be read of a segment goes. Segments
    /// of another key stay as they are. Each is replaced as a whole; if it fails midway, do it again. The list's SHA-256 changes: keep a note of
    /// why, with the old one, for whoever has it.</remarks>
    /// <exception cref="IOException">A segment is in use, or cannot be written.</exception>
    public long Erase(CallerKey caller)
    {
        long erased = EvidenceEraser.Erase(_segments, _key, caller);
        ReadSegments();
        return erased;
    }

    /// <summary>The chain over the first entries of a segment; over fewer where there are not so many.</summary>
    /// <remarks>Three hashes an entry.</remarks>
    internal EvidenceChain ReadChain(EvidenceSegment segment, long most = long.MaxValue)
    {
        using EvidenceSegmentReader reader = new(segment.Path, _key, segment.Length);
        EvidenceChain chain = new(reader.Header);
        while (chain.Entries < most && reader.TryRead(out ReadOnlySpan<byte> records))
        {
            while (chain.Entries < most && reader.TryTake(ref records, out EvidenceEntry entry))
            {
                chain.Add(reader, in entry);
            }
        }

        return chain;
    }

    /// <summary>From now on reads the first entries of some segments alone, in the order given, whatever their files are called.</summary>
    internal void Restrict(IReadOnlyList<(EvidenceSegment Segment, long Most)> segments)
    {
        string[] missing = [.. _missing];
        Forget();
        _missing.AddRange(missing);
        foreach ((EvidenceSegment segment, long most) in segments)
        {
            _segments.Add(ReadSegment(segment.Path, segment.Length, most));
        }
    }

    private static FileStream OpenShared(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    private IEnumerable<EvidenceRecord> Read(Predicate<CallerKey> wanted)
    {
        foreach (EvidenceSegment segment in _segments)
        {
            using EvidenceSegmentReader reader = new(segment.Path, _key, segment.Length);
            List<EvidenceRecord> found = [];
            while (reader.TryRead(out ReadOnlySpan<byte> records))
            {
                while (reader.TryTake(ref records, out EvidenceEntry entry) && entry.Place < segment.Most)
                {
                    if (!entry.IsErased && wanted(EvidenceFormat.CallerOf(entry.Record)))
                    {
                        found.Add(EvidenceFormat.ReadRecord(entry.Record));
                    }
                }

                foreach (EvidenceRecord record in found)
                {
                    yield return record;
                }

                found.Clear();
            }
        }
    }

    private void Forget()
    {
        _segments.Clear();
        _missing.Clear();
        _countOf.Clear();
        _kinds.Clear();
        (Records, Period) = (0, null);
    }

    private void ReadSegments()
    {
        Forget();
        EvidenceFileException? refused = null;
        foreach (FileInfo file in EvidenceFormat.Segments(File).Values)
        {
            try
            {
                _segments.Add(ReadSegment(file.FullName));
            }
            catch (EvidenceFileException exception)
            {
                refused ??= exception;
                _missing.Add(exception.Message);
            }
        }

        if (_segments.Count == 0)
        {
            throw refused ?? new EvidenceFileException(EvidenceFileFault.NotFound, $"There is no list of marked queries '{File}'. Give the path as Evidence:File has it, without a segment's number.");
        }

        foreach (EvidenceSegment segment in _segments)
        {
            if (segment.Missing is { } missing)
            {
                _missing.Add(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(segment.Path)}: {segment.Records:N0} queries in {segment.Blocks:N0} blocks are kept; {missing}."));
            }
        }

        FindGaps();
    }

    private EvidenceSegment ReadSegment(string path, long length = long.MaxValue, long most = long.MaxValue)
    {
        using EvidenceSegmentReader reader = new(path, _key, length);
        long count = 0;
        long erased = 0;
        long first = long.MaxValue;
        long last = long.MinValue;
        while (reader.TryRead(out ReadOnlySpan<byte> records))
        {
            while (reader.TryTake(ref records, out EvidenceEntry entry) && entry.Place < most)
            {
                if (entry.IsErased)
                {
                    erased++;
                    continue;
                }

                count++;
                long time = EvidenceFormat.TimeOf(entry.Record);
                (first, last) = (Math.Min(first, time), Math.Max(last, time));
                Count(_countOf, EvidenceFormat.CallerOf(entry.Record));
                Count(_kinds, EvidenceFormat.KindsOf(entry.Record));
            }
        }

        if (count > 0)
        {
            (DateTimeOffset start, DateTimeOffset end) = (DateTimeOffset.FromUnixTimeMilliseconds(first), DateTimeOffset.FromUnixTimeMilliseconds(last));
            Period = Period is { } period ? (start < period.First ? start : period.First, end > period.Last ? end : period.Last) : (start, end);
        }

        Records += count;
        return new EvidenceSegment
        {
            Path = path,
            Start = DateTimeOffset.FromUnixTimeMilliseconds(reader.Header.Start),
            Records = count,
            Erased = erased,
            Most = most,
            Blocks = reader.Blocks,
            IsComplete = reader.IsEnded,
            IsRewritten = reader.Header.IsRewritten,
            Missing = reader.Missing,
            Header = reader.Header,
            LastTag = [.. reader.Tag],
            Length = reader.Length,
        };
    }

    private static void Count<TKey>(Dictionary<TKey, long> counts, TKey key)
        where TKey : notnull
    {
        counts.TryGetValue(key, out long before);
        counts[key] = before + 1;
    }

    /// <summary>Segments of one process follow each other by place and by tag.</summary>
    private void FindGaps()
    {
        foreach (IGrouping<string, EvidenceSegment> run in _segments.GroupBy(segment => Convert.ToHexStringLower(segment.Header.Run)))
        {
            EvidenceSegment? before = null;
            foreach (EvidenceSegment segment in run.OrderBy(segment => segment.Header.Place))
            {
                string name = Path.GetFileName(segment.Path);
                int place = segment.Header.Place;
                int expected = before is null ? 0 : before.Header.Place + 1;
                if (place < expected)
                {
                    _missing.Add($"{name} is there twice, under another name: {Path.GetFileName(before!.Path)}. Its queries are counted twice; delete one of the two.");
                }
                else if (before is null && place > 0)
                {
                    _missing.Add(string.Create(CultureInfo.InvariantCulture, $"{place:N0} segments that were written before {name} are not there: their retention has passed, or they were removed."));
                }
                else if (before is not null && place > expected)
                {
                    _missing.Add(string.Create(CultureInfo.InvariantCulture, $"{place - expected:N0} segments between {Path.GetFileName(before.Path)} and {name} are not there."));
                }
                else if (before is { IsComplete: true } && !before.LastTag.SequenceEqual(segment.Header.Before))
                {
                    _missing.Add($"{name} does not go on from {Path.GetFileName(before.Path)}: one of the two was replaced.");
                }

                before = segment;
            }
        }
    }
}
