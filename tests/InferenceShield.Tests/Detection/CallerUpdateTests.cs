#pragma warning disable RS0030 // Unsafe.SizeOf only says how large a state is.
using System.Runtime.CompilerServices;
using FsCheck.Fluent;
using InferenceShield.Lab;

namespace InferenceShield.Tests;

/// <summary>A caller's statistics, maxima, alarms and epochs.</summary>
public sealed class CallerUpdateTests
{
    [Fact]
    public void A_state_takes_no_more_than_it_may()
    {
        Assert.InRange(Unsafe.SizeOf<CallerWatch>(), 1, CallerWatch.LargestSize);
        Assert.Equal(44, Unsafe.SizeOf<CallerAlarm>());
    }

    [Fact]
    public void Statistics_are_those_of_the_slow_oracle() => Properties.Hold(
        Gen.Choose(0, 1_000_000),
        seed =>
        {
            DetectionCalibration calibration = WatchCases.Calibration((ulong)seed, callers: seed % 3 == 0 ? 100 : 1000, trained: seed % 5 != 0);
            SlowCaller slow = new(calibration);
            CallerMonitor monitor = new(calibration);
            float[] mean = new float[24];
            foreach (QuerySignals query in WatchCases.Queries((ulong)seed, 300, (seed % 7) * .1f))
            {
                slow.Observe(query);
                monitor.Observe(in query);
                for (int statistic = 0; statistic < slow.Maxima.Length; statistic++)
                {
                    float maximum = CallerUpdate.Maximum(in monitor.Watch, (DetectionStatistic)statistic);
                    Assert.True(Math.Abs(slow.Maxima[statistic] - maximum) <= 2e-4 * Math.Max(1, maximum), $"{(DetectionStatistic)statistic} after {monitor.Queries} queries: {maximum}, not {slow.Maxima[statistic]}.");
                }
            }

            CallerUpdate.MeanVector(in monitor.Watch, mean);
            Assert.All(mean.Zip(slow.Mean), pair => Assert.Equal(pair.Second, pair.First, 1e-5));
            Assert.Equal(slow.Odometer, monitor.Odometer, 1e-5);
        },
        tests: 25);

    [Fact]
    public void An_alarm_is_raised_when_a_maximum_passes_its_threshold_and_not_before()
    {
        DetectionCalibration calibration = WatchCases.Calibration(4, threshold: 1.3f);
        CallerMonitor monitor = new(calibration);
        HashSet<(DetectionFamily, DetectionLevel)> seen = [];
        foreach (QuerySignals query in WatchCases.Queries(9, 2000, .2f))
        {
            bool alarmed = monitor.Observe(in query);
            bool expected = false;
            for (int number = 0; number < 4; number++)
            {
                (DetectionFamily family, DetectionLevel level) = ((DetectionFamily)(number >> 1), (DetectionLevel)(number & 1));
                bool passed = Enumerable.Range(0, DetectionThresholds.Statistics).Any(statistic =>
                    CallerUpdate.Maximum(in monitor.Watch, (DetectionStatistic)statistic) > calibration.Thresholds![family, level, (DetectionStatistic)statistic]);
                expected |= passed && seen.Add((family, level));
            }

            Assert.Equal(expected, alarmed);
        }

        Assert.Equal(4, seen.Count);
        Assert.Equal(4, monitor.Verdicts.Count);
        foreach (DetectionVerdict verdict in monitor.Verdicts)
        {
            Assert.True(verdict.Value > verdict.Threshold);
            Assert.Equal(calibration.Thresholds![verdict.Family, verdict.Level, verdict.Statistic], (float)verdict.Threshold);
            Assert.Equal(verdict.Level == DetectionLevel.Promise ? .01 : .001, verdict.Promise);
            Assert.Equal(verdict.Level == DetectionLevel.Strict, verdict.IsExtrapolated);
            Assert.False(verdict.IsAdvisory);
            Assert.InRange(verdict.Reasons.Count, 1, 3);
        }
    }

    /// <summary>As conformal ranks count: who is as far out as the caller whose maximum became the threshold is not alarmed.</summary>
    [Fact]
    public void A_threshold_that_is_reached_and_not_passed_raises_no_alarm()
    {
        QuerySignals[] queries = WatchCases.Queries(9, 300, .2f);
        DetectionCalibration calibration = WatchCases.Calibration(4);
        CallerMonitor first = new(calibration);
        foreach (QuerySignals query in queries)
        {
            first.Observe(in query);
        }

        float[] maxima = [.. Enumerable.Range(0, DetectionThresholds.Statistics).Select(statistic => CallerUpdate.Maximum(in first.Watch, (DetectionStatistic)statistic))];
        Assert.All(maxima, maximum => Assert.True(maximum > 0));
        Assert.Empty(Alarms(maxima));
        Assert.NotEmpty(Alarms([.. maxima.Select(MathF.BitDecrement)]));

        IReadOnlyList<DetectionVerdict> Alarms(float[] thresholds)
        {
            DetectionThresholds same = new() { Values = [.. Enumerable.Repeat(thresholds, 4).SelectMany(values => values)], Promises = [.01, .001, .01, .001], Extrapolated = new bool[4] };
            CallerMonitor monitor = new(new DetectionCalibration(null!, 1000, calibration.Tables, calibration.Outliers, calibration.Baseline, same, calibration.Cells, linking: null, calibration.Plain));
            foreach (QuerySignals query in queries)
            {
                monitor.Observe(in query);
            }

            return monitor.Verdicts;
        }
    }

    [Fact]
    public void A_new_epoch_begins_after_the_calibrated_lifetime_and_alarms_and_odometer_stay()
    {
        DetectionCalibration calibration = WatchCases.Calibration(4, lifetime: 100, threshold: 1.3f);
        CallerMonitor monitor = new(calibration);
        QuerySignals[] queries = WatchCases.Queries(9, 400, .5f);
        for (int i = 0; i < 100; i++)
        {
            monitor.Observe(in queries[i]);
        }

        Assert.Equal(100, monitor.Queries);
        Assert.Equal(4, monitor.Verdicts.Count);
        double odometer = monitor.Odometer;
        monitor.Observe(in queries[100]);
        Assert.Equal(1, monitor.Queries);
        Assert.Equal(1, monitor.Watch.Epoch);
        Assert.Equal(101, monitor.Watch.TotalQueries);
        Assert.Equal(101, monitor.PlainSignals.Queries);
        Assert.Equal(0, CallerUpdate.Maximum(in monitor.Watch, DetectionStatistic.Cumulative));
        Assert.True(monitor.Odometer >= odometer && odometer > 0);
        Assert.All(monitor.Verdicts, verdict => Assert.Equal((0, 1), (verdict.Epoch, verdict.Epochs)));
        bool again = false;
        for (int i = 101; i < 400; i++)
        {
            again |= monitor.Observe(in queries[i]);
        }

        Assert.True(again, "The thresholds were passed again, and nobody was told.");
        Assert.All(monitor.Verdicts, verdict => Assert.Equal((0, verdict.LatestEpoch + 1), (verdict.Epoch, verdict.Epochs)));
        Assert.All(monitor.Verdicts, verdict => Assert.InRange(verdict.Epochs, 3, 4));
        CallerUpdate.ClearAlarms(ref monitor.Watch);
        Assert.Empty(monitor.Verdicts);
    }

    [Fact]
    public void The_second_epoch_finds_what_a_new_caller_would()
    {
        DetectionCalibration calibration = WatchCases.Calibration(12, lifetime: 64);
        CallerMonitor old = new(calibration);
        CallerMonitor young = new(calibration);
        QuerySignals[] queries = WatchCases.Queries(3, 64 + 60);
        for (int i = 0; i < queries.Length; i++)
        {
            old.Observe(in queries[i]);
            if (i >= 64)
            {
                young.Observe(in queries[i]);
            }
        }

        foreach (DetectionStatistic statistic in Enum.GetValues<DetectionStatistic>())
        {
            Assert.Equal(CallerUpdate.Maximum(in young.Watch, statistic), CallerUpdate.Maximum(in old.Watch, statistic));
        }
    }

    [Fact]
    public void An_advisory_alarm_gives_way_to_one_with_a_promise()
    {
        DetectionCalibration cold = WatchCases.Calibration(4, callers: 0);
        DetectionCalibration calibrated = WatchCases.Calibration(5, threshold: 1.3f);
        CallerWatch watch = default;
        QuerySignals[] queries = WatchCases.Queries(9, 600, 3);
        for (int i = 0; i < 300; i++)
        {
            CallerUpdate.Apply(cold, ref watch, in queries[i], i);
        }

        Assert.All(CallerUpdate.Verdicts(cold, in watch), verdict => Assert.True(verdict.IsAdvisory));
        Assert.NotEmpty(CallerUpdate.Verdicts(cold, in watch));
        for (int i = 300; i < 600; i++)
        {
            CallerUpdate.Apply(calibrated, ref watch, in queries[i], i);
        }

        DetectionVerdict full = Assert.Single(CallerUpdate.Verdicts(calibrated, in watch), verdict => verdict is { Family: DetectionFamily.Full, Level: DetectionLevel.Promise });
        Assert.NotEqual(DetectionStatistic.ColdStart, full.Statistic);
        Assert.Equal((false, 1, 1), (full.IsAdvisory, full.Epoch, full.Epochs));
    }

    [Fact]
    public void Under_another_calibration_statistics_begin_anew_and_the_odometer_does_not_fall()
    {
        DetectionCalibration first = WatchCases.Calibration(4, threshold: 1.3f);
        DetectionCalibration second = WatchCases.Calibration(5, threshold: 1.3f);
        CallerWatch watch = default;
        QuerySignals[] queries = WatchCases.Queries(9, 300, .5f);
        float odometer = 0;
        for (int i = 0; i < 300; i++)
        {
            CallerUpdate.Apply(i < 150 ? first : second, ref watch, in queries[i], i);
            Assert.True(watch.Odometer >= odometer);
            odometer = watch.Odometer;
        }

        Assert.Equal(1, watch.Epoch);
        Assert.Equal(150, watch.Queries);
        Assert.All(CallerUpdate.Verdicts(second, in watch), verdict => Assert.Equal(0, verdict.Epoch));
        CallerMonitor fresh = new(second);
        foreach (QuerySignals query in queries[150..])
        {
            fresh.Observe(in query);
        }

        Assert.Equal(fresh.Odometer, watch.CellMass, 1e-6);
        Assert.Equal(CallerUpdate.Maximum(in fresh.Watch, DetectionStatistic.Recent32), CallerUpdate.Maximum(in watch, DetectionStatistic.Recent32));
    }

    [Fact]
    public void Without_inputs_there_are_no_near_duplicates()
    {
        CallerMonitor monitor = new(WatchCases.Calibration(4));
        foreach (QuerySignals query in WatchCases.Queries(9, 200))
        {
            QuerySignals blind = query;
            blind.SimHash = 0;
            blind.Exact = 0;
            monitor.Observe(in blind);
        }

        Assert.Equal(0, CallerUpdate.Maximum(in monitor.Watch, DetectionStatistic.NearDuplicates));
        Assert.Equal(0, monitor.Watch.RingFilled);
    }

    [Fact]
    public void A_ring_that_is_not_full_holds_no_inputs_but_those_asked()
    {
        CallerMonitor monitor = new(WatchCases.Calibration(4));
        QuerySignals[] queries = WatchCases.Queries(9, 3);
        ulong[] hashes = [0, 0xFFFF, 1UL << 40]; // that of an empty place, one far from it, one near to it
        for (int i = 0; i < queries.Length; i++)
        {
            queries[i].SimHash = hashes[i];
            queries[i].Exact = (ulong)i + 7;
            monitor.Observe(in queries[i]);
            Assert.Equal(i == 2 ? 1UL : 0, monitor.Watch.NearDuplicateHits); // the third is near the first, which was asked
        }
    }

    [Fact]
    public void A_scalar_that_is_no_number_says_nothing()
    {
        DetectionCalibration calibration = WatchCases.Calibration(4);
        CallerMonitor monitor = new(calibration);
        QuerySignals[] queries = WatchCases.Queries(9, 100);
        foreach (ref QuerySignals query in queries.AsSpan())
        {
            query.Scalars[2] = float.NaN;
            query.Scalars[4] = float.PositiveInfinity;
            query.Scalars[5] = float.NegativeInfinity;
            query.Confidence = float.NaN;
            monitor.Observe(in query);
        }

        float[] mean = new float[24];
        CallerUpdate.MeanVector(in monitor.Watch, mean);
        Assert.Equal(0, mean[2]);
        Assert.Equal(calibration.Tables.Active[4] ? 6 : 0, mean[4]);
        Assert.Equal(calibration.Tables.Active[5] ? -6 : 0, mean[5]);
        Assert.True(float.IsFinite(CallerUpdate.Maximum(in monitor.Watch, DetectionStatistic.Cumulative)));
    }

    [Fact]
    public void With_few_callers_only_near_duplicates_and_the_cold_start_raise_alarms()
    {
        CallerMonitor monitor = new(WatchCases.Calibration(4, callers: 249, threshold: .01f));
        foreach (QuerySignals query in WatchCases.Queries(9, 64, 0, nearShare: 0))
        {
            monitor.Observe(in query);
        }

        Assert.True(CallerUpdate.Maximum(in monitor.Watch, DetectionStatistic.Cumulative) > .02f);
        Assert.Empty(monitor.Verdicts);
        foreach (QuerySignals query in WatchCases.Queries(9, 64, 3, nearShare: .9f))
        {
            monitor.Observe(in query);
        }

        Assert.Contains(monitor.Verdicts, verdict => verdict is { Family: DetectionFamily.Output, Statistic: DetectionStatistic.NearDuplicates });
        Assert.All(monitor.Verdicts, verdict => Assert.True(verdict.IsAdvisory));
        CallerMonitor cold = new(WatchCases.Calibration(4, callers: 0));
        foreach (QuerySignals query in WatchCases.Queries(9, 64, 3))
        {
            cold.Observe(in query);
        }

        Assert.Equal([DetectionStatistic.ColdStart, DetectionStatistic.ColdStart], cold.Verdicts.Select(verdict => verdict.Statistic));
        Assert.All(cold.Verdicts, verdict => Assert.Equal((DetectionFamily.Full, .001), (verdict.Family, verdict.Promise)));
        Assert.NotEmpty(cold.Verdicts[0].Reasons);
    }

    [Fact]
    public void A_query_allocates_nothing()
    {
        DetectionCalibration calibration = WatchCases.Calibration(4, threshold: 1.1f);
        DetectionCalibration cold = WatchCases.Calibration(4, callers: 0);
        QuerySignals[] queries = WatchCases.Queries(9, 300, .3f);
        Assert.Equal(0, Allocations.Least(() =>
        {
            CallerWatch watch = default;
            CallerWatch coldWatch = default;
            foreach (ref QuerySignals query in queries.AsSpan())
            {
                CallerUpdate.Apply(calibration, ref watch, in query, 0);
                CallerUpdate.Apply(cold, ref coldWatch, in query, 0);
            }
        }));
    }

    /// <summary>Two threads of one caller: one of two queries is left out while the other is being taken. What is left is a shorter sequence of the same caller.</summary>
    [Fact]
    public void Leaving_queries_out_at_random_does_not_raise_maxima()
    {
        const int Streams = 300;
        DetectionCalibration calibration = WatchCases.Calibration(21);
        int[] higher = new int[DetectionThresholds.Statistics];
        int[] different = new int[DetectionThresholds.Statistics];
        for (int stream = 0; stream < Streams; stream++)
        {
            SeededRandom random = new((ulong)stream, 31);
            CallerMonitor whole = new(calibration);
            CallerMonitor thinned = new(calibration);
            foreach (QuerySignals query in WatchCases.Queries((ulong)stream, 400, nearShare: .1f))
            {
                whole.Observe(in query);
                if (random.NextInt32(4) > 0)
                {
                    thinned.Observe(in query);
                }
            }

            for (int statistic = 0; statistic < higher.Length; statistic++)
            {
                float before = CallerUpdate.Maximum(in whole.Watch, (DetectionStatistic)statistic);
                float after = CallerUpdate.Maximum(in thinned.Watch, (DetectionStatistic)statistic);
                higher[statistic] += after > before ? 1 : 0;
                different[statistic] += after != before ? 1 : 0;
            }
        }

        // Were both as likely, the share that is higher would be a half within 3.1 standard deviations, but for one in a thousand.
        for (int statistic = 0; statistic < higher.Length; statistic++)
        {
            double most = (different[statistic] / 2.0) + (3.1 * Math.Sqrt(different[statistic] / 4.0));
            Assert.True(higher[statistic] <= most, $"{(DetectionStatistic)statistic}: {higher[statistic]} of {different[statistic]} are higher.");
        }
    }
}
