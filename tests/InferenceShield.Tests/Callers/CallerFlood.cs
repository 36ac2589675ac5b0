using System.Buffers.Text;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace InferenceShield.Tests;

/// <summary>The experiment: callers that ask much, or a little for a long time, and then a flood of names.</summary>
/// <remarks>Seeded, single-threaded but for the latencies, on a clock of its own: everything but the latencies is the same on every run.</remarks>
internal sealed class CallerFlood : IDisposable
{
    private const int Heavy = 40; // ask five times what they may
    private const int Steady = 40; // ask what they may, for hours
    private const int Slow = 20; // ask 20 an hour, never refused, for two days

    private readonly ManualTimeProvider _time = new();
    private readonly Shield _shield;
    private readonly CallerKey[] _offenders;
    private readonly long[] _askedByOffender = new long[Heavy + Steady + Slow];
    private readonly CallerKey[] _honest;

    public CallerFlood(int capacity, int honest, int dossiers)
    {
        _shield = new ShieldBuilder("model")
            .UseSecret(ShieldSecrets.FromBytes(SHA256.HashData(Encoding.UTF8.GetBytes("caller flood"))))
            .UseTimeProvider(_time)
            .AddOutput("scores", OutputKind.Probabilities)
            .Configure(options =>
            {
                options.Callers.Capacity = capacity;
                options.Callers.Dossiers = dossiers;
            })
            .Build();
        _offenders = [.. Enumerable.Range(0, _askedByOffender.Length).Select(i => _shield.IdentifyCaller($"offender {i}"))];
        _honest = [.. Enumerable.Range(0, honest).Select(i => _shield.IdentifyCaller($"honest {i}"))];
    }

    /// <summary>The callers that asked most.</summary>
    public IReadOnlyList<CallerKey> Offenders => _offenders;

    public Shield Shield => _shield;

    /// <summary>Queries the offenders asked, admitted or not.</summary>
    public long AskedByOffenders => _askedByOffender.Sum();

    /// <summary>Offenders that have their record, their dossier and every query they asked on it.</summary>
    public int OffendersRemembered => _offenders.Where((offender, i) =>
        _shield.TryGetCaller(offender, out CallerStatistics statistics)
        && _shield.TryGetDossier(offender) is not null
        && statistics.Admitted + statistics.Refused == _askedByOffender[i]).Count();

    public void Dispose() => _shield.Dispose();

    /// <summary>Two days of traffic: honest callers ask 1 to 30 queries each, offenders some hundreds or thousands.</summary>
    public void Live(int seed)
    {
        Random random = new(seed);
        const int Hours = 48;
        for (int hour = 0; hour < Hours; hour++)
        {
            for (int i = 0; i < _offenders.Length; i++)
            {
                int queries = i < Heavy ? (hour == 24 ? 2_000 : 0) : i < Heavy + Steady ? (hour is > 20 and < 26 ? 250 : 0) : 20;
                for (int query = 0; query < queries; query++)
                {
                    _shield.Admit(_offenders[i], [], rows: 1);
                }

                _askedByOffender[i] += queries;
            }

            for (int i = hour; i < _honest.Length; i += Hours)
            {
                for (int query = random.Next(1, 31); query > 0; query--)
                {
                    _shield.Admit(_honest[i], [], rows: 1);
                }
            }

            _time.Advance(TimeSpan.FromHours(1));
        }
    }

    /// <summary>Names that nobody has heard before, one query each, or a few.</summary>
    /// <param name="first">The number of the first name.</param>
    /// <param name="names">How many.</param>
    /// <param name="pause">Time from one to the next; a name's charge wears off in 3.6 s.</param>
    /// <returns>Bytes that this thread allocated.</returns>
    public long Flood(int first, int names, TimeSpan pause)
    {
        Span<byte> name = stackalloc byte[32];
        "flood "u8.CopyTo(name);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = first; i < first + names; i++)
        {
            Utf8Formatter.TryFormat(i, name[6..], out int digits);
            CallerKey key = _shield.IdentifyCaller(name[..(6 + digits)]);
            for (int query = i % 16 == 0 ? 3 : 1; query > 0; query--)
            {
                _shield.Admit(key, [], rows: 1);
            }

            _time.Advance(pause);
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    /// <summary>Nanoseconds that looking up an offender takes: one reading of eight look-ups, the value that 99 % of readings keep.</summary>
    public double LookupPercentile(int readings, int seed)
    {
        const int LookupsPerReading = 8;
        Random random = new(seed);
        long[] ticks = new long[readings];
        for (int i = 0; i < readings; i++)
        {
            int offender = random.Next(_offenders.Length - LookupsPerReading);
            long start = Stopwatch.GetTimestamp();
            for (int j = 0; j < LookupsPerReading; j++)
            {
                _shield.TryGetCaller(_offenders[offender + j], out _);
            }

            ticks[i] = Stopwatch.GetTimestamp() - start;
        }

        Array.Sort(ticks);
        return ticks[readings * 99 / 100] * 1e9 / Stopwatch.Frequency / LookupsPerReading;
    }
}
