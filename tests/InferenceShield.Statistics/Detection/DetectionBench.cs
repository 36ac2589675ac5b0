using System.Collections.Concurrent;
using InferenceShield.Lab;

namespace InferenceShield.Statistics.Detection;

/// <summary>A calibration, honest callers and thieves, each measured when first asked for. Seeded throughout; threads change nothing.</summary>
internal sealed class DetectionBench
{
    private const ulong FitSeed = 7;
    private const ulong AttackSeed = 1_000;

    /// <summary>Callers that pad and callers that calibrate components alone are nobody else.</summary>
    private const int FirstCover = 1_000_000;
    private const int FirstComponent = 2_000_000;
    private const int ComponentCallers = 1_000;
    private const int TrafficStep = 50;

    private readonly Lazy<QuerySignals[]> _calibrationRows;
    private readonly Lazy<QuerySignals[]> _testRows;
    private readonly Lazy<(DetectionCalibration Calibration, QuerySignals[] Traffic)> _calibration;
    private readonly Lazy<CallerOutcome[]> _honest;
    private readonly Lazy<CallerOutcome[]> _shifted;
    private readonly Lazy<float[]> _componentThresholds;
    private readonly Lazy<QuerySignals[][]> _covers;
    private readonly ConcurrentDictionary<string, QuerySignals[][]> _streams = new();

    public DetectionBench(DetectionSetup setup, DetectionScale scale)
    {
        Setup = setup;
        Scale = scale;
        _calibrationRows = new(() => TrafficMeasure.MeasureRows(setup.Profile, setup.Victim, setup.Calibration.Values.Span));
        _testRows = new(() => TrafficMeasure.MeasureRows(setup.Profile, setup.Victim, setup.Test.Values.Span));
        _calibration = new(Calibrate);
        _honest = new(() => Watch(setup.TestTraffic(scale.Lives), _testRows.Value, 0, scale.Test));
        _shifted = new(() => Watch(setup.TestTraffic(scale.Lives with { IsShifted = true }), _testRows.Value, 0, scale.Shifted));
        _componentThresholds = new(FindComponentThresholds);
        _covers = new(() => Measure(setup.TestTraffic(scale.Lives with { FewestQueries = scale.Queries, MostQueries = scale.Queries }), _testRows.Value, FirstCover, scale.Streams));
    }

    public DetectionSetup Setup { get; }

    public DetectionScale Scale { get; }

    public DetectionCalibration Calibration => _calibration.Value.Calibration;

    /// <summary>Queries of calibration callers, without saying whose.</summary>
    public QuerySignals[] CalibrationTraffic => _calibration.Value.Traffic;

    /// <summary>What was measured of the calibration rows as they are.</summary>
    public QuerySignals[] CalibrationRows => _calibrationRows.Value;

    public CallerOutcome[] Honest => _honest.Value;

    public CallerOutcome[] Shifted => _shifted.Value;

    /// <summary>By statistic: what 1 % of further honest callers, of the calibration's rows, pass.</summary>
    public float[] ComponentThresholds => _componentThresholds.Value;

    /// <summary>Honest callers who last as long as thieves.</summary>
    public QuerySignals[][] Covers => _covers.Value;

    /// <summary>What thieves of a kind ask.</summary>
    public QuerySignals[][] Streams(string attack) => _streams.GetOrAdd(attack, name =>
    {
        QuerySignals[][] streams = new QuerySignals[Scale.Streams][];
        Parallel.For(0, streams.Length, stream => streams[stream] = TrafficMeasure.MeasureTranscript(Setup.Profile, Ask(name, stream)));
        return streams;
    });

    /// <summary>The same with inputs and answers.</summary>
    public Transcript Ask(string attack, int stream) => Setup.AskAsync(attack, Scale.Queries, AttackSeed + (ulong)stream).GetAwaiter().GetResult();

    /// <summary>Test callers' lives once more, one at a time.</summary>
    public void ForEachHonest(Action<int, QuerySignals[]> visit) =>
        ForEach(Setup.TestTraffic(Scale.Lives), _testRows.Value, 0, Scale.Test, visit);

    private CallerOutcome[] Watch(HonestTraffic traffic, QuerySignals[] rows, int first, int count)
    {
        CallerOutcome[] outcomes = new CallerOutcome[count];
        DetectionCalibration calibration = Calibration;
        ForEach(traffic, rows, first, count, (caller, life) => outcomes[caller] = CallerOutcome.Of(calibration, life));
        return outcomes;
    }

    private QuerySignals[][] Measure(HonestTraffic traffic, QuerySignals[] rows, int first, int count)
    {
        QuerySignals[][] lives = new QuerySignals[count][];
        ForEach(traffic, rows, first, count, (caller, life) => lives[caller] = life);
        return lives;
    }

    private void ForEach(HonestTraffic traffic, QuerySignals[] rows, int first, int count, Action<int, QuerySignals[]> visit) =>
        Parallel.For(0, count, caller => visit(caller, TrafficMeasure.MeasureCaller(Setup.Profile, Setup.Victim, traffic.Start(first + caller), rows)));

    private (DetectionCalibration Calibration, QuerySignals[] Traffic) Calibrate()
    {
        QuerySignals[][] lives = Measure(Setup.CalibrationTraffic(Scale.Lives), CalibrationRows, 0, Scale.Calibration);
        CallerHistory[] callers = [.. lives.Select((life, caller) => new CallerHistory((ulong)caller, life))];
        QuerySignals[] traffic = [.. lives.SelectMany(life => life.Where((_, query) => query % TrafficStep == 0))];
        return (CalibrationFit.Fit(Setup.Profile, callers, Setup.MeasureProxies(), FitSeed), traffic);
    }

    private float[] FindComponentThresholds()
    {
        CallerOutcome[] outcomes = Watch(Setup.CalibrationTraffic(Scale.Lives), CalibrationRows, FirstComponent, Math.Min(ComponentCallers, Scale.Calibration));
        int rank = Math.Max(0, (int)(0.01 * (outcomes.Length + 1)) - 1);
        return [.. Enumerable.Range(0, DetectionThresholds.Statistics).Select(statistic => outcomes.Select(outcome => outcome.Maxima[statistic]).OrderDescending().ElementAt(rank))];
    }
}
