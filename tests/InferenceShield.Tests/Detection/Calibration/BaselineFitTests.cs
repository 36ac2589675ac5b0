using InferenceShield.Lab;
using Xunit;

namespace InferenceShield.Tests;

/// <summary>Fitting follows callers by code of its own: it must find what <see cref="CallerUpdate"/> finds.</summary>
public sealed class BaselineFitTests
{
    private const int Life = 300;

    private static readonly int[] s_all = [.. Enumerable.Range(0, 24)];

    private static readonly int[] s_output = [0, 1, 2, 3, 4, 12, 13, 14, 15, 16];

    [Fact]
    public void Means_are_those_that_callers_are_judged_by()
    {
        (CallerBaseline baseline, SortedDictionary<int, Traces> at, _) = Follow();

        for (int checkpoint = 0; checkpoint < baseline.Checkpoints.Length; checkpoint++)
        {
            Traces traces = at[baseline.Checkpoints[checkpoint]];
            AssertSame(traces.Cumulative, s_all, baseline.Cumulative[checkpoint]);
            AssertSame(traces.Cumulative, s_output, baseline.OutputCumulative[checkpoint]);
            if (traces.Recent32.Count > 0)
            {
                AssertSame(traces.Recent32, s_all, baseline.Recent32[checkpoint]);
                AssertSame(traces.Recent32, s_output, baseline.OutputRecent32[checkpoint]);
            }

            if (traces.Recent256.Count > 0)
            {
                AssertSame(traces.Recent256, s_all, baseline.Recent256[checkpoint]);
                AssertSame(traces.Recent256, s_output, baseline.OutputRecent256[checkpoint]);
            }
        }

        Assert.Equal(256, baseline.Checkpoints[^1]);
        Assert.Equal(130, at[256].Recent256.Count);
    }

    [Fact]
    public void Scales_are_quantiles_of_the_sums_that_callers_are_judged_by()
    {
        (CallerBaseline baseline, _, List<float[]> maxima) = Follow();

        for (int i = 0; i < 23; i++)
        {
            float found = i < 3 ? baseline.NearDuplicateScales[i] : i < 13 ? baseline.OutlierScales[i - 3] : baseline.TrainedOutlierScales[i - 13];
            float quantile = SampleQuantile.OfUnsorted(maxima.Select(caller => caller[i]).ToArray(), i < 3 ? .98 : .99);
            Assert.Equal(Math.Max(quantile, i < 3 ? 1.5f : 3), found, 1e-3);
        }

        Assert.Contains(baseline.NearDuplicateScales, scale => scale > 3);
        Assert.Contains(baseline.OutlierScales, scale => scale > 4);
        Assert.Contains(baseline.TrainedOutlierScales, scale => scale > 4);
    }

    [Fact]
    public void A_checkpoint_that_few_callers_reach_has_the_baseline_before_it()
    {
        DetectionCalibration calibration = WatchCases.Calibration(21);
        CallerHistory[] callers = [.. Enumerable.Range(0, 130).Select(caller => new CallerHistory((ulong)caller, WatchCases.Queries((ulong)caller, caller < 119 ? Life : 100)))];

        CallerBaseline baseline = BaselineFit.Fit(calibration.Tables, calibration.Outliers!, callers, Life, trimmed: 0);

        int last = Array.IndexOf(baseline.Checkpoints, 91);
        Assert.NotSame(baseline.Cumulative[last - 1], baseline.Cumulative[last]);
        Assert.All(baseline.Cumulative[last..], vector => Assert.Same(baseline.Cumulative[last], vector));
    }

    private static (CallerBaseline Baseline, SortedDictionary<int, Traces> At, List<float[]> Maxima) Follow()
    {
        // The same tables without a baseline: sums are not scaled then.
        DetectionCalibration made = WatchCases.Calibration(21);
        DetectionCalibration bare = new(null!, 1000, made.Tables, made.Outliers, baseline: null, thresholds: null, made.Cells, linking: null, made.Plain);
        CallerHistory[] callers = [.. Enumerable.Range(0, 130).Select(caller => new CallerHistory((ulong)caller, WatchCases.Queries((ulong)caller, Life, (caller % 5) * .2f)))];
        CallerBaseline baseline = BaselineFit.Fit(made.Tables, made.Outliers!, callers, Life, trimmed: 0);
        SortedDictionary<int, Traces> at = [];
        List<float[]> maxima = [];
        foreach (int checkpoint in baseline.Checkpoints)
        {
            at.Add(checkpoint, new Traces());
        }

        foreach (CallerHistory caller in callers)
        {
            CallerWatch watch = default;
            float[] largest = new float[23];
            HashSet<int> seen = [];
            for (int n = 1; n <= Life; n++)
            {
                CallerUpdate.Apply(bare, ref watch, in caller.Queries[n - 1], n);
                float[] sums = [.. (ReadOnlySpan<float>)watch.NearDuplicates, .. (ReadOnlySpan<float>)watch.Outliers, .. (ReadOnlySpan<float>)watch.TrainedOutliers];
                largest = [.. largest.Zip(sums, Math.Max)];
                if (at.TryGetValue(n, out Traces? reached))
                {
                    CallerUpdate.MeanVector(in watch, reached.Next(reached.Cumulative));
                }

                int latest = at.Keys.LastOrDefault(checkpoint => checkpoint <= n);
                if (n % 32 == 0 && seen.Add(latest)) // the first look after each checkpoint
                {
                    CallerUpdate.RecentVector32(in watch, at[latest].Next(at[latest].Recent32));
                    if (n >= 256)
                    {
                        CallerUpdate.RecentVector256(in watch, at[latest].Next(at[latest].Recent256));
                    }
                }
            }

            maxima.Add(largest);
        }

        return (baseline, at, maxima);
    }

    private static void AssertSame(List<float[]> vectors, int[] places, VectorBaseline found)
    {
        VectorBaseline expected = BaselineFit.FitVector([.. vectors], places, trimmed: 0);
        Assert.All(expected.Mean.Zip(found.Mean), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
        Assert.All(vectors, vector =>
        {
            float[] picked = [.. places.Select(place => vector[place])];
            Assert.Equal(expected.Distance(picked), found.Distance(picked), 1e-3);
        });
    }

    private sealed class Traces
    {
        public List<float[]> Cumulative { get; } = [];

        public List<float[]> Recent32 { get; } = [];

        public List<float[]> Recent256 { get; } = [];

        public float[] Next(List<float[]> of)
        {
            float[] vector = new float[QuerySignals.VectorLength];
            of.Add(vector);
            return vector;
        }
    }
}
