using InferenceShield.Lab;

namespace InferenceShield.Statistics.Detection;

/// <summary>Attackers among the callers of a calibration: what detection loses. Writes detection-poisoned.csv.</summary>
internal static class PoisonedDetection
{
    public const string File = "detection-poisoned.csv";

    private const int Callers = 1_500;
    private const int Longest = 2_000;
    private const int TestCallers = 1_000;
    private const int Streams = 8;
    private const int PoisonStreams = 12;
    private const string Clean = "clean";
    private const double ReviewTrim = 0.1;
    private const ulong FitSeed = 72;

    private static readonly double[] s_trimmed = [0, 0.02, 0.05, ReviewTrim];

    private static readonly string[] s_attacks =
        [AttackTraffic.Active, AttackTraffic.Mixtures, AttackTraffic.Jbda, AttackTraffic.Line, AttackTraffic.Uniform, AttackTraffic.Shuffled];

    public static void Run(string folder, TextWriter log)
    {
        CellFile file = new(Path.Combine(folder, File), "data,calibration,name,callers,alarmed,median,p90,output alarmed,output median,strict", log);
        WatchBench bench = WatchBench.Create(WatchedModel.Load(WatchedModel.Letters), Callers, Longest);
        QuerySignals[][] tests = [.. s_attacks.SelectMany(attack => Enumerable.Range(0, Streams).Select(stream => bench.Measure(bench.Ask(attack, 700 + (ulong)stream))))];
        QuerySignals[][] poison = [.. s_attacks.SelectMany(attack => Enumerable.Range(0, PoisonStreams).Select(stream => bench.Measure(bench.Ask(attack, 800 + (ulong)stream))))];
        CallerHistory[] honest = [.. bench.Honest(TestCallers, Longest)];
        log.WriteLine("measured");
        foreach (double trimmed in s_trimmed)
        {
            Fit(Clean, 0, trimmed);
        }

        foreach (double share in new[] { 0.05, 0.01, 0.1 })
        {
            foreach (string attack in new[] { AttackTraffic.Mixtures, AttackTraffic.Jbda, AttackTraffic.Uniform })
            {
                foreach (double trimmed in s_trimmed)
                {
                    Fit(attack, share, trimmed);
                }
            }
        }

        void Fit(string attack, double share, double trimmed)
        {
            string calibration = $"{(attack == Clean ? Clean : $"{attack} {WatchBench.Number(share)}")} trimmed {WatchBench.Number(trimmed)}";
            string reviewed = $"{calibration} then reviewed";
            string dropped = $"{calibration} then all listed dropped";
            bool isReviewed = trimmed == ReviewTrim;
            if (file.Holds(bench.Model.Name, isReviewed ? dropped : calibration, s_attacks[^1]))
            {
                return;
            }

            List<CallerHistory> callers = [.. bench.Callers];
            int at = Math.Max(0, Array.IndexOf(s_attacks, attack)) * PoisonStreams;
            int attackers = (int)(share * callers.Count);
            for (int i = 0; i < attackers; i++)
            {
                callers[i] = Poison(poison[at + (i % PoisonStreams)], (ulong)i);
            }

            DetectionCalibration fitted = CalibrationFit.Fit(bench.Profile, callers, bench.Proxies, FitSeed, trimmed);
            Write(calibration, fitted);
            if (isReviewed)
            {
                // An operator looks at the callers that the trimmed fit alarms, and takes the attackers among them out; the honest ones stay.
                WatchedStream[] seen = [.. callers.Select(caller => WatchedStream.Watch(fitted, caller.Queries))];
                file.Run(bench.Model.Name, calibration, "list of attackers", () => Row(seen[..Math.Max(1, attackers)]));
                file.Run(bench.Model.Name, calibration, "list of honest callers", () => Row(seen[attackers..]));
                CallerHistory[] kept = [.. callers.Where((_, i) => i >= attackers || seen[i].Full is null)];
                Write(reviewed, CalibrationFit.Fit(bench.Profile, kept, bench.Proxies, FitSeed));
                Write(dropped, CalibrationFit.Fit(bench.Profile, [.. callers.Where((_, i) => seen[i].Full is null)], bench.Proxies, FitSeed));
            }
        }

        void Write(string calibration, DetectionCalibration fitted)
        {
            file.Run(bench.Model.Name, calibration, "honest", () => Row([.. honest.Select(caller => WatchedStream.Watch(fitted, caller.Queries))]));
            for (int tested = 0; tested < s_attacks.Length; tested++)
            {
                WatchedStream[] streams = [.. tests.Skip(tested * Streams).Take(Streams).Select(queries => WatchedStream.Watch(fitted, queries))];
                file.Run(bench.Model.Name, calibration, s_attacks[tested], () => Row(streams));
            }
        }
    }

    /// <summary>A caller that attacked while the calibration's log was written: a stretch of a theft, as long as a caller lives.</summary>
    private static CallerHistory Poison(QuerySignals[] theft, ulong number)
    {
        SeededRandom random = new(number, stream: 240);
        int life = (int)(200 * Math.Exp(random.NextShare() * Math.Log(Longest / 200.0)));
        int from = random.NextInt32(theft.Length - life + 1);
        return new CallerHistory((1UL << 40) + number, theft[from..(from + life)]);
    }

    private static string Row(WatchedStream[] streams)
    {
        int?[] full = [.. streams.Select(stream => stream.Full)];
        int?[] output = [.. streams.Select(stream => stream.Output)];
        return string.Join(
            ',', streams.Length, WatchBench.Number(Quantiles.Share(full)), Quantiles.Of(full, 0.5), Quantiles.Of(full, 0.9), WatchBench.Number(Quantiles.Share(output)),
            Quantiles.Of(output, 0.5), WatchBench.Number(Quantiles.Share([.. streams.Select(stream => stream.Strict)])));
    }
}
