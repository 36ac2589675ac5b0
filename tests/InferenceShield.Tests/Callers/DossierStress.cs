using System.Security.Cryptography;
using System.Text;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

/// <summary>Threads that ask for callers of which only a few can have a dossier, while weeks go by and records change hands.</summary>
internal sealed class DossierStress : IDisposable
{
    private const int Capacity = 12;
    private const int Dossiers = 4;
    private const int Callers = 24;
    private const int Watched = 2;
    private const int OperationsPerRound = 120;

    private readonly int _seed;
    private readonly ManualTimeProvider _time = new();
    private readonly ShieldClock _clock;
    private readonly Shield _shield;
    private readonly ShieldPlan _plan;
    private readonly AdmissionControl _admission;
    private readonly DossierTable _dossiers;
    private readonly CallerKey[] _keys;
    private readonly Random[] _randoms;
    private HashSet<CallerKey> _owners = [];
    private long _opened;
    private long _now;

    private DossierStress(int seed, int threads)
    {
        _seed = seed;
        _clock = new ShieldClock(_time);
        _shield = new ShieldBuilder("model")
            .UseSecret(ShieldSecrets.FromBytes(SHA256.HashData(Encoding.UTF8.GetBytes("dossier stress"))))
            .UseTimeProvider(_time)
            .AddOutput("scores", OutputKind.Probabilities)
            .Configure(options => options.Admission.PerCaller = new LimitOptions { Queries = 1_000, Period = TimeSpan.FromMilliseconds(1), Burst = 1_000_000 })
            .Configure(options => options.Admission.MaxRowsPerCall = 16)
            .Build();
        _plan = _shield.Admit(_shield.IdentifyCaller("somebody"), [], rows: 1).Plan!;
        _dossiers = MakeDossiers(Dossiers);
        _admission = new AdmissionControl(_clock, _plan, new CallerTable(Capacity), _dossiers);
        _keys = [.. Enumerable.Range(0, Callers).Select(i => _shield.IdentifyCaller($"caller {i} of {seed}"))];
        _randoms = [.. Enumerable.Range(0, threads).Select(thread => new Random((seed * 31) + thread))];
        for (int i = 0; i < Watched; i++)
        {
            _admission.Overrides.Set(_keys[i], new CallerOverride { Watched = true });
        }
    }

    public static DossierTable MakeDossiers(int capacity)
    {
        SketchKey key = new(SHA256.HashData("sketches"u8).AsSpan(0, 16));
        SipHashKey labels = new(SHA256.HashData("labels"u8).AsSpan(0, 16));
        return new DossierTable(capacity, () => new Dossier(key, new AnswerHistory(labels, DecayedHistogram.DefaultBuckets, stripes: 1)));
    }

    /// <param name="seed">Of the operations; the threads' timing is what it is.</param>
    /// <param name="threads">Two or more.</param>
    /// <param name="rounds">How many.</param>
    /// <returns>Dossiers that were seen to be another caller's than a round before.</returns>
    /// <exception cref="InvariantViolationException">See its message.</exception>
    public static long Run(int seed, int threads, int rounds)
    {
        using DossierStress stress = new(seed, threads);
        StressRounds.Run(threads, rounds, stress.Ask, stress.CheckAtRest);
        return stress._opened;
    }

    public void Dispose() => _shield.Dispose();

    private void Ask(int thread, int round)
    {
        Random random = _randoms[thread];
        for (int i = 0; i < OperationsPerRound; i++)
        {
            // In turn, so that who asked most changes and the others fall silent for months.
            int caller = ((round / 8) + random.Next(6)) % Callers;
            AdmissionDecision decision = _admission.Decide(_plan, _keys[caller], 1 + random.Next(16), _now, countsRefusal: true);
            if (decision.IsWithinLimits && decision.Dossier >= 0)
            {
                _dossiers.Find(decision.Dossier, _keys[caller])?.Note(new InputDigest((ulong)random.NextInt64(), 1), _now);
            }
        }

        if (random.Next(8) == 0)
        {
            _dossiers.Refresh(_admission.Callers, _now);
        }
    }

    private static CallerKey OwnerOf(Dossier dossier) => dossier.TryGetOwner(out CallerKey owner, out _) ? owner : default;

    private void CheckAtRest(int round)
    {
        CallerTable table = _admission.Callers;
        List<Dossier> open = [.. _dossiers.Enumerate()];
        HashSet<CallerKey> owners = [.. open.Select(OwnerOf)];
        Check(owners.Count == open.Count, round, $"a caller has two dossiers.");
        Check(_dossiers.Floor >= DossierTable.LeastAsked, round, $"the floor is {_dossiers.Floor}.");
        foreach (Dossier dossier in open)
        {
            Check(table.IsOwner(dossier.Slot, OwnerOf(dossier)), round, $"a dossier's owner has lost its record.");
            Check(ReferenceEquals(_dossiers.Find(table[dossier.Slot].Dossier, OwnerOf(dossier)), dossier), round, $"a record does not name its owner's dossier.");
        }

        foreach ((CallerKey caller, int slot) in table.Enumerate())
        {
            int number = table[slot].Dossier;
            Check(number < 0 || owners.Contains(caller), round, $"a record names a dossier that is not its caller's.");
        }

        for (int i = 0; i < Watched; i++)
        {
            Check(owners.Contains(_keys[i]), round, $"a watched caller has no dossier.");
        }

        _opened += owners.Count(owner => !_owners.Contains(owner));
        _owners = owners;
        _time.Advance((round % 16) switch { 0 => TimeSpan.FromDays(30), < 8 => TimeSpan.Zero, _ => TimeSpan.FromMilliseconds(1) });
        _now = _clock.Now;
    }

    private void Check(bool holds, int round, FormattableString what) =>
        InvariantViolationException.Unless(holds, $"Dossiers, seed {_seed}, round {round}: {FormattableString.Invariant(what)}");
}
