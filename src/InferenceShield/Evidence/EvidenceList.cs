using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace InferenceShield;

/// <summary>The segments of a list on disk: begins, ends and deletes them. Never throws for what the disk does. One thread's own, but for what is counted.</summary>
internal sealed class EvidenceList : IDisposable
{
    private const int MostSegments = 1_000_000;
    private const long SmallestSegment = 1 << 16;
    private const long LargestSegment = 1 << 26;

    /// <summary>Kept for the header of another segment and the ends of both.</summary>
    private const int Room = 2048;

    private const string FullList = "as many bytes are kept as Evidence:MostBytes allows; there is room again when the oldest segment's Evidence:Retention has passed";

    private static readonly TimeSpan s_day = TimeSpan.FromDays(1);
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    private readonly EvidenceOptions _options;
    private readonly EvidenceKey _key;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly byte[] _run = RandomNumberGenerator.GetBytes(EvidenceFormat.RunSize);
    private readonly byte[] _before = new byte[EvidenceFormat.TagSize];
    private readonly long _segmentBytes;
    private EvidenceWriter? _writer;
    private int _place;
    private int _latestNumber;
    private int _ownNumber;
    private long _otherBytes;
    private DateTimeOffset _nextSweep = DateTimeOffset.MinValue;
    private DateTimeOffset _nextTry = DateTimeOffset.MinValue;
    private long _expired;
    private long _bytes;
    private string? _fault;
    private bool _saidDigests;
    private bool _saidInputs;
    private bool _saidScarce;

    /// <param name="options">With a file.</param>
    /// <param name="key">Of the model; must outlive the list.</param>
    /// <param name="clock">Tells when segments begin and end.</param>
    /// <param name="logger">Is told why nothing is written.</param>
    public EvidenceList(EvidenceOptions options, EvidenceKey key, TimeProvider clock, ILogger logger)
    {
        _options = options;
        _key = key;
        _clock = clock;
        _logger = logger;
        _segmentBytes = Math.Clamp(options.MostBytes / 16, SmallestSegment, LargestSegment);
        Tend(isLast: false, default);
        EnsureWriter(); // what is wrong with the folder shows at start
    }

    /// <summary>Segments deleted.</summary>
    public long Expired => Volatile.Read(ref _expired);

    /// <summary>Of all segments, as of the last write or minute.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Why nothing is written now; null if it is.</summary>
    public string? Fault => Volatile.Read(ref _fault);

    /// <summary>Whether it is because the list is full that nothing is written.</summary>
    public bool IsFull => Fault == FullList;

    public void Dispose() => _writer?.Dispose();

    /// <summary>Writes whole records as one block.</summary>
    /// <returns>False if they are lost; <see cref="Fault"/> says why.</returns>
    public bool TryWrite(ReadOnlySpan<byte> block)
    {
        if (!HasRoom(block.Length))
        {
            Fail(FullList);
            return false;
        }

        try
        {
            if (!EnsureWriter())
            {
                return false;
            }

            _writer!.Write(block);
            Volatile.Write(ref _bytes, _otherBytes + _writer.Bytes);
            Volatile.Write(ref _fault, null);
            if (_writer.Bytes >= _segmentBytes)
            {
                EndSegment();
            }

            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            Abandon(exception.Message);
            return false;
        }
    }

    /// <summary>Ends a segment that is a day old, and deletes those whose time has come.</summary>
    /// <param name="isLast">Ends the segment however old it is.</param>
    /// <param name="statistics">Queries without a digest, without an input that was to be kept, and over their caller's share of what is left are told of once.</param>
    public void Tend(bool isLast, in EvidenceStatistics statistics)
    {
        if (statistics.OverRoomShare > 0 && !_saidScarce)
        {
            _saidScarce = true;
            ShieldLog.EvidenceScarce(_logger, _key.Model, _options.File!);
        }

        if (statistics.WithoutDigest > 0 && !_saidDigests)
        {
            _saidDigests = true;
            ShieldLog.EvidenceWithoutDigest(_logger, _key.Model);
        }

        if (statistics.WithoutInput > 0 && !_saidInputs)
        {
            _saidInputs = true;
            ShieldLog.EvidenceWithoutInput(_logger, _key.Model);
        }

        DateTimeOffset now = _clock.GetUtcNow();
        try
        {
            if (_writer is { } writer && (isLast || now.ToUnixTimeMilliseconds() - writer.Start >= (long)s_day.TotalMilliseconds))
            {
                EndSegment();
            }

            if (now >= _nextSweep)
            {
                _nextSweep = now + s_minute;
                Sweep(now);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ObjectDisposedException or ArgumentException or NotSupportedException)
        {
            Abandon(exception.Message);
        }
    }

    private void Sweep(DateTimeOffset now)
    {
        long bytes = 0;
        long oldest = (now - _options.Retention).ToUnixTimeMilliseconds();
        Span<byte> head = stackalloc byte[EvidenceFormat.FixedHeaderSize];
        foreach ((int number, FileInfo file) in EvidenceFormat.Segments(_options.File!))
        {
            _latestNumber = Math.Max(_latestNumber, number);
            if (_writer is not null && number == _ownNumber)
            {
                continue;
            }

            if (StartOf(file, head) is { } start && start <= oldest)
            {
                file.Delete();
                Interlocked.Increment(ref _expired);
                ShieldLog.EvidenceExpired(_logger, _key.Model, file.Name);
                continue;
            }

            bytes += file.Length;
        }

        bool isLess = bytes < _otherBytes;
        _otherBytes = bytes;
        Volatile.Write(ref _bytes, bytes + (_writer?.Bytes ?? 0));
        if (!HasRoom(EvidenceFormat.RecordSize))
        {
            Fail(FullList);
        }
        else if (isLess && IsFull)
        {
            Volatile.Write(ref _fault, null);
        }
    }

    private bool HasRoom(int length) => _otherBytes + (_writer?.Bytes ?? 0) + EvidenceWriter.SizeOf(length) + Room <= _options.MostBytes;

    /// <summary>When a segment of a list was begun, whatever its key; null if it is none. A file of somebody else's is not deleted.</summary>
    private static long? StartOf(FileInfo file, Span<byte> head)
    {
        using FileStream stream = new(file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) == head.Length
            && BinaryPrimitives.ReadUInt32LittleEndian(head) == EvidenceFormat.Magic
            ? EvidenceFormat.ReadHeader(head).Start
            : null;
    }

    private bool EnsureWriter()
    {
        if (_writer is not null)
        {
            return true;
        }

        DateTimeOffset now = _clock.GetUtcNow();
        if (now < _nextTry)
        {
            return false;
        }

        try
        {
            EvidenceHeader header = new() { Start = now.ToUnixTimeMilliseconds(), Run = _run, Place = _place, Before = _before };
            _writer = new EvidenceWriter(Create(), header, _key);
            _place++;
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            Abandon(exception.Message);
            return false;
        }
    }

    private FileStream Create()
    {
        foreach (int number in EvidenceFormat.Segments(_options.File!).Keys)
        {
            _latestNumber = Math.Max(_latestNumber, number); // another process may write to the same list
        }

        while (++_latestNumber < MostSegments)
        {
            string path = EvidenceFormat.PathOf(_options.File!, _latestNumber);
            if (!File.Exists(path))
            {
                FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.Read };
                if (!OperatingSystem.IsWindows())
                {
                    options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
                }

                _ownNumber = _latestNumber;
                return new FileStream(path, options);
            }
        }

        throw new IOException($"'{_options.File}' has {MostSegments:N0} segments. Move them away.");
    }

    private void EndSegment()
    {
        EvidenceWriter writer = _writer!;
        writer.End();
        writer.Tag.CopyTo(_before);
        _otherBytes += writer.Bytes;
        Volatile.Write(ref _bytes, _otherBytes);
        _writer = null;
        writer.Dispose();
    }

    /// <summary>Leaves a segment unfinished and tries another in a minute.</summary>
    private void Abandon(string why)
    {
        _nextTry = _clock.GetUtcNow() + s_minute;
        if (_writer is { } writer)
        {
            writer.Tag.CopyTo(_before);
            _otherBytes += writer.Bytes;
            _writer = null;
            try
            {
                writer.Dispose();
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // What it held is lost, which is what is being told.
            }
        }

        Fail(why);
    }

    private void Fail(string why)
    {
        if (Volatile.Read(ref _fault) is null)
        {
            ShieldLog.EvidenceFailed(_logger, _key.Model, _options.File!, why);
        }

        Volatile.Write(ref _fault, why);
    }
}
