using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

/// <summary>The caller table, eviction and all, against a model that does one thing after the other.</summary>
public sealed class CallerTableModelTests
{
    private const long Minute = 60_000_000_000;

    private enum Kind
    {
        Ask,
        Charge,
        ChargeQuota,
        Stand,
        Learn,
        Find,
        Wait,
    }

    [Fact]
    public void A_small_table_gives_away_only_what_is_fresh_the_longest_fresh_first() =>
        Properties.Hold(Cases(capacity: Gen.Choose(1, 12), callers: 30, homes: 1_000, timePasses: true, longest: 300), test => Check(test), tests: 300);

    [Fact]
    public void A_window_is_all_that_is_looked_at()
    {
        // Homes at both ends: more callers than a window holds, and free or fresh records beyond it, which are not for them.
        Gen<Case> cases = Cases(capacity: Gen.Choose(180, 320), callers: 400, homes: 2, timePasses: false, longest: 12_000);
        int overflows = 0;
        int evictions = 0;
        Properties.Hold(cases, test =>
        {
            (int overflown, int evicted) = Check(test);
            overflows += overflown;
            evictions += evicted;
        }, tests: 8);
        Assert.True(overflows > 100 && evictions > 100, $"The cases reach {overflows} overflows and {evictions} evictions.");
    }

    private static Gen<Case> Cases(Gen<int> capacity, int callers, int homes, bool timePasses, int longest)
    {
        // The home is the second half of the key, scaled; callers come in pairs that share their first half.
        static CallerKey Key(int caller, int homes) =>
            new((ulong)(caller / 2) + 2, ((ulong)(caller % homes) * (ulong.MaxValue / (ulong)homes)) + (ulong)caller + 1);
        Gen<Step> step = Gen.Frequency(
            (8, StepOf(Kind.Ask)),
            (timePasses ? 4 : 24, StepOf(Kind.Charge)),
            (1, StepOf(Kind.ChargeQuota)),
            (1, StepOf(Kind.Stand)),
            (1, StepOf(Kind.Learn)),
            (2, StepOf(Kind.Find)),
            (2, StepOf(timePasses ? Kind.Wait : Kind.Find)));
        return
            from size in capacity
            from steps in Properties.Sequences(step, longest)
            select new Case(size, [.. steps.Select(one => one with { Caller = Key(one.Number % callers, homes) })]);

        static Gen<Step> StepOf(Kind kind) =>
            from number in Gen.Choose(0, int.MaxValue)
            from amount in Gen.Choose(0, 5)
            select new Step(kind, number, amount, default);
    }

    /// <returns>How often the overflow record was given, and how often a record changed hands.</returns>
    private static (int Overflows, int Evictions) Check(Case test)
    {
        Model model = new(test.Capacity);
        foreach (Step step in test.Steps)
        {
            model.Do(step);
        }

        model.CheckAll();
        return (model.Overflows, model.Evictions);
    }

    private sealed record Step(Kind Kind, int Number, int Amount, CallerKey Caller);

    private sealed record Case(int Capacity, Step[] Steps);

    /// <summary>What is known of one caller.</summary>
    private sealed class Known
    {
        public required int Slot { get; init; }

        public required long Before { get; init; }

        public long Arrival { get; set; }

        public long QuotaEnd { get; set; }

        public long Asked { get; set; }

        public ulong Standing { get; set; }

        public bool HasLearned { get; set; }

        public long FreshAt => Standing != 0 || HasLearned ? long.MaxValue : Math.Max(Arrival, QuotaEnd);
    }

    private sealed class Model
    {
        private readonly int _capacity;
        private readonly int _homes;
        private readonly CallerTable _table;
        private readonly Dictionary<CallerKey, Known> _known = [];
        private readonly Dictionary<CallerKey, long> _departed = [];
        private readonly HashSet<int> _used = [];
        private readonly List<(CallerKey Caller, long Asked)> _departures = [];
        private long _now = Minute;

        public Model(int capacity)
        {
            _capacity = capacity;
            _homes = capacity + ((capacity + 1) / 2);
            _table = new CallerTable(capacity)
            {
                Departed = (caller, asked, _) =>
                {
                    _departures.Add((caller, asked));
                    _departed[caller] = _departed.GetValueOrDefault(caller) + asked;
                },
                AskedBefore = caller => _departed.GetValueOrDefault(caller),
            };
        }

        public int Overflows { get; private set; }

        public int Evictions { get; private set; }

        public void Do(Step step)
        {
            Known? known = _known.GetValueOrDefault(step.Caller);
            switch (step.Kind)
            {
                case Kind.Wait:
                    _now += step.Amount * Minute / 32;
                    break;
                case Kind.Find:
                    Assert.Equal(known?.Slot ?? CallerTable.None, _table.Find(step.Caller));
                    break;
                case Kind.Ask:
                    Ask(step.Caller);
                    break;
                case Kind.Charge when known is not null:
                    known.Arrival = Math.Max(known.Arrival, _now) + ((long)Math.Pow(step.Amount, 3) * Minute / 8);
                    _table[known.Slot].Arrival = Gcra.WordOf(known.Arrival) + Gcra.CountOf(_table[known.Slot].Arrival);
                    break;
                case Kind.ChargeQuota when known is not null:
                    ChargeQuota(step, known);
                    break;
                case Kind.Stand when known is not null:
                    Stand(step, known);
                    break;
                case Kind.Learn when known is not null:
                    known.HasLearned = step.Amount % 2 == 0;
                    _table[known.Slot].Odometer = known.HasLearned ? 0.25F : 0;
                    break;
                default:
                    break;
            }

            Assert.Equal(_known.Count, _table.Count);
        }

        public void CheckAll()
        {
            Assert.Equal(_known.Select(entry => (entry.Key, entry.Value.Slot)).ToHashSet(), _table.Enumerate().ToHashSet());
            foreach ((CallerKey caller, Known known) in _known)
            {
                Assert.True(_table.IsOwner(known.Slot, caller));
                Assert.Equal(known.Asked, _table[known.Slot].Counters.AdmittedWith(in _table[known.Slot].Arrival));
                Assert.Equal(known.Asked + known.Before, _table[known.Slot].Asked);
                Assert.Equal(known.FreshAt, _table[known.Slot].FreshAt);
            }

            Assert.Equal(Evictions, _table.Evictions);
        }

        private void Ask(CallerKey caller)
        {
            Known? known = _known.GetValueOrDefault(caller);
            _departures.Clear();
            int slot = _table.FindOrAdd(caller, _now);
            if (known is null)
            {
                known = Admit(caller, slot);
            }

            Assert.Equal(known?.Slot ?? _table.OverflowSlot, slot);
            if (known is not null)
            {
                known.Asked += 2;
                _table[slot].Counters.CountAdmitted(2, cost: 5);
                _table[slot].Counters.CountRefused(1);
                _table[slot].Repeated++;
                _table[slot].LatestDigest = 9;
            }
        }

        /// <summary>What becomes of a newcomer, and that it became of it.</summary>
        private Known? Admit(CallerKey caller, int slot)
        {
            int home = (int)Math.BigMul(caller.High, (ulong)_homes, out _);
            int free = Enumerable.Range(home, CallerTable.Window).FirstOrDefault(candidate => !_used.Contains(candidate), CallerTable.None);
            if (_known.Count >= _capacity || free == CallerTable.None)
            {
                KeyValuePair<CallerKey, Known>[] fresh =
                [
                    .. _known.Where(entry => entry.Value.Slot >= home && entry.Value.Slot < home + CallerTable.Window && entry.Value.FreshAt <= _now),
                ];
                if (fresh.Length == 0)
                {
                    Overflows++;
                    Assert.Equal(_table.OverflowSlot, slot);
                    Assert.Empty(_departures);
                    Assert.Equal(CallerTable.None, _table.Find(caller));
                    return null;
                }

                long longest = fresh.Min(entry => entry.Value.FreshAt);
                (CallerKey gone, Known evicted) = Assert.Single(fresh, entry => entry.Value.Slot == slot);
                Assert.Equal(longest, evicted.FreshAt);
                Assert.Equal(evicted.Asked > 0 ? [(gone, evicted.Asked)] : [], _departures);
                Assert.False(_table.IsOwner(slot, gone));
                Assert.Equal(CallerTable.None, _table.Find(gone));
                _known.Remove(gone);
                Evictions++;
            }
            else
            {
                Assert.Equal(free, slot);
                Assert.Empty(_departures);
            }

            // As a record never used: nothing counted, nothing decided, as good as fresh.
            ref CallerRecord record = ref _table[slot];
            Assert.Equal(default, record.Counters.Read());
            Assert.Equal(0, record.Repeated);
            Assert.Equal(0UL, record.LatestDigest);
            Assert.Equal(0UL, record.Standing);
            Assert.Equal(0F, record.Odometer);
            Assert.InRange(record.FreshAt, 0, _now);
            Assert.Equal(0, Quota.Used(record.MonthlyCost, _now + 1));
            Known known = new()
            {
                Slot = slot,
                Before = _departed.GetValueOrDefault(caller),
                Arrival = Gcra.TimeOf(record.Arrival),
                QuotaEnd = Quota.FreshAt(record.MonthlyCost),
            };
            Assert.Equal(known.Before, record.Before);
            _known.Add(caller, known);
            _used.Add(slot);
            return known;
        }

        private void ChargeQuota(Step step, Known known)
        {
            long end = ((_now / Minute) + 1 + step.Amount) * Minute;
            if (end >= known.QuotaEnd)
            {
                Assert.True(new Quota(1_000_000).TryCharge(ref _table[known.Slot].MonthlyCost, end, 1));
                known.QuotaEnd = end;
            }
        }

        private void Stand(Step step, Known known)
        {
            ref CallerRecord record = ref _table[known.Slot];
            switch (step.Amount)
            {
                case 0:
                    record.SetStanding((ulong)Posture.Guarded, 0xff);
                    break;
                case 1:
                    record.SetStanding((ulong)CallerFlags.Overridden << CallerRecord.FlagsShift, (ulong)CallerFlags.Overridden << CallerRecord.FlagsShift);
                    break;
                case 2:
                    record.SetDossier(0);
                    break;
                default:
                    record.SetStanding(0, ulong.MaxValue);
                    break;
            }

            known.Standing = record.Standing;
            Assert.Equal(step.Amount > 2, record.Standing == 0);
        }
    }
}
