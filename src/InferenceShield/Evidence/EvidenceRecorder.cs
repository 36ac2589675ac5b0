using System.Security.Cryptography;
using InferenceShield.Numerics;
using Microsoft.Extensions.Logging;

namespace InferenceShield;

/// <summary>Keeps marked queries in an encrypted list, which verification needs.</summary>
/// <remarks>Never blocks a query on the disk: a bounded buffer that a thread of its own empties, and a count of what did not fit. Never throws into a
/// query: when writing fails, what comes meanwhile is lost and counted, and a new segment is tried each minute. Thread-safe.</remarks>
internal sealed class EvidenceRecorder : IDisposable
{
    private const int CallerCapacity = 1 << 16;
    private const long MillisecondsOfDay = 24L * 60 * 60 * 1000;

    /// <summary>Of a list that is half full, a caller gets this part of what is left a day, or this many bytes if that is more.</summary>
    private const int PartOfRest = 256;
    private const int LeastOfRest = 4096;
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly AutoResetEvent _wake = new(initialState: false);
    private readonly Thread _thread;
    private readonly EvidenceOptions _options;
    private readonly SipHashKey _sampling;
    private readonly SipHashKey _repeating;
    private readonly EvidenceRepeats _repeats = new();
    private readonly ulong _mostShare;
    private readonly EvidenceCallers _callers;
    private readonly EvidenceList _list;
    private readonly long _startMilliseconds;

    // Under the gate.
    private byte[] _filling;
    private int _filled;
    private int _waiting;
    private int _inFlight;
    private long _startNow = long.MinValue;
    private long _day;
    private long _withoutDigest;
    private long _withoutInput;
    private long _tooLarge;
    private long _overLimit;
    private long _repeated;
    private long _overShare;
    private long _notSampled;
    private long _sequence;
    private long _dropped;
    private bool _disposed;

    // The thread's own.
    private byte[] _emptying;
    private long _recorded;

    /// <param name="options">With a file. Not kept.</param>
    /// <param name="key">Of the model; must outlive the recorder.</param>
    /// <param name="clock">Tells when segments begin and end.</param>
    /// <param name="logger">Is told why nothing is recorded.</param>
    /// <param name="buffer">Bytes that wait for the disk.</param>
    /// <param name="callers">Callers that are counted by themselves: a power of 2.</param>
    public EvidenceRecorder(EvidenceOptions options, EvidenceKey key, TimeProvider clock, ILogger logger, int? buffer = null, int callers = CallerCapacity)
    {
        _options = options.Clone();
        Span<byte> sampling = stackalloc byte[SipHashKey.Size];
        key.Derive("sample", [], sampling);
        _sampling = new SipHashKey(sampling);
        key.Derive("repeat", [], sampling);
        _repeating = new SipHashKey(sampling);
        CryptographicOperations.ZeroMemory(sampling);
        _mostShare = options.Share >= 1 ? ulong.MaxValue : (ulong)(options.Share * ulong.MaxValue);
        _callers = new EvidenceCallers(callers, options.MostPerCaller);
        _filling = new byte[buffer ?? (options.KeepInputs ? 1 << 23 : 1 << 20)];
        _emptying = new byte[_filling.Length];
        _startMilliseconds = clock.GetUtcNow().ToUnixTimeMilliseconds();
        _day = _startMilliseconds / MillisecondsOfDay;
        _list = new EvidenceList(_options, key, clock, logger);
        StartFault = _list.IsFull ? null : _list.Fault;
        _thread = new Thread(Run) { IsBackground = true, Name = "InferenceShield evidence" };
        _thread.Start();
    }

    /// <summary>Whether inputs are to be handed over.</summary>
    public bool KeepsInputs => _options.KeepInputs;

    /// <summary>Why nothing could be written when it was made; null if it could, or if the list was full, which passes.</summary>
    public string? StartFault { get; }

    public EvidenceStatistics Statistics
    {
        get
        {
            lock (_gate)
            {
                return new EvidenceStatistics
                {
                    Recorded = Volatile.Read(ref _recorded),
                    NotSampled = _notSampled,
                    OverCallerLimit = _overLimit,
                    Repeated = _repeated,
                    OverRoomShare = _overShare,
                    Dropped = _dropped,
                    WithoutDigest = _withoutDigest,
                    WithoutInput = _withoutInput,
                    InputsTooLarge = _tooLarge,
                    ExpiredSegments = _list.Expired,
                    Bytes = _list.Bytes,
                    Fault = _list.Fault,
                };
            }
        }
    }

    /// <summary>Hands one marked query over. No allocation.</summary>
    /// <param name="caller">Who asked.</param>
    /// <param name="posture">How the caller is treated.</param>
    /// <param name="now">Nanoseconds of the shield's clock.</param>
    /// <param name="output">The output's index.</param>
    /// <param name="marked">What was done.</param>
    /// <param name="kind">What the digest was made by.</param>
    /// <param name="digest">Of the input, if there is one.</param>
    /// <param name="input">The row; not kept unless the options say so.</param>
    public void Record(
        CallerKey caller, Posture posture, long now, int output, in MarkedRow marked, EvidenceDigestKind kind, InputDigest digest, ReadOnlySpan<byte> input)
    {
        bool isTooLarge = false;
        if (!_options.KeepInputs)
        {
            input = default;
        }
        else if (input.Length > EvidenceFormat.MostInput)
        {
            isTooLarge = true;
            input = default;
        }

        // Held for the time of copying 64 bytes and a row that is kept; the writer holds it to exchange two references.
        lock (_gate)
        {
            if (_disposed)
            {
                _dropped++;
                return;
            }

            // Without a digest, the number of the query stands for it.
            Hash128 hash = kind == EvidenceDigestKind.None
                ? SipHash.Hash(_sampling, 0, (ulong)_sequence++, 0)
                : SipHash.Hash(_sampling, digest.Low, digest.High, (ulong)kind);
            if (hash.High > _mostShare)
            {
                _notSampled++;
                return;
            }

            if (_startNow == long.MinValue)
            {
                _startNow = now;
            }

            long time = _startMilliseconds + ((now - _startNow) / 1_000_000);
            long day = time / MillisecondsOfDay;
            if (day > _day)
            {
                _day = day;
                _callers.Clear();
                _repeats.Clear();
            }

            // Both hashes are keyed, so that adding the caller to the input's leaves neither to be chosen. Without a digest nothing is known to be a repeat.
            Hash128 query = SipHash.Hash(_repeating, hash.Low + caller.Low, hash.High + caller.High, AnswerOf(output, in marked));
            if (kind != EvidenceDigestKind.None && _repeats.Contains(query))
            {
                _repeated++;
                return;
            }

            if (!_callers.HasRoom(caller))
            {
                _overLimit++;
                return;
            }

            int length = EvidenceFormat.RecordSize + input.Length;
            if (_callers.BytesOf(caller) + length > RoomOfCaller())
            {
                _overShare++;
                return;
            }

            if (_filled + length > _filling.Length)
            {
                _dropped++;
                return;
            }

            _callers.Add(caller, length);
            _repeats.Add(query);
            _withoutDigest += kind == EvidenceDigestKind.None ? 1 : 0;
            _withoutInput += _options.KeepInputs && input.IsEmpty && !isTooLarge ? 1 : 0;
            _tooLarge += isTooLarge ? 1 : 0;
            EvidenceFormat.WriteRecord(_filling.AsSpan(_filled, length), time, caller, posture, output, in marked, kind, digest, input);
            bool wasBelow = _filled < _filling.Length / 2;
            _filled += length;
            _waiting++;
            if (wasBelow && _filled >= _filling.Length / 2)
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
        _list.Dispose();
        _wake.Dispose();
    }

    /// <summary>So that a few callers do not fill the list for all others: what one may have of a day. All there is of a list that is less than half full.</summary>
    private long RoomOfCaller()
    {
        long rest = _options.MostBytes - _list.Bytes - _filled - _inFlight;
        return rest > _options.MostBytes / 2 ? long.MaxValue : Math.Max(rest / PartOfRest, LeastOfRest);
    }

    /// <summary>A row's time steps have one digest and answers of their own: those that differ are no repeats.</summary>
    private static ulong AnswerOf(int output, in MarkedRow marked) =>
        ((ulong)(uint)output << 56) ^ ((ulong)(uint)marked.Other << 40) ^ ((ulong)(uint)marked.Clean << 20) ^ (uint)marked.Released;

    private void Run()
    {
        for (bool isLast = false; !isLast;)
        {
            _wake.WaitOne(s_interval);
            int filled;
            int waiting;
            lock (_gate)
            {
                isLast = _disposed;
                (filled, waiting) = (_filled, _waiting);
                (_filling, _emptying) = (_emptying, _filling);
                _inFlight = filled;
                (_filled, _waiting) = (0, 0);
            }

            Span<byte> records = _emptying.AsSpan(0, filled);
            int written = WriteAll(records);
            CryptographicOperations.ZeroMemory(records); // inputs are not left lying about
            Interlocked.Add(ref _recorded, written);
            lock (_gate)
            {
                _inFlight = 0;
                if (written < waiting)
                {
                    _dropped += waiting - written;
                    _repeats.Clear(); // what was lost is kept when it is asked again
                }
            }

            _list.Tend(isLast, Statistics);
        }
    }

    /// <summary>Writes records in blocks.</summary>
    /// <returns>How many were written.</returns>
    private int WriteAll(ReadOnlySpan<byte> records)
    {
        int written = 0;
        while (!records.IsEmpty)
        {
            int length = EvidenceFormat.LengthOf(records);
            int count = 1;
            while (length < records.Length && length + EvidenceFormat.LengthOf(records[length..]) <= EvidenceFormat.MostBlock / 4)
            {
                length += EvidenceFormat.LengthOf(records[length..]);
                count++;
            }

            if (!_list.TryWrite(records[..length]))
            {
                return written;
            }

            written += count;
            records = records[length..];
        }

        return written;
    }
}
