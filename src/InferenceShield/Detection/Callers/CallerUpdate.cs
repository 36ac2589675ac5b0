using System.Numerics;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Takes one query into a caller's statistics. The only place where they change.</summary>
/// <remarks>
/// <para>detection.md 2.1 and 2.2. v = [z, min(z^2, 9)], z the scalars' normal scores. All statistics are functions of the queries that were
/// taken, in their order. A query that was left out (its thread did not get the caller's state) leaves a thinned sequence of the
/// same caller: its means are compared with those of honest callers after as many queries as were taken, a CUSUM has had fewer
/// steps in which to reach its maximum, and a ring that lacks an input finds a near-duplicate of it less. What is left out does not depend on what
/// was asked, so losing queries raises no false alarm. (An exact repeat whose first asking was left out counts as a near-duplicate
/// only if yet another input of the last 64 is as near.)</para>
/// <para>Statistics begin anew, in a new epoch, after the calibrated lifetime, and under another calibration. Alarms and the odometer stay.</para>
/// </remarks>
internal static class CallerUpdate
{
    /// <summary>Numbers of v that are of the answer.</summary>
    public const int OutputVectorLength = 2 * QuerySignals.OutputScalarCount;

    /// <summary>Recent means are looked at after so many queries.</summary>
    public const int RecentInterval = 32;

    private const float LargestSquare = 9;

    private static readonly float s_keep32 = MathF.Pow(2, -1f / 32);
    private static readonly float s_keep256 = MathF.Pow(2, -1f / 256);

    /// <summary>Updates all statistics, their lifetime maxima, and the alarms. Allocates nothing.</summary>
    /// <param name="calibration">Against which.</param>
    /// <param name="watch">The caller's state, for this thread alone.</param>
    /// <param name="signals">The query.</param>
    /// <param name="now">Nanoseconds of the shield's clock; may go backwards.</param>
    /// <returns>Whether an alarm was raised by this query, or again in a new epoch.</returns>
    public static bool Apply(DetectionCalibration calibration, ref CallerWatch watch, in QuerySignals signals, long now)
    {
        CallerBaseline? baseline = calibration.Baseline;
        if (watch.Stamp != calibration.Stamp || watch.Queries >= (baseline?.Lifetime ?? int.MaxValue))
        {
            BeginEpoch(ref watch, calibration.Stamp);
        }

        watch.Queries++;
        watch.TotalQueries = Math.Max(watch.TotalQueries, watch.TotalQueries + 1);
        int cell = calibration.Cells.CellOf(signals.Label, signals.SimHash);
        if (watch.Cells.Set(cell))
        {
            watch.CellMass += calibration.Cells.Mass[cell];
            watch.Odometer = Math.Max(watch.Odometer, Math.Min(watch.CellMass, 1));
        }

        watch.Plain.Note(calibration.Plain, in signals, now);
        Span<float> vector = stackalloc float[QuerySignals.VectorLength];
        Span<float> z = vector[..QuerySignals.ScalarCount];
        calibration.Tables.Transform(in signals, z);
        for (int i = 0; i < z.Length; i++)
        {
            vector[z.Length + i] = Math.Min(z[i] * z[i], LargestSquare);
        }

        RunningMeans.Add(vector, watch.Sums, watch.Recent32, watch.Recent256, 1 - s_keep32, 1 - s_keep256);
        int grown = CountNearDuplicate(baseline, ref watch, in signals);
        if (calibration.Outliers is OutlierModel model)
        {
            model.Score(z, out float distance, out float trained);
            Shift(ref watch.OutlierHits, distance > model.DistanceCuts[0]);
            grown |= CountOutlier(ref watch.Outliers, ref watch.Maxima, DetectionStatistic.Outliers, distance, model.DistanceCuts, baseline?.OutlierScales);
            if (model.IsTrained)
            {
                Shift(ref watch.TrainedOutlierHits, trained > model.TrainedCuts[0]);
                grown |= CountOutlier(ref watch.TrainedOutliers, ref watch.Maxima, DetectionStatistic.TrainedOutliers, trained, model.TrainedCuts, baseline?.TrainedOutlierScales);
            }
        }

        if (calibration.IsAdvisory)
        {
            watch.ColdStart = ColdStart.Next(watch.ColdStart, ColdStart.EvidenceOf(z, calibration.Tables.Active));
            grown |= Raise(ref watch.Maxima, DetectionStatistic.ColdStart, watch.ColdStart);
        }

        if (baseline is not null)
        {
            grown |= LookAtMeans(baseline, ref watch);
        }

        return grown != 0 && Alarm(calibration, ref watch, grown);
    }

    /// <summary>The largest value of a statistic in this epoch; 0 if it was never looked at.</summary>
    public static float Maximum(in CallerWatch watch, DetectionStatistic statistic) => watch.Maxima[(int)statistic];

    /// <summary>The alarms raised so far, the first of each family and level.</summary>
    public static DetectionVerdict[] Verdicts(DetectionCalibration calibration, in CallerWatch watch)
    {
        _ = calibration;
        List<DetectionVerdict> verdicts = new(4);
        for (int number = 0; number < 4; number++)
        {
            if (watch.Alarms[number].Epochs > 0)
            {
                CallerAlarm alarm = watch.Alarms[number];
                verdicts.Add(VerdictWords.Describe((DetectionFamily)(number >> 1), (DetectionLevel)(number & 1), in alarm));
            }
        }

        return [.. verdicts];
    }

    /// <summary>Takes the alarms away, as an operator does, or decay. The statistics of this epoch stay: an alarm can come again in the next.</summary>
    public static void ClearAlarms(ref CallerWatch watch) => watch.Alarms = default;

    /// <summary>What an operator may want to see of a caller besides its alarms.</summary>
    public static CallerPlainSignals PlainSignals(DetectionCalibration calibration, in CallerWatch watch) => watch.Plain.Read(calibration.Plain);

    /// <summary>The mean of v over the epoch's queries: 24 numbers, for linking callers.</summary>
    public static void MeanVector(in CallerWatch watch, Span<float> mean)
    {
        double share = watch.Queries == 0 ? 0 : 1.0 / watch.Queries;
        for (int i = 0; i < QuerySignals.VectorLength; i++)
        {
            mean[i] = (float)(watch.Sums[i] * share);
        }
    }

    /// <summary>The exponentially weighted mean of v with half-life 32, corrected for its start: 24 numbers.</summary>
    public static void RecentVector32(in CallerWatch watch, Span<float> mean) => Correct(watch.Recent32, s_keep32, watch.Queries, mean);

    /// <summary>The same with half-life 256.</summary>
    public static void RecentVector256(in CallerWatch watch, Span<float> mean) => Correct(watch.Recent256, s_keep256, watch.Queries, mean);

    /// <summary>The ten numbers of v that are of the answer: five normal scores, then their squares.</summary>
    public static void OutputPart(ReadOnlySpan<float> vector, Span<float> output)
    {
        vector[..QuerySignals.OutputScalarCount].CopyTo(output);
        vector.Slice(QuerySignals.ScalarCount, QuerySignals.OutputScalarCount).CopyTo(output[QuerySignals.OutputScalarCount..]);
    }

    private static void Correct(ReadOnlySpan<float> uncorrected, float keep, int queries, Span<float> mean)
    {
        float scale = queries == 0 ? 0 : (float)(1 / (1 - Math.Pow(keep, queries)));
        for (int i = 0; i < uncorrected.Length; i++)
        {
            mean[i] = uncorrected[i] * scale;
        }
    }

    private static void BeginEpoch(ref CallerWatch watch, int stamp)
    {
        CallerWatch next = default;
        next.Epoch = watch.Stamp == 0 ? 0 : watch.Epoch + 1;
        next.Stamp = stamp;
        next.Tenant = watch.Tenant;
        next.TotalQueries = watch.TotalQueries;
        next.Odometer = watch.Odometer;
        next.Alarms = watch.Alarms;
        next.Plain = watch.Plain;
        if (watch.Stamp == stamp)
        {
            next.Cells = watch.Cells;
            next.CellMass = watch.CellMass;
        }

        watch = next;
    }

    private static int CountNearDuplicate(CallerBaseline? baseline, ref CallerWatch watch, in QuerySignals signals)
    {
        if (signals.Exact == 0)
        {
            return 0; // inputs are not seen
        }

        // The first places of the ring are filled first.
        uint digest = (uint)signals.Exact;
        ulong filled = watch.RingFilled == CallerWatch.Ring ? ulong.MaxValue : (1UL << watch.RingFilled) - 1;
        bool hit = (RingScan.FindNear(watch.SimHashes, signals.SimHash) & filled) != 0
            && !((ReadOnlySpan<uint>)watch.Digests)[..watch.RingFilled].Contains(digest);
        watch.SimHashes[watch.RingNext] = signals.SimHash;
        watch.Digests[watch.RingNext] = digest;
        watch.RingNext = (byte)((watch.RingNext + 1) % CallerWatch.Ring);
        watch.RingFilled = (byte)Math.Min(watch.RingFilled + 1, CallerWatch.Ring);
        Shift(ref watch.NearDuplicateHits, hit);
        float largest = Step(watch.NearDuplicates, CallerBaseline.NearDuplicateAllowances, hit, baseline is null ? default : baseline.NearDuplicateScales);
        return hit ? Raise(ref watch.Maxima, DetectionStatistic.NearDuplicates, largest) : 0;
    }

    private static int CountOutlier(
        ref CallerWatch.OutlierSums sums, ref CallerWatch.StatisticMaxima maxima, DetectionStatistic statistic, float score, float[] cuts, ReadOnlySpan<float> scales)
    {
        float[] allowances = CallerBaseline.OutlierAllowances;
        Span<float> all = sums;
        float largest = 0;
        for (int cut = 0; cut < cuts.Length; cut++)
        {
            largest = Math.Max(
                largest, Step(all.Slice(cut * allowances.Length, allowances.Length), allowances, score > cuts[cut], scales.IsEmpty ? default : scales.Slice(cut * allowances.Length, allowances.Length)));
        }

        return largest > 0 ? Raise(ref maxima, statistic, largest) : 0;
    }

    /// <summary>One step of CUSUMs of one hit, by allowance, ascending.</summary>
    /// <returns>After a hit the largest of them, each divided by its scale; 0 otherwise, for then none has grown.</returns>
    private static float Step(Span<float> sums, ReadOnlySpan<float> allowances, bool hit, ReadOnlySpan<float> scales)
    {
        if (!hit)
        {
            // The larger the allowance, the smaller the sum: where one is 0 the others are.
            for (int i = 0; i < sums.Length && sums[i] > 0; i++)
            {
                float sum = sums[i] - allowances[i];
                sums[i] = sum > 0 ? sum : 0;
            }

            return 0;
        }

        float largest = 0;
        for (int i = 0; i < sums.Length; i++)
        {
            sums[i] += 1 - allowances[i];
            largest = scales.IsEmpty ? 0 : Math.Max(largest, sums[i] / scales[i]);
        }

        return largest;
    }

    private static int LookAtMeans(CallerBaseline baseline, ref CallerWatch watch)
    {
        int grown = 0;
        Span<float> vector = stackalloc float[QuerySignals.VectorLength];
        Span<float> output = stackalloc float[OutputVectorLength];
        int queries = watch.Queries;
        if (watch.Checkpoint < baseline.Checkpoints.Length && queries == baseline.Checkpoints[watch.Checkpoint])
        {
            MeanVector(in watch, vector);
            OutputPart(vector, output);
            grown |= Raise(ref watch.Maxima, DetectionStatistic.Cumulative, At(baseline.Cumulative, watch.Checkpoint).Distance(vector));
            grown |= Raise(ref watch.Maxima, DetectionStatistic.OutputCumulative, At(baseline.OutputCumulative, watch.Checkpoint).Distance(output));
            watch.Checkpoint++;
        }

        if (queries % RecentInterval == 0 && watch.Checkpoint > 0)
        {
            int checkpoint = watch.Checkpoint - 1;
            RecentVector32(in watch, vector);
            OutputPart(vector, output);
            grown |= Raise(ref watch.Maxima, DetectionStatistic.Recent32, At(baseline.Recent32, checkpoint).Distance(vector));
            grown |= Raise(ref watch.Maxima, DetectionStatistic.OutputRecent32, At(baseline.OutputRecent32, checkpoint).Distance(output));
            if (queries >= 256)
            {
                RecentVector256(in watch, vector);
                OutputPart(vector, output);
                grown |= Raise(ref watch.Maxima, DetectionStatistic.Recent256, At(baseline.Recent256, checkpoint).Distance(vector));
                grown |= Raise(ref watch.Maxima, DetectionStatistic.OutputRecent256, At(baseline.OutputRecent256, checkpoint).Distance(output));
            }
        }

        return grown;
    }

    private static VectorBaseline At(VectorBaseline[] baselines, int checkpoint) => baselines[Math.Min(checkpoint, baselines.Length - 1)];

    /// <summary>Keeps the larger of a maximum and a new value.</summary>
    /// <returns>The statistic's bit if the maximum has grown, else 0.</returns>
    private static int Raise(ref CallerWatch.StatisticMaxima maxima, DetectionStatistic statistic, float value)
    {
        if (!(value > maxima[(int)statistic]))
        {
            return 0;
        }

        maxima[(int)statistic] = value;
        return 1 << (int)statistic;
    }

    private static void Shift(ref ulong hits, bool hit) => hits = (hits << 1) | (hit ? 1ul : 0);

    private static bool Alarm(DetectionCalibration calibration, ref CallerWatch watch, int grown)
    {
        bool raised = false;
        for (int rest = grown; rest != 0; rest &= rest - 1)
        {
            DetectionStatistic statistic = (DetectionStatistic)BitOperations.TrailingZeroCount(rest);
            for (int number = 0; number < 4; number++)
            {
                if ((watch.Raised & (1 << number)) != 0)
                {
                    continue;
                }

                DetectionFamily family = (DetectionFamily)(number >> 1);
                DetectionLevel level = (DetectionLevel)(number & 1);
                float threshold = ThresholdOf(calibration, family, level, statistic);
                if (watch.Maxima[(int)statistic] > threshold)
                {
                    watch.Raised |= (byte)(1 << number);
                    Keep(calibration, ref watch, number, statistic, threshold);
                    raised = true;
                }
            }
        }

        return raised;
    }

    /// <summary>What a statistic must pass; infinity where it raises no alarm.</summary>
    private static float ThresholdOf(DetectionCalibration calibration, DetectionFamily family, DetectionLevel level, DetectionStatistic statistic)
    {
        if (statistic == DetectionStatistic.ColdStart)
        {
            return family == DetectionFamily.Full ? ColdStart.Threshold : float.PositiveInfinity;
        }

        // With so few callers only near-duplicates have a threshold that says anything.
        return calibration.Thresholds is null || (calibration.IsAdvisory && statistic != DetectionStatistic.NearDuplicates)
            ? float.PositiveInfinity
            : calibration.Thresholds[family, level, statistic];
    }

    private static void Keep(DetectionCalibration calibration, ref CallerWatch watch, int number, DetectionStatistic statistic, float threshold)
    {
        ref CallerAlarm alarm = ref watch.Alarms[number];
        // An alarm without a promise gives way to one with: it would stay advisory for as long as the caller is watched.
        if (alarm.Epochs > 0 && (!alarm.IsAdvisory || calibration.IsAdvisory))
        {
            alarm.Epochs = (ushort)Math.Min(alarm.Epochs + 1, ushort.MaxValue);
            alarm.LatestEpoch = watch.Epoch;
            return;
        }

        bool cold = statistic == DetectionStatistic.ColdStart;
        alarm = new CallerAlarm
        {
            Epochs = 1,
            Statistic = (byte)statistic,
            IsExtrapolated = !cold && calibration.Thresholds!.Extrapolated[number],
            IsAdvisory = calibration.IsAdvisory,
            Epoch = watch.Epoch,
            LatestEpoch = watch.Epoch,
            Queries = watch.Queries,
            Value = watch.Maxima[(int)statistic],
            Threshold = threshold,
            Promise = cold ? ColdStart.Promise : (float)calibration.Thresholds!.Promises[number],
        };
        AlarmReasons.Find(calibration, in watch, statistic, ref alarm);
    }
}
