using System.Globalization;
using InferenceShield.Lab;

namespace InferenceShield.Statistics.Detection;

/// <summary>A watched model with a calibration, and thieves' streams before it.</summary>
internal sealed class WatchBench
{
    public const int Budget = 4_000;

    /// <summary>Columns of what <see cref="Describe"/> writes.</summary>
    public const string Columns = "callers,alarmed,median,p90,output alarmed,output median,strict median,statistic,attack share,agreement at alarm,agreement,odometer";

    private const ulong Key = 71;
    private const ulong CalibrationSeed = 72;
    private const ulong HonestSeed = 73;

    private WatchBench(WatchedModel model, DetectionProfile profile, IReadOnlyList<CallerHistory> callers, QuerySignals[] proxies)
    {
        Model = model;
        Profile = profile;
        Callers = callers;
        Proxies = proxies;
        Calibration = CalibrationFit.Fit(profile, callers, proxies, CalibrationSeed);
    }

    public WatchedModel Model { get; }

    public DetectionProfile Profile { get; }

    /// <summary>The honest callers of the calibration.</summary>
    public IReadOnlyList<CallerHistory> Callers { get; }

    public QuerySignals[] Proxies { get; }

    public DetectionCalibration Calibration { get; }

    /// <summary>Simulates honest callers and calibrates on them.</summary>
    public static WatchBench Create(WatchedModel model, int callers, int longest)
    {
        DetectionProfile profile = model.Learn(Key, model.Calibration, model.Model);
        return new WatchBench(
            model, profile,
            [.. model.Callers(profile, model.Model, model.Calibration, callers, CalibrationSeed, model.Traffic with { MostQueries = longest })],
            model.Proxies(profile, model.Model, model.Calibration, CalibrationSeed));
    }

    /// <summary>Callers that come after the calibration, of rows of their own.</summary>
    public IEnumerable<CallerHistory> Honest(int count, int longest, bool isShifted = false) =>
        Model.Callers(
            Profile, Model.Model, Model.Honest, count, isShifted ? HonestSeed + 1 : HonestSeed, Model.Traffic with { MostQueries = longest, IsShifted = isShifted });

    public QuerySignals[] Measure(Transcript transcript) => TrafficMeasure.MeasureTranscript(Profile, transcript);

    public WatchedStream Watch(Transcript transcript) => WatchedStream.Watch(Calibration, Measure(transcript));

    /// <summary>One attack of the catalogue.</summary>
    public Transcript Ask(string attack, ulong seed, int budget = Budget) =>
        AttackTraffic.AskAsync(attack, Model.Model, Model.Thief, budget, seed, CancellationToken.None).GetAwaiter().GetResult();

    /// <summary>What became of thieves who ask alike.</summary>
    /// <param name="transcripts">One for each seed; made when asked for, and not kept.</param>
    /// <param name="attackShare">Share of their queries that belong to the attack, asked for afterwards.</param>
    /// <param name="copies">Of so many of them a copy is trained.</param>
    public string Describe(IEnumerable<Transcript> transcripts, Func<double>? attackShare = null, int copies = 2)
    {
        List<WatchedStream> streams = [];
        List<double> atAlarm = [];
        List<double> inTheEnd = [];
        foreach (Transcript transcript in transcripts)
        {
            WatchedStream stream = Watch(transcript);
            if (streams.Count < copies)
            {
                inTheEnd.Add(Model.Agreement(transcript, transcript.Count, (ulong)streams.Count + 81));
                if (stream.Full is { } alarm)
                {
                    atAlarm.Add(Model.Agreement(transcript, alarm, (ulong)streams.Count + 81));
                }
            }

            streams.Add(stream);
        }

        int?[] full = [.. streams.Select(stream => stream.Full)];
        int?[] output = [.. streams.Select(stream => stream.Output)];
        string statistic = streams.Where(stream => stream.Statistic is not null).GroupBy(stream => stream.Statistic).MaxBy(group => group.Count())?.Key.ToString() ?? "none";
        return string.Join(
            ',', streams.Count, Number(Quantiles.Share(full)), Quantiles.Of(full, 0.5), Quantiles.Of(full, 0.9), Number(Quantiles.Share(output)), Quantiles.Of(output, 0.5),
            Quantiles.Of([.. streams.Select(stream => stream.Strict)], 0.5), statistic, Number(attackShare?.Invoke() ?? 1), atAlarm.Count == 0 ? "none" : Number(atAlarm.Average()),
            Number(inTheEnd.Average()), Number(streams.Average(stream => stream.Odometer)));
    }

    public static string Number(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);
}
