using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

/// <summary>The posture engine against a model that keeps the whole history and looks through all of it each time.</summary>
public sealed class PostureModelTests
{
    private const int Callers = 4;
    private const long Hour = 3_600_000_000_000;

    private enum Kind
    {
        Ask,
        Alarm,
        NextEpoch,
        Odometer,
        Wait,
        StepBack,
        Pin,
        Reload,
        Clear,
    }

    [Fact]
    public void Postures_follow_the_rules_whatever_happens()
    {
        int changes = 0;
        int falls = 0;
        Properties.Hold(Cases(), steps =>
        {
            using PostureBench bench = new();
            Model model = new(bench);
            foreach (Step step in steps)
            {
                model.Do(step);
            }

            changes += bench.Transitions.Count();
            falls += bench.Transitions.Count(one => one.To < one.From);
        }, tests: 300);
        Assert.True(changes > 1_000 && falls > 100, $"The cases reach {changes} changes, {falls} of them down.");
    }

    private static Gen<Step[]> Cases()
    {
        Gen<Step> step = Gen.Frequency(
            (6, StepOf(Kind.Ask)), (5, StepOf(Kind.Alarm)), (1, StepOf(Kind.NextEpoch)), (2, StepOf(Kind.Odometer)), (8, StepOf(Kind.Wait)),
            (1, StepOf(Kind.StepBack)), (2, StepOf(Kind.Pin)), (1, StepOf(Kind.Reload)), (1, StepOf(Kind.Clear)));
        return Properties.Sequences(step, 80);

        static Gen<Step> StepOf(Kind kind) =>
            from caller in Gen.Choose(0, Callers - 1)
            from number in Gen.Choose(0, 1_000_000)
            select new Step(kind, caller, number);
    }

    private sealed record Step(Kind Kind, int Caller, int Number);

    private sealed class Seen
    {
        public int Epoch { get; set; }

        public int Queries { get; set; }

        public double Odometer { get; set; }

        public Dictionary<int, DetectionVerdict> Verdicts { get; } = [];

        public HashSet<(int Kind, int Epoch)> Known { get; } = [];

        public HashSet<(int Kind, int Epoch)> Forgiven { get; } = [];

        public List<(long At, Posture Posture)> Evidence { get; } = [];

        public (int Epoch, int Queries) Last { get; set; } = (0, -1);

        public Posture Posture { get; set; }

        public (Posture Posture, long At, int Queries, int Epoch)? Due { get; set; }

        public long Since { get; set; }

        public Posture LastStanding { get; set; }
    }

    private sealed class Model(PostureBench bench)
    {
        private readonly Seen[] _callers = [.. Enumerable.Range(0, Callers).Select(_ => new Seen())];
        private readonly PostureDelay _delay = new(PostureBench.DelayKey);
        private PostureOptions _options = PostureBench.Swift();
        private bool _enforces = true;
        private long _time;

        public void Do(Step step)
        {
            Seen caller = _callers[step.Caller];
            TimeSpan wait = TimeSpan.Zero;
            switch (step.Kind)
            {
                case Kind.Ask:
                    caller.Queries += (step.Number % 40) + 1;
                    break;
                case Kind.Alarm:
                    Alarm(caller, step.Number % 4, isAdvisory: step.Number % 11 == 0);
                    break;
                case Kind.NextEpoch:
                    caller.Epoch++;
                    caller.Queries = 1;
                    break;
                case Kind.Odometer:
                    caller.Odometer = step.Number % 100 / 100.0;
                    break;
                case Kind.Wait:
                    wait = TimeSpan.FromTicks((long)(Hour / 100 * Math.Pow(10, step.Number / 250_000.0) / 20));
                    break;
                case Kind.StepBack:
                    wait = -TimeSpan.FromMinutes(step.Number % 1_000);
                    break;
                case Kind.Pin:
                    Pin(step.Caller, step.Number);
                    break;
                case Kind.Reload:
                    Reload(step.Number);
                    break;
                case Kind.Clear:
                    Clear(caller, step.Caller);
                    break;
            }

            Tick(wait);
            for (int number = 0; number < Callers; number++)
            {
                Check(number);
            }
        }

        private void Alarm(Seen caller, int kind, bool isAdvisory)
        {
            if (caller.Verdicts.TryGetValue(kind, out DetectionVerdict? before) && before.LatestEpoch == caller.Epoch)
            {
                return;
            }

            caller.Queries++;
            caller.Verdicts[kind] = before is null
                ? PostureBench.Alarm((DetectionFamily)(kind / 2), (DetectionLevel)(kind % 2), caller.Queries, caller.Epoch, 1, isAdvisory)
                : before with { Epochs = before.Epochs + 1, LatestEpoch = caller.Epoch };
        }

        private void Pin(int caller, int number)
        {
            CallerKey key = bench.Caller(caller);
            switch (number % 6)
            {
                case 0:
                    bench.Admission.Overrides.Set(key, new CallerOverride { Exempt = true });
                    break;
                case < 4:
                    bench.Admission.Overrides.Restore(key);
                    break;
                default:
                    bench.Admission.Overrides.Set(key, new CallerOverride { Posture = (Posture)(number / 6 % 4) });
                    break;
            }
        }

        private void Reload(int number)
        {
            _options = new PostureOptions
            {
                Mode = (number % 8) switch { 0 => PostureMode.Off, 1 => PostureMode.Observe, _ => PostureMode.Act },
                FullAlarm = (Posture)(number / 8 % 3),
                OutputAlarm = (Posture)(number / 24 % 4),
                AdvisoryAlarm = (Posture)(number / 96 % 2),
                DelayQueries = number / 192 % 2 * 30,
                DelayTime = TimeSpan.FromSeconds(number / 384 % 2 * 3_000),
                Dwell = TimeSpan.FromHours(number / 768 % 3),
                Decay = TimeSpan.FromHours(number / 2_304 % 5 * 6),
            };
            if (number % 3 == 0)
            {
                _options.CallerOdometer.Add(new OdometerBand { Limit = .4 });
                _options.CallerOdometer.Add(new OdometerBand { Limit = .9, Posture = Posture.Restricted });
            }

            _enforces = number % 13 != 0;
            bench.Rules = bench.RulesOf(_options, _enforces);
        }

        private void Clear(Seen caller, int number)
        {
            bench.Engine.Clear(bench.Caller(number));
            caller.Forgiven.UnionWith(caller.Known);
            caller.Due = null;
            if (caller.Posture != Posture.Normal)
            {
                (caller.Posture, caller.Since) = (Posture.Normal, _time);
            }
        }

        private void Tick(TimeSpan wait)
        {
            // As the shield does it: first time passes, then all callers are read, then it is decided.
            bench.Tick(wait);
            for (int number = 0; number < Callers; number++)
            {
                Seen caller = _callers[number];
                bench.Engine.Take(bench.Caller(number), new CallerReading(caller.Epoch, caller.Queries, default, caller.Odometer, [.. caller.Verdicts.Values]));
            }

            bench.Tick(TimeSpan.Zero);
            _time += Math.Max(0, wait.Ticks * 100);
            for (int number = 0; number < Callers; number++)
            {
                Advance(_callers[number]); // before what is read now
                Read(number);
                Advance(_callers[number]);
            }
        }

        private Posture Standing(Seen caller) => _options.Mode == PostureMode.Off
            ? Posture.Normal
            : _options.CallerOdometer.Where(band => caller.Odometer >= band.Limit).Select(band => band.Posture).DefaultIfEmpty().Max();

        private Posture Of(DetectionVerdict verdict) =>
            verdict.IsAdvisory ? _options.AdvisoryAlarm
            : verdict.Family == DetectionFamily.Output ? _options.OutputAlarm
            : verdict.Level == DetectionLevel.Strict && verdict.Epochs > 1 ? (Posture)Math.Max((int)_options.FullAlarm, (int)_options.RepeatedFullAlarm)
            : _options.FullAlarm;

        private void Read(int number)
        {
            Seen caller = _callers[number];
            bool asked = caller.Last != (caller.Epoch, caller.Queries);
            caller.Last = (caller.Epoch, caller.Queries);
            caller.LastStanding = Standing(caller);
            if (_options.Mode == PostureMode.Off)
            {
                caller.Known.UnionWith(caller.Verdicts.Select(one => (one.Key, one.Value.LatestEpoch)));
                return;
            }

            foreach ((int kind, DetectionVerdict verdict) in caller.Verdicts)
            {
                bool isNew = caller.Known.Add((kind, verdict.LatestEpoch));
                if ((isNew || (asked && verdict.LatestEpoch == caller.Epoch)) && !caller.Forgiven.Contains((kind, verdict.LatestEpoch)))
                {
                    Demand(number, Of(verdict), isNew && verdict.Epoch == caller.Epoch ? (int)verdict.Queries : caller.Queries, (ulong)kind, verdict.LatestEpoch);
                }
            }

            if (Standing(caller) > Posture.Normal)
            {
                Demand(number, Standing(caller), caller.Queries, 16, caller.Epoch);
            }
        }

        private void Demand(int number, Posture posture, int queries, ulong alarm, int epoch)
        {
            Seen caller = _callers[number];
            caller.Evidence.Add((_time, posture));
            if (posture > caller.Posture && posture > (caller.Due?.Posture ?? Posture.Normal))
            {
                (int more, long time) = _delay.Of(bench.Caller(number), epoch, alarm, _options.DelayQueries, _options.DelayTime.Ticks * 100);
                caller.Due = (posture, _time + time, queries + more, caller.Epoch);
            }
        }

        private void Advance(Seen caller)
        {
            if (_options.Mode == PostureMode.Off)
            {
                caller.Due = null;
                (caller.Posture, caller.Since) = caller.Posture == Posture.Normal ? (Posture.Normal, caller.Since) : (Posture.Normal, _time);
                caller.LastStanding = Posture.Normal;
            }
            else if (caller.Due is { } due)
            {
                if (_time >= due.At || caller.Last.Queries >= due.Queries || caller.Last.Epoch != due.Epoch)
                {
                    (caller.Posture, caller.Since, caller.Due) = (due.Posture, _time, null);
                }
            }
            else if (caller.Posture > caller.LastStanding && _time - caller.Since >= _options.Dwell.Ticks * 100
                && _time - Math.Max(caller.Since, caller.Evidence.Where(one => one.Posture >= caller.Posture).Select(one => one.At).DefaultIfEmpty().Max()) >= _options.Decay.Ticks * 100)
            {
                (caller.Posture, caller.Since) = (caller.Posture - 1, _time);
            }
        }

        private void Check(int number)
        {
            Seen caller = _callers[number];
            CallerDetection? described = bench.Engine.Describe(bench.Caller(number), null, null);
            Assert.Equal(caller.Posture, described?.Found ?? Posture.Normal);
            Assert.Equal(caller.Due?.Posture, described?.Pending);
            CallerOverride? found = bench.Admission.Overrides.TryGet(bench.Caller(number));
            bool applies = _enforces && _options.Mode == PostureMode.Act && found is not { Exempt: true };
            Assert.Equal(found?.Posture ?? (applies ? caller.Posture : Posture.Normal), bench.PostureOf(number));
        }
    }
}
