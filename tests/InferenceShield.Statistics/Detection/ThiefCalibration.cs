using InferenceShield.Lab;

namespace InferenceShield.Statistics.Detection;

/// <summary>The detection that a thief makes up for himself: his own key, profile and tables, and thresholds of callers he simulates.</summary>
internal sealed class ThiefCalibration
{
    private const int Callers = 400;
    private const int Longest = 2_000;

    private ThiefCalibration(DetectionCalibration calibration, QuerySignals[] pool)
    {
        Calibration = calibration;
        (Mean, Spread) = Describe(calibration.Tables, pool);
        LabelShares = new double[calibration.Profile.Classes];
        foreach (ref readonly QuerySignals signals in pool.AsSpan())
        {
            LabelShares[signals.Label] += 1.0 / pool.Length;
        }
    }

    public DetectionCalibration Calibration { get; }

    /// <summary>Mean of v over his pool.</summary>
    public double[] Mean { get; }

    /// <summary>Its deviation over rows.</summary>
    public double[] Spread { get; }

    public double[] LabelShares { get; }

    /// <summary>Makes one of a pool and a first copy's answers to it.</summary>
    public static ThiefCalibration Make(WatchedModel model, IClassifier copy, ThiefGuard guard, ulong seed)
    {
        DetectionProfile profile = model.Learn(seed ^ 0x7717, model.Thief, copy);
        QuerySignals[] pool = TrafficMeasure.MeasureRows(profile, copy, model.Thief.Values.Span);
        QuerySignals[] proxies = model.Proxies(profile, copy, model.Thief, seed);
        return new ThiefCalibration(
            guard == ThiefGuard.Calibration
                ? CalibrationFit.Fit(
                    profile, [.. model.Callers(profile, copy, model.Thief, Callers, seed ^ 0x7718, model.Traffic with { MostQueries = Longest })], proxies, seed)
                : CalibrationFit.FitRows(profile, pool, proxies),
            pool);
    }

    private static (double[] Mean, double[] Spread) Describe(SignalTables tables, QuerySignals[] pool)
    {
        double[] mean = new double[QuerySignals.VectorLength];
        double[] squares = new double[QuerySignals.VectorLength];
        float[] v = new float[QuerySignals.VectorLength];
        foreach (ref readonly QuerySignals signals in pool.AsSpan())
        {
            ThiefState.GetVector(tables, in signals, v);
            for (int i = 0; i < v.Length; i++)
            {
                mean[i] += v[i] / (double)pool.Length;
                squares[i] += v[i] * (double)v[i] / pool.Length;
            }
        }

        return (mean, [.. squares.Select((square, i) => Math.Sqrt(Math.Max(1e-4, square - (mean[i] * mean[i]))))]);
    }
}
