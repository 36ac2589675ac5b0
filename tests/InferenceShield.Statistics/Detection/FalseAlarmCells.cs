using InferenceShield.Lab;

namespace InferenceShield.Statistics.Detection;

/// <summary>How many honest callers are alarmed in their lives, and how far their odometers get.</summary>
internal static class FalseAlarmCells
{
    public const string Experiment = "honest";
    public const string Calibrated = "as calibrated";
    public const string Shifted = "unseen shift";
    public const string Full = "full";
    public const string FullStrict = "full strict";
    public const string Output = "output";
    public const string OutputStrict = "output strict";
    public const string AnswersAlone = "output without near-duplicates";
    public const string AnswersAloneStrict = "output without near-duplicates strict";
    public const string ColdStart = "cold start";
    public const string ColdStartOfRows = "cold start of clean rows";
    public const string PooledCusum = "pooled cusum";
    public const string LabelCusum = "label cusum";
    public const string Odometer = "odometer";
    public const string ShiftKinds = "honest by shift";
    public const string Uncalibrated = "uncalibrated";

    public static IEnumerable<DetectionRow> Run(DetectionBench bench, string callers)
    {
        CallerOutcome[] outcomes = callers == Shifted ? bench.Shifted : bench.Honest;
        DetectionThresholds thresholds = bench.Calibration.Thresholds!;
        DetectionRow Share(string statistic, Func<CallerOutcome, bool> alarmed) =>
            DetectionRow.OfShare(Experiment, callers, "0", statistic, outcomes.Count(alarmed), outcomes.Length);
        yield return Share(Full, outcome => double.IsFinite(outcome.AlarmOf(DetectionFamily.Full, DetectionLevel.Promise)));
        yield return Share(FullStrict, outcome => double.IsFinite(outcome.AlarmOf(DetectionFamily.Full, DetectionLevel.Strict)));
        yield return Share(Output, outcome => double.IsFinite(outcome.AlarmOf(DetectionFamily.Output, DetectionLevel.Promise)));
        yield return Share(OutputStrict, outcome => double.IsFinite(outcome.AlarmOf(DetectionFamily.Output, DetectionLevel.Strict)));
        yield return Share(AnswersAlone, outcome => outcome.PassesOfAnswersAlone(thresholds, DetectionLevel.Promise));
        yield return Share(AnswersAloneStrict, outcome => outcome.PassesOfAnswersAlone(thresholds, DetectionLevel.Strict));
        if (callers == Shifted)
        {
            HonestTraffic traffic = bench.Setup.TestTraffic(bench.Scale.Lives with { IsShifted = true });
            foreach (IGrouping<InputChangeKind, CallerOutcome> kind in outcomes.Select((outcome, caller) => (outcome, caller)).GroupBy(pair => traffic.Start(pair.caller).LifeChange.Kind, pair => pair.outcome).OrderBy(kind => kind.Key))
            {
                yield return DetectionRow.OfShare(
                    ShiftKinds, $"{kind.Key}", "0", Full, kind.Count(outcome => double.IsFinite(outcome.AlarmOf(DetectionFamily.Full, DetectionLevel.Promise))), kind.Count());
                yield return DetectionRow.OfShare(
                    ShiftKinds, $"{kind.Key}", "0", AnswersAlone, kind.Count(outcome => outcome.PassesOfAnswersAlone(thresholds, DetectionLevel.Promise)), kind.Count());
            }
        }

        for (int statistic = 0; statistic < DetectionThresholds.Statistics; statistic++)
        {
            int place = statistic;
            yield return Share(DelayCells.NameOf((DetectionStatistic)place), outcome => outcome.Maxima[place] > bench.ComponentThresholds[place]);
        }
    }

    /// <summary>Detectors of textbooks, and the one for the first days, none of which needs callers to calibrate.</summary>
    public static IEnumerable<DetectionRow> RunUncalibrated(DetectionBench bench)
    {
        QuerySignals[] proxies = bench.Setup.MeasureProxies();
        DetectionCalibration rows = CalibrationFit.FitRows(bench.Setup.Profile, bench.CalibrationRows, proxies);
        DetectionCalibration traffic = CalibrationFit.FitRows(bench.Setup.Profile, bench.CalibrationTraffic, proxies);
        NaiveCusum pooled = NaiveCusum.Pooled(traffic.Tables);
        NaiveCusum labels = new(traffic.Tables);
        int count = bench.Scale.Test;
        bool[][] alarmed = [new bool[count], new bool[count], new bool[count], new bool[count]];
        bench.ForEachHonest((caller, life) =>
        {
            alarmed[0][caller] = pooled.Alarms(life);
            alarmed[1][caller] = labels.Alarms(life);
            alarmed[2][caller] = CallerOutcome.Of(traffic, life).Alarms.Any(double.IsFinite);
            alarmed[3][caller] = CallerOutcome.Of(rows, life).Alarms.Any(double.IsFinite);
        });
        string[] names = [PooledCusum, LabelCusum, ColdStart, ColdStartOfRows];
        return names.Select((name, at) => DetectionRow.OfShare(Uncalibrated, Calibrated, "0", name, alarmed[at].Count(value => value), count));
    }

    public static IEnumerable<DetectionRow> RunOdometer(DetectionBench bench)
    {
        for (int at = 0; at < CallerOutcome.OdometerQueries.Length; at++)
        {
            int place = at;
            double[] masses = [.. bench.Honest.Select(outcome => outcome.Odometer[place]).Where(double.IsFinite).Order()];
            if (masses.Length > 0)
            {
                DetectionRow row = DetectionRow.OfTimes(Odometer, Calibrated, $"{CallerOutcome.OdometerQueries[at]}", "mass", masses);
                yield return row with { Share = double.NaN };
                yield return DetectionRow.OfFigure(Odometer, Calibrated, $"{CallerOutcome.OdometerQueries[at]}", "mass of the largest 1 %", masses.Length, masses[(int)(0.99 * (masses.Length - 1))]);
            }
        }
    }
}
