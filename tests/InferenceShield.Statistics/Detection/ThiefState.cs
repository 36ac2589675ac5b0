using System.Numerics;

namespace InferenceShield.Statistics.Detection;

/// <summary>A thief's own account of how he looks: the statistics of detection.md 2.2, under his own key and tables.</summary>
internal sealed class ThiefState(ThiefCalibration own)
{
    private const int Ring = 64;
    private const int Outliers = 20;

    private readonly double[] _sum = new double[QuerySignals.VectorLength];
    private readonly double[] _recent32 = new double[QuerySignals.VectorLength];
    private readonly double[] _recent256 = new double[QuerySignals.VectorLength];
    private readonly double[] _cusums = new double[Outliers];
    private readonly int[] _labels = new int[own.LabelShares.Length];
    private readonly ulong[] _ring = new ulong[Ring];
    private readonly float[] _v = new float[QuerySignals.VectorLength];
    private readonly float[] _vector = new float[QuerySignals.VectorLength];
    private int _count;

    /// <summary>v = [z, min(z^2, 9)].</summary>
    public static void GetVector(SignalTables tables, in QuerySignals signals, Span<float> v)
    {
        Span<float> z = stackalloc float[QuerySignals.ScalarCount];
        tables.Transform(in signals, z);
        BaselineFit.Vector(z, v);
    }

    /// <summary>Whether a query is nearly one of the last 64, by his own projections.</summary>
    public bool IsNear(in QuerySignals signals, int bits)
    {
        for (int i = 0; i < Math.Min(_count, Ring); i++)
        {
            if (BitOperations.PopCount(_ring[i] ^ signals.SimHash) <= bits)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>How far his means and labels would lie from his pool's after one more query.</summary>
    public double MeansAfter(in QuerySignals signals)
    {
        GetVector(own.Calibration.Tables, in signals, _v);
        double cost = 0;
        for (int i = 0; i < _v.Length; i++)
        {
            double off = (((_sum[i] + _v[i]) / (_count + 1)) - own.Mean[i]) / own.Spread[i];
            cost += off * off;
        }

        for (int label = 0; label < _labels.Length; label++)
        {
            double off = ((double)(_labels[label] + (label == signals.Label ? 1 : 0)) / (_count + 1)) - own.LabelShares[label];
            cost += off * off / Math.Max(own.LabelShares[label], 1e-3);
        }

        return cost;
    }

    /// <summary>The largest statistic over its threshold of the Full family at 1 % after one more query, as his own calibration has it.</summary>
    public double RatioAfter(in QuerySignals signals)
    {
        GetVector(own.Calibration.Tables, in signals, _v);
        CallerBaseline baseline = own.Calibration.Baseline!;
        int n = _count + 1;
        if (n < baseline.Checkpoints[0])
        {
            return 0;
        }

        int at = Array.FindLastIndex(baseline.Checkpoints, checkpoint => checkpoint <= n);
        double ratio = Ratio(baseline.Cumulative, at, _sum, 1, n, DetectionStatistic.Cumulative);
        if (n >= 32)
        {
            ratio = Math.Max(ratio, Ratio(baseline.Recent32, at, _recent32, Decay(32), n, DetectionStatistic.Recent32));
        }

        if (n >= 256)
        {
            ratio = Math.Max(ratio, Ratio(baseline.Recent256, at, _recent256, Decay(256), n, DetectionStatistic.Recent256));
        }

        return Math.Max(ratio, OutlierRatio(baseline));
    }

    /// <summary>Takes a query that was asked.</summary>
    public void Take(in QuerySignals signals)
    {
        GetVector(own.Calibration.Tables, in signals, _v);
        Step(own.Calibration.Baseline, _cusums);
        for (int i = 0; i < _v.Length; i++)
        {
            _sum[i] += _v[i];
            _recent32[i] = (Decay(32) * _recent32[i]) + ((1 - Decay(32)) * _v[i]);
            _recent256[i] = (Decay(256) * _recent256[i]) + ((1 - Decay(256)) * _v[i]);
        }

        _labels[signals.Label]++;
        _ring[_count++ % Ring] = signals.SimHash;
    }

    private static double Decay(int halfLife) => Math.Pow(0.5, 1.0 / halfLife);

    /// <summary>A decay of 1 stands for the plain mean.</summary>
    private double Ratio(VectorBaseline[] baselines, int at, double[] before, double decay, int n, DetectionStatistic statistic)
    {
        for (int i = 0; i < _v.Length; i++)
        {
            _vector[i] = (float)(decay == 1
                ? (before[i] + _v[i]) / n
                : ((decay * before[i]) + ((1 - decay) * _v[i])) / (1 - Math.Pow(decay, n)));
        }

        return baselines[Math.Min(at, baselines.Length - 1)].Distance(_vector)
            / own.Calibration.Thresholds![DetectionFamily.Full, DetectionLevel.Promise, statistic];
    }

    private double OutlierRatio(CallerBaseline baseline)
    {
        double[] after = [.. _cusums];
        Step(baseline, after);
        double[] most = new double[2];
        for (int i = 0; i < Outliers; i++)
        {
            int model = i / 10;
            most[model] = Math.Max(most[model], after[i] / (model == 0 ? baseline.OutlierScales : baseline.TrainedOutlierScales)[i % 10]);
        }

        DetectionThresholds thresholds = own.Calibration.Thresholds!;
        return Math.Max(
            most[0] / thresholds[DetectionFamily.Full, DetectionLevel.Promise, DetectionStatistic.Outliers],
            most[1] / thresholds[DetectionFamily.Full, DetectionLevel.Promise, DetectionStatistic.TrainedOutliers]);
    }

    private void Step(CallerBaseline? baseline, double[] cusums)
    {
        if (baseline is null || own.Calibration.Outliers is not { } outliers)
        {
            return;
        }

        outliers.Score(_v.AsSpan(0, QuerySignals.ScalarCount), out float distance, out float trained);
        for (int i = 0; i < Outliers; i++)
        {
            int cut = i % 10 / 5;
            bool isOut = i < 10 ? distance > outliers.DistanceCuts[cut] : outliers.IsTrained && trained > outliers.TrainedCuts[cut];
            cusums[i] = Math.Max(0, cusums[i] + (isOut ? 1 : 0) - CallerBaseline.OutlierAllowances[i % 5]);
        }
    }
}
