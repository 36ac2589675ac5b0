using InferenceShield.Numerics;
using Microsoft.Extensions.Logging;

namespace InferenceShield;

/// <summary>Writes what is measured of queries to a log that calibration reads: scalars, hashes and pseudonyms, no inputs.</summary>
/// <remarks>Never blocks a query on the disk: a bounded buffer that a thread of its own empties, and a count of what did not fit. Never throws into a
/// query: when writing fails, recording ends, which is logged once and counted. Thread-safe.</remarks>
internal sealed class DetectionRecorder : IDisposable
{
    private const int DefaultCapacity = 16_384;
    private const int MostFiles = 1_000;
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly AutoResetEvent _wake = new(initialState: false);
    private readonly Thread _thread;
    private readonly DetectionLogWriter? _writer;
    private readonly SipHashKey _pseudonyms;
    private readonly ILogger _logger;
    private readonly string _model;
    private readonly ulong _mostShare;
    private readonly long _mostBytes;
    private readonly long _startSeconds;
    private long _startNow = long.MinValue;
    private Entry[] _filling;
    private Entry[] _emptying;
    private int _count;
    private bool _ended;
    private bool _disposed;
    private long _dropped;
    private long _recorded;

    /// <param name="path">Where to; if there is such a file, with .1, .2, ... behind it. Files that were written before are kept.</param>
    /// <param name="key">Of the shield and model. Not kept.</param>
    /// <param name="profile">By which the queries are measured; one under another profile must not be given to this recorder.</param>
    /// <param name="share">Of the callers, above 0 to 1: whole callers, chosen by a keyed hash.</param>
    /// <param name="mostBytes">Bytes of this file and those before it, after which recording ends.</param>
    /// <param name="clock">Tells when the file begins.</param>
    /// <param name="logger">Is told once why recording ended.</param>
    /// <param name="capacity">Queries that wait for the disk.</param>
    public DetectionRecorder(string path, DetectionKey key, ulong profile, double share, long mostBytes, TimeProvider clock, ILogger logger, int capacity = DefaultCapacity)
    {
        _model = key.Model;
        _logger = logger;
        Profile = profile;
        _pseudonyms = DetectionLogFormat.PseudonymKey(key);
        _mostShare = share >= 1 ? ulong.MaxValue : (ulong)(share * ulong.MaxValue);
        _filling = new Entry[capacity];
        _emptying = new Entry[capacity];
        _startSeconds = clock.GetUtcNow().ToUnixTimeSeconds();
        try
        {
            long before = 0;
            FileStream file = Create(path, ref before);
            _mostBytes = mostBytes - before;
            _writer = new DetectionLogWriter(file, key, profile, _startSeconds);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            End($"'{path}' cannot be written: {exception.Message}");
        }

        _thread = new Thread(Run) { IsBackground = true, Name = "InferenceShield detection log" };
        _thread.Start();
    }

    /// <summary>Of the queries that are recorded.</summary>
    public ulong Profile { get; }

    /// <summary>Queries handed to the disk.</summary>
    public long Recorded => Volatile.Read(ref _recorded);

    /// <summary>Queries that did not fit, or came after the end.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>Whether recording has ended before its time: the disk failed, or the most bytes are written.</summary>
    public bool HasEnded => Volatile.Read(ref _ended);

    /// <summary>Hands one query over. No allocation.</summary>
    /// <param name="caller">Goes into the log as a pseudonym.</param>
    /// <param name="now">Nanoseconds of the shield's clock.</param>
    /// <param name="signals">What was measured.</param>
    public void Record(CallerKey caller, long now, in QuerySignals signals)
    {
        Hash128 hash = SipHash.Hash(_pseudonyms, caller.Low, caller.High, 0);
        if (hash.High > _mostShare)
        {
            return;
        }

        // Held for the time of copying some 110 bytes; the writer holds it to exchange two references.
        lock (_gate)
        {
            if (_ended || _disposed || _count == _filling.Length)
            {
                _dropped++;
                return;
            }

            if (_startNow == long.MinValue)
            {
                _startNow = now;
            }

            ref Entry entry = ref _filling[_count++];
            entry.Caller = hash.Low;
            entry.Seconds = _startSeconds + ((now - _startNow) / 1_000_000_000);
            entry.Signals = signals;
            if (_count == _filling.Length / 2)
            {
                _wake.Set(); // in here, where it is not disposed of
            }
        }
    }

    /// <summary>Writes what is still waiting, and the end.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        _wake.Set();
        _thread.Join();
        _writer?.Dispose();
        _wake.Dispose();
    }

    private static FileStream Create(string path, ref long before)
    {
        for (int place = 0; place < MostFiles; place++)
        {
            FileInfo file = new(place == 0 ? path : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{path}.{place}"));
            if (!file.Exists)
            {
                return new FileStream(file.FullName, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
            }

            before += file.Length;
        }

        throw new IOException($"There are {MostFiles} logs already. Move them away.");
    }

    private void Run()
    {
        for (bool isLast = false; !isLast;)
        {
            _wake.WaitOne(s_interval);
            int count;
            lock (_gate)
            {
                isLast = _disposed;
                count = _count;
                (_filling, _emptying) = (_emptying, _filling);
                _count = 0;
            }

            Write(_emptying.AsSpan(0, count), isLast);
        }
    }

    private void Write(ReadOnlySpan<Entry> entries, bool isLast)
    {
        int written = 0;
        try
        {
            if (_writer is null || _ended)
            {
                return;
            }

            for (; written < entries.Length; written++)
            {
                // Room is kept for the block that is being filled and the end.
                if (_writer.Bytes + (2 * DetectionLogFormat.LargestBlock) > _mostBytes)
                {
                    End("as many bytes are written as Detection:RecordBytes allows");
                    _writer.Complete();
                    return;
                }

                _writer.Write(entries[written].Caller, entries[written].Seconds, in entries[written].Signals);
            }

            if (isLast)
            {
                _writer.Complete();
            }
            else if (entries.Length > 0)
            {
                _writer.Flush();
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            End(exception.Message);
        }
        finally
        {
            Interlocked.Add(ref _recorded, written);
            lock (_gate)
            {
                _dropped += entries.Length - written;
            }
        }
    }

    private void End(string why)
    {
        if (!_ended)
        {
            Volatile.Write(ref _ended, true);
            ShieldLog.RecordingEnded(_logger, _model, why);
        }
    }

    private struct Entry
    {
        public ulong Caller;
        public long Seconds;
        public QuerySignals Signals;
    }
}
