using InferenceShield.Lab;

namespace InferenceShield.Statistics.Detection;

/// <summary>Detection on letters: what is promised and what is found on tables. Writes detection-letters.csv.</summary>
internal static class LetterDetection
{
    public const string File = "detection-letters.csv";

    private const string NearCopies = "near-copies";
    private const int CalibrationCallers = 3_000;
    private const int TestCallers = 2_500;
    private const int ShiftedCallers = 400;
    private const int Streams = 20;

    private static readonly string[] s_attacks =
    [
        AttackTraffic.Knockoff, AttackTraffic.Active, AttackTraffic.Mixtures, AttackTraffic.Jbda, AttackTraffic.JbdaTop, AttackTraffic.Line, AttackTraffic.Boundary,
        AttackTraffic.Grid, AttackTraffic.Uniform, AttackTraffic.Shuffled,
    ];

    public static void Run(string folder, TextWriter log)
    {
        CellFile file = new(Path.Combine(folder, File), $"data,experiment,name,{WatchBench.Columns}", log);
        WatchBench bench = WatchBench.Create(WatchedModel.Load(WatchedModel.Letters), CalibrationCallers, new HonestTrafficOptions().MostQueries);
        log.WriteLine("calibrated");
        file.Run(WatchedModel.Letters, "honest", "new callers", () => Honest(bench, TestCallers, isShifted: false));
        file.Run(WatchedModel.Letters, "honest", "unseen shift", () => Honest(bench, ShiftedCallers, isShifted: true));
        foreach (string attack in s_attacks)
        {
            file.Run(WatchedModel.Letters, "attack", attack, () => bench.Describe(Enumerable.Range(0, Streams).Select(stream => bench.Ask(attack, 300 + (ulong)stream))));
        }

        file.Run(WatchedModel.Letters, "attack", NearCopies, () => bench.Describe(Enumerable.Range(0, Streams).Select(stream => AskNearCopies(bench.Model, 300 + (ulong)stream))));
    }

    /// <summary>Shares of honest callers that are alarmed in their lives.</summary>
    public static string Honest(WatchBench bench, int callers, bool isShifted, int longest = 5_000)
    {
        WatchedStream[] streams = [.. bench.Honest(callers, longest, isShifted).Select(caller => WatchedStream.Watch(bench.Calibration, caller.Queries))];
        int?[] full = [.. streams.Select(stream => stream.Full)];
        string statistic = streams.Where(stream => stream.Statistic is not null).GroupBy(stream => stream.Statistic).MaxBy(group => group.Count())?.Key.ToString() ?? "none";
        return string.Join(
            ',', callers, WatchBench.Number(Quantiles.Share(full)), Quantiles.Of(full, 0.5), Quantiles.Of(full, 0.9),
            WatchBench.Number(Quantiles.Share([.. streams.Select(stream => stream.Output)])), "never",
            WatchBench.Number(Quantiles.Share([.. streams.Select(stream => stream.Strict)])), statistic, 0, "none", "none", WatchBench.Number(streams.Average(stream => stream.Odometer)));
    }

    /// <summary>Rows of the pool, each asked eight times with a little noise.</summary>
    private static Transcript AskNearCopies(WatchedModel model, ulong seed)
    {
        const int Copies = 8;
        const float Noise = 0.05f;
        SeededRandom random = new(seed, stream: 231);
        float[] rows = new float[WatchBench.Budget * model.Thief.Width];
        int original = 0;
        for (int i = 0; i < WatchBench.Budget; i++)
        {
            original = i % Copies == 0 ? random.NextInt32(model.Thief.Count) : original;
            Span<float> row = rows.AsSpan(i * model.Thief.Width, model.Thief.Width);
            model.Thief.GetRow(original).CopyTo(row);
            foreach (ref float value in row)
            {
                value += Noise * (float)random.NextGaussian();
            }
        }

        Transcript transcript = new(model.Thief.Width, model.Model.ClassCount);
        transcript.Add(rows, WatchedModel.Answer(model.Model, rows));
        return transcript;
    }
}
