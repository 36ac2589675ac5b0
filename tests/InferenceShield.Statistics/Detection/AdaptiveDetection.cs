using InferenceShield.Lab;

namespace InferenceShield.Statistics.Detection;

/// <summary>Thieves who know the algorithm, against twins who do not. Writes detection-adaptive.csv.</summary>
internal static class AdaptiveDetection
{
    public const string File = "detection-adaptive.csv";

    private const int Streams = 5;
    private const int FashionStreams = 3;
    private const int FashionCallers = 1_500;
    private const int LetterCallers = 3_000;
    private const int HonestCallers = 1_000;
    private const int Lives = 3;
    private const double Close = 0.3;

    private static readonly (float Least, float Most) s_small = (0.05f, 0.2f);

    private static readonly (string Name, AdaptiveThief Thief)[] s_thieves =
    [
        ("mix", new() { Proposal = ThiefProposal.Mix }),
        ("mix of small weight", new() { Proposal = ThiefProposal.Mix, Mix = s_small }),
        ("mix that keeps means", new() { Proposal = ThiefProposal.Mix, Guard = ThiefGuard.Means }),
        ("mix of small weight that keeps means", new() { Proposal = ThiefProposal.Mix, Mix = s_small, Guard = ThiefGuard.Means }),
        ("mix by own calibration", new() { Proposal = ThiefProposal.Mix, Guard = ThiefGuard.Calibration }),
        ("mix closely by own calibration", new() { Proposal = ThiefProposal.Mix, Guard = ThiefGuard.Calibration, Bound = Close }),
        ("jacobian", new() { Proposal = ThiefProposal.Jacobian }),
        ("jacobian of half the step", new() { Proposal = ThiefProposal.Jacobian, Step = 0.05f }),
        ("jacobian that keeps distance", new() { Proposal = ThiefProposal.Jacobian, KeepsDistance = true }),
        ("jacobian that keeps means", new() { Proposal = ThiefProposal.Jacobian, Guard = ThiefGuard.Means }),
        ("jacobian by own calibration", new() { Proposal = ThiefProposal.Jacobian, Guard = ThiefGuard.Calibration }),
        ("jacobian closely by own calibration", new() { Proposal = ThiefProposal.Jacobian, Guard = ThiefGuard.Calibration, Bound = Close }),
        ("active", new() { Proposal = ThiefProposal.Active }),
        ("active that keeps means", new() { Proposal = ThiefProposal.Active, Guard = ThiefGuard.Means }),
        ("active by own calibration", new() { Proposal = ThiefProposal.Active, Guard = ThiefGuard.Calibration }),
        ("active closely by own calibration", new() { Proposal = ThiefProposal.Active, Guard = ThiefGuard.Calibration, Bound = Close }),
        ("mix padded 0.5", new() { Proposal = ThiefProposal.Mix, Padding = 0.5 }),
        ("mix padded 0.8", new() { Proposal = ThiefProposal.Mix, Padding = 0.8 }),
        ("mix padded 0.95", new() { Proposal = ThiefProposal.Mix, Padding = 0.95 }),
        ("jacobian padded 0.8", new() { Proposal = ThiefProposal.Jacobian, Padding = 0.8 }),
    ];

    /// <summary>Images cost more: fewer thieves.</summary>
    private static readonly string[] s_fashion =
    [
        "mix", "mix of small weight", "mix that keeps means", "mix by own calibration", "mix closely by own calibration", "jacobian", "jacobian of half the step",
        "jacobian by own calibration", "jacobian closely by own calibration", "mix padded 0.8",
    ];

    public static void Run(string data, string folder, TextWriter log)
    {
        bool isFashion = data == WatchedModel.Fashion;
        int streams = isFashion ? FashionStreams : Streams;
        CellFile file = new(Path.Combine(folder, File), $"data,experiment,name,{WatchBench.Columns}", log);
        WatchBench bench = WatchBench.Create(WatchedModel.Load(data), isFashion ? FashionCallers : LetterCallers, new HonestTrafficOptions().MostQueries);
        log.WriteLine("calibrated");
        file.Run(data, "honest", "new callers", () => LetterDetection.Honest(bench, HonestCallers, isShifted: false));
        file.Run(data, "thief", "in-distribution", () => bench.Describe(Enumerable.Range(0, streams).Select(stream => bench.Ask(AttackTraffic.Knockoff, 500 + (ulong)stream))));
        foreach ((string name, AdaptiveThief thief) in s_thieves.Where(thief => !isFashion || s_fashion.Contains(thief.Name)))
        {
            file.Run(data, "thief", name, () => Describe(bench, thief, WatchBench.Budget, streams));
        }

        foreach (ThiefProposal proposal in isFashion ? [] : Enum.GetValues<ThiefProposal>())
        {
            AdaptiveThief guarded = new() { Proposal = proposal, Guard = ThiefGuard.Calibration };
            AdaptiveThief padded = new() { Proposal = proposal, Padding = 0.8 };
            file.Run(data, "drip", $"{Word(proposal)} by own calibration over {Lives} lives", () => Describe(bench, guarded, Lives * 5_000, 3));
            file.Run(data, "drip", $"{Word(proposal)} padded 0.8 over {Lives} lives", () => Describe(bench, padded, Lives * 5_000, 3));
        }

        OdometerLimits.Run(bench, file, isFashion ? [AttackTraffic.Knockoff] : OdometerLimits.Attacks);
        RunSearch(bench, file, isFashion ? [ThiefProposal.Mix] : [ThiefProposal.Mix, ThiefProposal.Jacobian], isFashion ? 2 : Streams);
        if (!isFashion)
        {
            RunSybils(bench, file, streams);
        }
    }

    private static string Word(ThiefProposal proposal) => proposal switch
    {
        ThiefProposal.Jacobian => "jacobian",
        ThiefProposal.Active => "active",
        _ => "mix",
    };

    private static string Describe(WatchBench bench, AdaptiveThief thief, int budget, int streams)
    {
        List<double> shares = [];
        return bench.Describe(
            Enumerable.Range(0, streams).Select(stream =>
            {
                Transcript transcript = thief.Ask(bench.Model, budget, 500 + (ulong)stream);
                shares.Add((double)thief.Attacks / transcript.Count);
                return transcript;
            }), () => shares.Average());
    }

    /// <summary>One campaign, in turn over its keys: the share of keys that are alarmed; its copy is of all answers; "statistic" is the last one's largest group.</summary>
    private static void RunSybils(WatchBench bench, CellFile file, int streams)
    {
        foreach (ThiefProposal proposal in Enum.GetValues<ThiefProposal>())
        {
            foreach (int keys in new[] { 10, 40, 100 })
            {
                file.Run(bench.Model.Name, "sybils", $"{Word(proposal)} over {keys} keys", () =>
                {
                    List<WatchedStream> watched = [];
                    double agreement = 0;
                    double odometer = 0;
                    int largest = 0;
                    int honest = 0;
                    int campaigns = Math.Min(streams, 2);
                    for (int campaign = 0; campaign < campaigns; campaign++)
                    {
                        Transcript transcript = new AdaptiveThief { Proposal = proposal }.Ask(bench.Model, WatchBench.Budget, 500 + (ulong)campaign);
                        QuerySignals[] signals = bench.Measure(transcript);
                        QuerySignals[][] split = [.. Enumerable.Range(0, keys).Select(key => signals.Where((_, i) => i % keys == key).ToArray())];
                        watched.AddRange(split.Select(queries => WatchedStream.Watch(bench.Calibration, queries)));
                        (largest, honest) = SybilLinks.Measure(bench.Calibration, split);
                        agreement += bench.Model.Agreement(transcript, transcript.Count, (ulong)campaign + 81) / campaigns;
                        odometer += WatchedStream.Watch(bench.Calibration, signals).Odometer / campaigns;
                    }

                    int?[] full = [.. watched.Select(key => key.Full)];
                    return string.Join(
                        ',', watched.Count, WatchBench.Number(Quantiles.Share(full)), Quantiles.Of(full, 0.5), Quantiles.Of(full, 0.9),
                        WatchBench.Number(Quantiles.Share([.. watched.Select(key => key.Output)])), "never", "never", $"{largest} linked above {honest}", 1, "none",
                        WatchBench.Number(agreement), WatchBench.Number(odometer));
                });
            }
        }
    }

    /// <summary>"Alarmed" is the share of keys, "statistic" how many there were, "attack share" that of queries which got full answers.</summary>
    private static void RunSearch(WatchBench bench, CellFile file, ThiefProposal[] proposals, int streams)
    {
        foreach (ThiefProposal proposal in proposals)
        {
            foreach ((string name, bool looks, bool isAnswered) in new[] { ("looks", true, true), ("stays", false, true), ("is not answered", false, false) })
            {
                file.Run(bench.Model.Name, "search", $"{Word(proposal)} that {name}", () =>
                {
                    SearchingThief thief = new() { Start = new() { Proposal = proposal }, Looks = looks, IsAnswered = isAnswered };
                    double keys = 0;
                    double alarmed = 0;
                    double full = 0;
                    double rung = 0;
                    double agreement = 0;
                    for (int stream = 0; stream < streams; stream++)
                    {
                        Transcript transcript = thief.Ask(bench, WatchBench.Budget, 600 + (ulong)stream);
                        keys += (double)thief.Keys / streams;
                        alarmed += (double)thief.AlarmedKeys / streams;
                        full += thief.FullAnswers / streams;
                        rung += (double)thief.Rung / streams;
                        agreement += bench.Model.Agreement(transcript, transcript.Count, (ulong)stream + 81) / streams;
                    }

                    return string.Join(
                        ',', streams, WatchBench.Number(alarmed / keys), "none", "none", 0, "none", "none", $"{WatchBench.Number(keys)} keys {WatchBench.Number(rung)} halvings",
                        WatchBench.Number(full), "none", WatchBench.Number(agreement), "none");
                });
            }
        }
    }
}
