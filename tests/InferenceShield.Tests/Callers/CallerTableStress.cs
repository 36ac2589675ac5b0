namespace InferenceShield.Tests;

/// <summary>Threads that insert, look up, charge, evict and list callers in a table of few slots, all at once.</summary>
/// <remarks>In rounds: within one the clock stands, so whoever was charged in it keeps its record to its end, and whoever was not
/// may lose it at any moment. After each round, with nobody at work, the table has to add up.</remarks>
internal sealed class CallerTableStress
{
    private const int Capacity = 6;
    private const int Keys = 24;
    private const int OperationsPerRound = 60;
    private const int ListingsPerRound = 4;
    private const int None = -1;
    private const long Price = 1_000_000;

    private static readonly Gcra s_rate = new(new RateOptions { Queries = 1, Period = TimeSpan.FromMilliseconds(1), Burst = 1_000_000 });

    private readonly int _seed;
    private readonly CallerTable _table = new(Capacity);
    private readonly CallerKey[] _keys = new CallerKey[Keys];
    private readonly HashSet<CallerKey> _known;
    private readonly int[] _charged = new int[Keys]; // the slot in which a caller was charged in this round
    private readonly int[] _charges = new int[Keys]; // how often
    private readonly Random[] _randoms;
    private long _now = Gcra.Quantum;

    private CallerTableStress(int seed, int threads)
    {
        _seed = seed;
        _randoms = [.. Enumerable.Range(0, threads).Select(thread => new Random((seed * 31) + thread))];

        // Some share their first half, some all but one bit of the second.
        Random random = new(seed);
        for (int i = 0; i < Keys; i++)
        {
            ulong high = ((ulong)random.NextInt64() << 1) + 2;
            _keys[i] = (i % 4) switch
            {
                1 => new CallerKey(_keys[i - 1].Low, high),
                2 => new CallerKey(_keys[i - 2].Low, _keys[i - 2].High ^ 1),
                _ => new CallerKey((ulong)random.NextInt64() + 2, high),
            };
        }

        _known = [.. _keys];
        Array.Fill(_charged, None);
    }

    /// <param name="seed">Of the operations; the threads' timing is what it is.</param>
    /// <param name="threads">Two or more: the first lists the table, the others change it.</param>
    /// <param name="rounds">How many.</param>
    /// <returns>Records that changed hands.</returns>
    /// <exception cref="InvariantViolationException">See its message.</exception>
    public static long Run(int seed, int threads, int rounds)
    {
        CallerTableStress stress = new(seed, threads);
        StressRounds.Run(
            threads,
            rounds,
            (thread, round) =>
            {
                if (thread == 0)
                {
                    stress.List(round);
                }
                else
                {
                    stress.Change(stress._randoms[thread], round);
                }
            },
            stress.CheckAtRest);
        return stress._table.Evictions;
    }

    private void Change(Random random, int round)
    {
        for (int i = 0; i < OperationsPerRound; i++)
        {
            int caller = random.Next(Keys);
            int slot = _table.FindOrAdd(_keys[caller], _now);
            bool pays = caller % 6 == round % 6 && random.Next(2) == 0;
            if (slot == _table.OverflowSlot || !pays)
            {
                continue; // a newcomer that is charged nothing: whoever comes next may have its record
            }

            // As an admission does: charge first and look afterwards; a record that is somebody else's by then gets it back.
            _table[slot].TryChargeAndCount(s_rate, _now, out _, out _);
            if (!_table.IsOwner(slot, _keys[caller]))
            {
                _table[slot].TakeBack(s_rate, 0, clock: null);
                continue;
            }

            Interlocked.Increment(ref _charges[caller]);
            int other = Interlocked.CompareExchange(ref _charged[caller], slot, None);
            Check(other == None || other == slot, round, $"caller {caller} was charged in the slots {other} and {slot}: two records, two budgets.");
        }
    }

    private void List(int round)
    {
        for (int i = 0; i < ListingsPerRound; i++)
        {
            int[] charged = Array.ConvertAll(_charged, slot => slot);
            List<(CallerKey Key, int Slot)> listed = [.. _table.Enumerate()];
            Check(listed.TrueForAll(entry => _known.Contains(entry.Key)), round, $"a key was listed that was never inserted.");
            for (int caller = 0; caller < Keys; caller++)
            {
                if (charged[caller] != None)
                {
                    Check(listed.Contains((_keys[caller], charged[caller])), round, $"caller {caller}, charged before, is missing in the list.");
                }
            }
        }
    }

    private void CheckAtRest(int round)
    {
        List<(CallerKey Key, int Slot)> listed = [.. _table.Enumerate()];
        Check(listed.Select(entry => entry.Key).Distinct().Count() == listed.Count, round, $"a caller has two records.");
        Check(listed.Count <= Capacity && listed.Count == _table.Count, round, $"{listed.Count} records listed, {_table.Count} counted, {Capacity} allowed.");
        long latest = _now;
        for (int caller = 0; caller < Keys; caller++)
        {
            int slot = _table.Find(_keys[caller]);
            Check(slot == None ? listed.TrueForAll(entry => entry.Key != _keys[caller]) : listed.Contains((_keys[caller], slot)), round, $"caller {caller} is found in slot {slot} and listed elsewhere.");
            Check(_charged[caller] == None || slot == _charged[caller], round, $"caller {caller} was charged in slot {_charged[caller]} and is found in {slot}: its charge is lost.");
            if (slot != None)
            {
                // What the record held before the round was as good as fresh; beyond it there are this caller's charges, and nobody else's.
                long arrival = Gcra.TimeOf(_table[slot].Arrival);
                long rest = arrival - (_charges[caller] * Price);
                Check(_charges[caller] == 0 || rest == _now, round, $"caller {caller} was charged {_charges[caller]} times and its word says {arrival / Price}.");
                Check(_charges[caller] > 0 || arrival <= _now, round, $"caller {caller} was not charged, and its word says {arrival - _now} too much.");
                latest = Math.Max(latest, arrival);
            }
        }

        Array.Fill(_charged, None);
        Array.Clear(_charges);
        _now = latest + Gcra.Quantum;
    }

    private void Check(bool holds, int round, FormattableString what) =>
        InvariantViolationException.Unless(holds, $"Table, seed {_seed}, round {round}: {FormattableString.Invariant(what)}");
}
