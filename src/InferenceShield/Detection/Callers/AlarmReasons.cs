using System.Numerics;

namespace InferenceShield;

/// <summary>Finds, at the moment of an alarm, what weighed most. Rare: a microsecond, no allocation.</summary>
internal static class AlarmReasons
{
    /// <summary>Codes from here on are not about a number of v: see <see cref="VerdictWords"/>.</summary>
    public const byte NearDuplicates = 100;

    public const byte Outliers = 101;

    public const byte TrainedOutliers = 102;

    /// <summary>Codes from here on are about a number of v against benign queries, not callers; below, 1 + its place in v.</summary>
    public const byte Benign = 50;

    /// <summary>Fills in codes and amounts, the weightiest first.</summary>
    public static void Find(DetectionCalibration calibration, in CallerWatch watch, DetectionStatistic statistic, ref CallerAlarm alarm)
    {
        Span<float> vector = stackalloc float[QuerySignals.VectorLength];
        CallerBaseline? baseline = calibration.Baseline;
        switch (statistic)
        {
            case DetectionStatistic.NearDuplicates:
                Only(ref alarm, NearDuplicates, BitOperations.PopCount(watch.NearDuplicateHits));
                return;
            case DetectionStatistic.Outliers:
                Only(ref alarm, Outliers, BitOperations.PopCount(watch.OutlierHits));
                return;
            case DetectionStatistic.TrainedOutliers:
                Only(ref alarm, TrainedOutliers, BitOperations.PopCount(watch.TrainedOutlierHits));
                return;
            case DetectionStatistic.ColdStart:
                CallerUpdate.RecentVector32(in watch, vector);
                Span<float> weights = stackalloc float[QuerySignals.ScalarCount];
                for (int i = 0; i < weights.Length; i++)
                {
                    weights[i] = vector[i] * vector[i];
                }

                Largest(weights, vector, Benign, ref alarm);
                return;
            case DetectionStatistic.Cumulative or DetectionStatistic.OutputCumulative:
                CallerUpdate.MeanVector(in watch, vector);
                break;
            case DetectionStatistic.Recent32 or DetectionStatistic.OutputRecent32:
                CallerUpdate.RecentVector32(in watch, vector);
                break;
            default:
                CallerUpdate.RecentVector256(in watch, vector);
                break;
        }

        VectorBaseline[] baselines = statistic switch
        {
            DetectionStatistic.Cumulative => baseline!.Cumulative,
            DetectionStatistic.OutputCumulative => baseline!.OutputCumulative,
            DetectionStatistic.Recent32 => baseline!.Recent32,
            DetectionStatistic.OutputRecent32 => baseline!.OutputRecent32,
            DetectionStatistic.Recent256 => baseline!.Recent256,
            _ => baseline!.OutputRecent256,
        };
        Contributions(baselines[Math.Min(watch.Checkpoint - 1, baselines.Length - 1)], vector, ref alarm);
    }

    /// <summary>Of |W d|^2 = sum of d_i (W'W d)_i the largest terms, and d_i in standard deviations over honest callers.</summary>
    private static void Contributions(VectorBaseline baseline, Span<float> vector, ref CallerAlarm alarm)
    {
        int dimension = baseline.Dimension;
        if (dimension == CallerUpdate.OutputVectorLength)
        {
            Span<float> output = stackalloc float[CallerUpdate.OutputVectorLength];
            CallerUpdate.OutputPart(vector, output);
            output.CopyTo(vector);
        }

        Span<float> whitened = stackalloc float[dimension];
        Span<float> weights = stackalloc float[dimension];
        Span<float> deviations = stackalloc float[dimension];
        baseline.Whiten(vector[..dimension], whitened);
        baseline.Spreads.CopyTo(deviations);
        for (int i = 0; i < dimension; i++)
        {
            double sum = 0;
            for (int row = 0; row < dimension; row++)
            {
                sum += (double)baseline.Whitening[(row * dimension) + i] * whitened[row];
            }

            float moved = vector[i] - baseline.Mean[i];
            weights[i] = (float)(moved * sum);
            deviations[i] = deviations[i] > 0 ? moved / deviations[i] : 0;
        }

        Largest(weights, deviations, 1, ref alarm);
        for (int reason = 0; reason < CallerAlarm.MostReasons && dimension == CallerUpdate.OutputVectorLength; reason++)
        {
            // Places in the output part become places in v.
            int place = alarm.Codes[reason] - 1;
            alarm.Codes[reason] += (byte)(place >= QuerySignals.OutputScalarCount ? QuerySignals.ScalarCount - QuerySignals.OutputScalarCount : 0);
        }
    }

    private static void Largest(Span<float> weights, ReadOnlySpan<float> amounts, byte firstCode, ref CallerAlarm alarm)
    {
        for (int reason = 0; reason < CallerAlarm.MostReasons; reason++)
        {
            int best = -1;
            for (int i = 0; i < weights.Length; i++)
            {
                if (weights[i] > (best < 0 ? 0 : weights[best]))
                {
                    best = i;
                }
            }

            if (best < 0)
            {
                return;
            }

            alarm.Codes[reason] = (byte)(firstCode + best);
            alarm.Amounts[reason] = amounts[best];
            weights[best] = 0;
        }
    }

    private static void Only(ref CallerAlarm alarm, byte code, int amount)
    {
        alarm.Codes[0] = code;
        alarm.Amounts[0] = amount;
    }
}
