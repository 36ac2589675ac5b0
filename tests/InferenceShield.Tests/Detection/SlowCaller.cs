using System.Numerics;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

/// <summary>detection.md 2.1 and 2.2 written down in double, over all queries so far, as slowly as it is obvious: what <see cref="CallerUpdate"/> must find.</summary>
internal sealed class SlowCaller(DetectionCalibration calibration)
{
    private readonly DetectionCalibration _calibration = calibration;
    private readonly List<QuerySignals> _queries = [];
    private readonly List<double[]> _vectors = [];
    private readonly List<bool> _near = [];
    private readonly List<(double Distance, double Trained)> _outliers = [];
    private double _coldStart;

    public double[] Maxima { get; } = new double[DetectionThresholds.Statistics + 1];

    public double Odometer { get; private set; }

    public double[] Mean => [.. Enumerable.Range(0, 24).Select(i => _vectors.Average(v => v[i]))];

    public void Observe(QuerySignals query)
    {
        double[] z = Scores(_calibration.Tables, query);
        _vectors.Add([.. z, .. z.Select(score => Math.Min(score * score, 9))]);
        List<QuerySignals> last = [.. _queries.TakeLast(64)];
        _near.Add(last.TrueForAll(other => other.Exact != query.Exact) && last.Exists(other => BitOperations.PopCount(other.SimHash ^ query.SimHash) <= 1));
        _queries.Add(query);
        _outliers.Add(OutlierScores(_calibration.Outliers!, z));
        Odometer = _queries.Select(q => _calibration.Cells.CellOf(q.Label, q.SimHash)).Distinct().Sum(cell => (double)_calibration.Cells.Mass[cell]);
        if (_calibration.IsAdvisory)
        {
            double evidence = z.Where((_, i) => _calibration.Tables.Active[i]).Average(score => Evidence(Math.Floor(Math.Abs(score) * 64) / 64));
            _coldStart = Math.Max(_coldStart, 0) + Math.Log(Math.Min(evidence, 3) / (1 + (.3 * 2)));
            Raise(DetectionStatistic.ColdStart, _coldStart);
        }

        if (_calibration.Baseline is CallerBaseline baseline)
        {
            LookAt(baseline);
        }
    }

    public static double Evidence(double score)
    {
        double p = 2 * NormalDistribution.Cumulative(-score);
        return new[] { .1, .25, .4, .6, .8 }.Average(kappa => kappa * Math.Pow(p, kappa - 1));
    }

    public static double[] Scores(SignalTables tables, QuerySignals query)
    {
        double[] z = new double[QuerySignals.ScalarCount];
        int table = query.Label < tables.TableOf.Length ? tables.TableOf[query.Label] : 0;
        for (int scalar = 0; scalar < z.Length; scalar++)
        {
            if (!tables.Active[scalar])
            {
                continue;
            }

            int row = (table * QuerySignals.ScalarCount) + scalar;
            float[] quantiles = tables.Values[(row * SignalTables.Quantiles)..((row + 1) * SignalTables.Quantiles)];
            double value = query.Scalars[scalar];
            int rank = quantiles.Count(quantile => quantile < value);
            double score = NormalDistribution.Quantile((rank + .5) / 128);
            score -= rank == 0 ? Math.Min((quantiles[0] - value) / tables.Ranges[row], 4) : 0;
            score += rank == 127 ? Math.Min((value - quantiles[126]) / tables.Ranges[row], 4) : 0;
            z[scalar] = Math.Clamp(score, -6, 6);
        }

        return z;
    }

    public static (double Distance, double Trained) OutlierScores(OutlierModel model, double[] z)
    {
        double distance = 0;
        double trained = 0;
        double[] clipped = [.. z.Select(score => Math.Clamp(score, -4, 4))];
        for (int i = 0; i < z.Length; i++)
        {
            trained += (model.Linear[i] * clipped[i]) + (model.Absolute[i] * Math.Abs(clipped[i]));
            for (int j = 0; j < z.Length; j++)
            {
                distance += (z[i] - model.Mean[i]) * model.Precision[(i * z.Length) + j] * (z[j] - model.Mean[j]);
                trained += clipped[i] * model.Quadratic[(i * z.Length) + j] * clipped[j];
            }
        }

        return (distance, model.IsTrained ? trained : 0);
    }

    private static double Length(VectorBaseline baseline, double[] vector)
    {
        double sum = 0;
        for (int i = 0; i < baseline.Dimension; i++)
        {
            double row = 0;
            for (int j = 0; j < baseline.Dimension; j++)
            {
                row += baseline.Whitening[(i * baseline.Dimension) + j] * (vector[j] - (double)baseline.Mean[j]);
            }

            sum += row * row;
        }

        return Math.Sqrt(sum) / baseline.Scale;
    }

    private static double[] Output(double[] vector) => [.. vector[..5], .. vector[12..17]];

    /// <summary>A CUSUM by what it is: the most by which any stretch up to the last query has more hits than allowed.</summary>
    private static double Cusum(List<bool> hits, double allowance)
    {
        double best = 0;
        double sum = 0;
        for (int from = hits.Count - 1; from >= 0; from--)
        {
            sum += (hits[from] ? 1 : 0) - allowance;
            best = Math.Max(best, sum);
        }

        return best;
    }

    private void LookAt(CallerBaseline baseline)
    {
        int n = _queries.Count;
        for (int i = 0; i < 3; i++)
        {
            Raise(DetectionStatistic.NearDuplicates, Cusum(_near, CallerBaseline.NearDuplicateAllowances[i]) / baseline.NearDuplicateScales[i]);
        }

        for (int at = 0; at < 10; at++)
        {
            double allowance = CallerBaseline.OutlierAllowances[at % 5];
            OutlierModel model = _calibration.Outliers!;
            Raise(DetectionStatistic.Outliers, Cusum([.. _outliers.Select(o => o.Distance > model.DistanceCuts[at / 5])], allowance) / baseline.OutlierScales[at]);
            if (model.IsTrained)
            {
                Raise(DetectionStatistic.TrainedOutliers, Cusum([.. _outliers.Select(o => o.Trained > model.TrainedCuts[at / 5])], allowance) / baseline.TrainedOutlierScales[at]);
            }
        }

        int checkpoint = baseline.Checkpoints.Count(c => c <= n) - 1;
        int used = Math.Min(checkpoint, baseline.Cumulative.Length - 1);
        if (checkpoint >= 0 && baseline.Checkpoints[checkpoint] == n)
        {
            Raise(DetectionStatistic.Cumulative, Length(baseline.Cumulative[used], Mean));
            Raise(DetectionStatistic.OutputCumulative, Length(baseline.OutputCumulative[used], Output(Mean)));
        }

        if (n % 32 == 0)
        {
            double[] recent = Recent(32);
            Raise(DetectionStatistic.Recent32, Length(baseline.Recent32[used], recent));
            Raise(DetectionStatistic.OutputRecent32, Length(baseline.OutputRecent32[used], Output(recent)));
        }

        if (n % 32 == 0 && n >= 256)
        {
            double[] recent = Recent(256);
            Raise(DetectionStatistic.Recent256, Length(baseline.Recent256[used], recent));
            Raise(DetectionStatistic.OutputRecent256, Length(baseline.OutputRecent256[used], Output(recent)));
        }
    }

    /// <summary>Weights 2^(-age / half-life), made to sum to 1.</summary>
    private double[] Recent(double halfLife)
    {
        double[] weights = [.. Enumerable.Range(0, _vectors.Count).Select(i => Math.Pow(2, -(_vectors.Count - 1 - i) / halfLife))];
        return [.. Enumerable.Range(0, 24).Select(i => _vectors.Select((v, at) => v[i] * weights[at]).Sum() / weights.Sum())];
    }

    private void Raise(DetectionStatistic statistic, double value) => Maxima[(int)statistic] = Math.Max(Maxima[(int)statistic], value);
}
