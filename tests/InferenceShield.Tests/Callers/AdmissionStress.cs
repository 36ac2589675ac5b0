using System.Security.Cryptography;
using System.Text;

namespace InferenceShield.Tests;

/// <summary>Threads that ask for many callers whose few records are given away all the time, through <see cref="AdmissionControl"/>.</summary>
/// <remarks>Between rounds, with nobody at work, everything has to add up: each caller's word is what one thread alone, charging
/// one query after the other, would have left there, so no charge was lost, none was left behind, and nobody was admitted more than
/// the burst and the rate allow; what was counted of all callers, present and gone, and of the overflow is what was asked.</remarks>
internal sealed class AdmissionStress : IDisposable
{
    private const int Capacity = 8;
    private const int Callers = 40;
    private const int Tenants = 3;
    private const int OperationsPerRound = 40;
    private const int Burst = 3;
    private const long Increment = 1_000;

    private readonly int _seed;
    private readonly ManualTimeProvider _time = new();
    private readonly ShieldClock _clock;
    private readonly Shield _shield;
    private readonly ShieldPlan _plan;
    private readonly AdmissionControl _admission;
    private readonly CallerKey[] _keys;
    private readonly CallerHandle[] _handles;
    private readonly Random[] _randoms;
    private readonly long[] _admitted = new long[Callers]; // of this round, in records of their own
    private readonly long[] _admittedEver = new long[Callers];
    private readonly long[] _askedEver = new long[Callers];
    private readonly long[] _words = new long[Callers]; // what one thread alone would have left
    private long _admittedAll;
    private long _departed;
    private long _overflowAdmitted;
    private long _overflowWord;
    private long _now;

    private AdmissionStress(int seed, int threads, bool hasGroups)
    {
        _seed = seed;
        _clock = new ShieldClock(_time);
        _shield = new ShieldBuilder("model")
            .UseSecret(ShieldSecrets.FromBytes(SHA256.HashData(Encoding.UTF8.GetBytes("admission stress"))))
            .UseTimeProvider(_time)
            .AddOutput("scores", OutputKind.Probabilities)
            .Configure(options =>
            {
                options.Admission.PerCaller = new LimitOptions { Queries = 1_000, Period = TimeSpan.FromMilliseconds(1), Burst = Burst };
                options.Admission.Overflow = new RateOptions { Queries = 1_000, Period = TimeSpan.FromMilliseconds(1), Burst = Burst };
                options.Callers.TenantCapacity = 1;
                if (hasGroups)
                {
                    options.Admission.PerTenant = new LimitOptions { Queries = 1_000, Period = TimeSpan.FromMilliseconds(1), Burst = 40 };
                    options.Admission.PerModel = new LimitOptions { Queries = 1_000, Period = TimeSpan.FromMilliseconds(1), Burst = 80 };
                }
            })
            .Build();
        _plan = _shield.Admit(_shield.IdentifyCaller("somebody"), [], rows: 1).Plan!;
        CallerTable callers = new(Capacity)
        {
            Departed = (_, asked, _) => Interlocked.Add(ref _departed, asked),
        };
        _admission = new AdmissionControl(_clock, _plan, callers, new DossierTable(0, () => throw new InvalidOperationException()));
        _keys = [.. Enumerable.Range(0, Callers).Select(i => _shield.IdentifyCaller($"caller {i} of {seed}"))];
        _handles = [.. _keys.Select((key, i) => new CallerHandle(_shield, key, hasGroups ? _shield.IdentifyCaller($"tenant {i % Tenants}") : default, default))];
        _randoms = [.. Enumerable.Range(0, threads).Select(thread => new Random((seed * 31) + thread))];
    }

    /// <param name="seed">Of the operations; the threads' timing is what it is.</param>
    /// <param name="threads">Two or more.</param>
    /// <param name="rounds">How many.</param>
    /// <param name="hasGroups">Whether tenants and the model have limits too.</param>
    /// <returns>Records that changed hands.</returns>
    /// <exception cref="InvariantViolationException">See its message.</exception>
    public static long Run(int seed, int threads, int rounds, bool hasGroups)
    {
        using AdmissionStress stress = new(seed, threads, hasGroups);
        StressRounds.Run(threads, rounds, (thread, _) => stress.Ask(stress._randoms[thread]), stress.CheckAtRest);
        return stress._admission.Callers.Evictions;
    }

    public void Dispose() => _shield.Dispose();

    private void Ask(Random random)
    {
        for (int i = 0; i < OperationsPerRound; i++)
        {
            int caller = random.Next(Callers);

            // More rows than the burst are refused without a charge: the record stays one that may be given away meanwhile.
            int rows = random.Next(16) == 0 ? 1 + random.Next(Burst) : Burst + 1;
            AdmissionDecision decision = _handles[caller].HasGroups || random.Next(2) == 0
                ? _admission.Decide(_plan, _handles[caller], rows, _now, countsRefusal: true)
                : _admission.Decide(_plan, _keys[caller], rows, _now, countsRefusal: true);
            Interlocked.Add(ref _askedEver[caller], rows);
            if (decision.IsWithinLimits)
            {
                Interlocked.Add(ref _admittedAll, rows);
                Interlocked.Add(ref decision.Slot == _admission.Callers.OverflowSlot ? ref _overflowAdmitted : ref _admitted[caller], rows);
            }
        }
    }

    private void CheckAtRest(int round)
    {
        CallerTable table = _admission.Callers;
        long counted = table[table.OverflowSlot].Counters.Read(in table[table.OverflowSlot].Arrival).Admitted + Interlocked.Read(ref _departed);
        for (int caller = 0; caller < Callers; caller++)
        {
            _admittedEver[caller] += _admitted[caller];
            long word = _words[caller] = Charge(_words[caller], _admitted[caller]);
            Check(word <= _now + (Burst * Increment), round, $"caller {caller} was admitted {_admitted[caller]} queries at once, {(word - _now) / Increment - Burst} more than burst and rate allow.");
            int slot = table.Find(_keys[caller]);
            Check(slot >= 0 || word <= _now, round, $"caller {caller} has a charge and no record.");
            if (slot >= 0)
            {
                long actual = Math.Max(Gcra.TimeOf(table[slot].Arrival), _now);
                Check(actual == Math.Max(word, _now), round, $"caller {caller}'s word is {(actual - Math.Max(word, _now)) / (double)Increment} queries from what it was charged.");
                CallCounts counts = table[slot].Counters.Read(in table[slot].Arrival);
                Check(counts.Admitted <= _admittedEver[caller], round, $"of caller {caller} {counts.Admitted} admitted queries were counted, {_admittedEver[caller]} happened.");
                counted += counts.Admitted;
            }
        }

        _overflowWord = Charge(_overflowWord, _overflowAdmitted);
        Check(_overflowWord <= _now + (Burst * Increment), round, $"the overflow record admitted {_overflowAdmitted} queries at once.");
        Check(counted == _admittedAll, round, $"{_admittedAll} queries were admitted, {counted} counted.");
        Check(table.Count <= Capacity, round, $"{table.Count} records.");
        Array.Clear(_admitted);
        _overflowAdmitted = 0;

        // Some rounds at one time, some after a charge has worn off, some after all have.
        _time.AdvanceTimestamps((round % 4) switch { 0 => 0, 1 => Increment / 2, 2 => Increment, _ => Increment * Burst });
        _now = _clock.Now;
    }

    private long Charge(long word, long rows) => rows == 0 ? word : Math.Max(word, _now) + (rows * Increment);

    private void Check(bool holds, int round, FormattableString what) =>
        InvariantViolationException.Unless(holds, $"Admission, seed {_seed}, round {round}: {FormattableString.Invariant(what)}");
}
