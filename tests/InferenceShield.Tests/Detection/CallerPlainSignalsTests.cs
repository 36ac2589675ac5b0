using InferenceShield.Lab;

namespace InferenceShield.Tests;

/// <summary>Plain signals of a caller.</summary>
public sealed class CallerPlainSignalsTests
{
    private const long Second = 1_000_000_000;

    private static readonly PlainBaseline s_baseline = WatchCases.Calibration(1).Plain;

    [Fact]
    public void A_caller_that_asks_twenty_times_faster_than_it_used_to_stands_out()
    {
        PlainWatch watch = default;
        long now = 0;
        for (int i = 0; i < 1000; i++)
        {
            watch.Note(s_baseline, default, now += Second);
        }

        Assert.Equal(1, watch.Read(s_baseline).RateRatio, .01);
        for (int i = 0; i < 100; i++)
        {
            watch.Note(s_baseline, default, now += Second / 20);
        }

        CallerPlainSignals fast = watch.Read(s_baseline);
        Assert.InRange(fast.RateRatio, 12, 20);
        Assert.True(fast.IsFast);
        Assert.Equal(1100, fast.Queries);
    }

    [Fact]
    public void A_clock_that_goes_back_leaves_one_query_out_of_the_rate()
    {
        PlainWatch watch = default;
        long now = 0;
        for (int i = 0; i < 500; i++)
        {
            now += i % 100 == 50 ? -3600 * Second : Second;
            watch.Note(s_baseline, default, now);
        }

        watch.Note(s_baseline, default, long.MaxValue);
        watch.Note(s_baseline, default, long.MinValue);
        watch.Note(s_baseline, default, long.MinValue);
        double ratio = watch.Read(s_baseline).RateRatio;
        Assert.True(double.IsFinite(ratio) && ratio < 1, $"{ratio}: one pause of ten minutes makes the latest queries slow.");
    }

    [Fact]
    public void A_caller_that_narrows_down_to_a_rare_label_shows_it()
    {
        PlainWatch watch = default;
        SeededRandom random = new(1, 1);
        for (int i = 0; i < 3000; i++)
        {
            float share = WatchCases.NextShare(ref random);
            int label = share < .4f ? 0 : share < .7f ? 1 : share < .9f ? 2 : share < .99f ? 3 : 4;
            watch.Note(s_baseline, new QuerySignals { Label = label }, 0);
        }

        CallerPlainSignals usual = watch.Read(s_baseline);
        double benign = s_baseline.LabelShares.Sum(share => -share * Math.Log(share));
        Assert.Equal(benign, usual.EarlierLabelEntropy, .05);
        Assert.Equal(0, usual.LabelEntropyChange, .2);
        Assert.Equal(0, usual.RareClassFocus, .25);
        for (int i = 0; i < 400; i++)
        {
            watch.Note(s_baseline, new QuerySignals { Label = 4 }, 0);
        }

        CallerPlainSignals narrow = watch.Read(s_baseline);
        Assert.InRange(narrow.LabelEntropyChange, -3, -.8);
        Assert.Equal(-Math.Log(.01) - benign, narrow.RareClassFocus, .1);
    }

    [Fact]
    public void Borderline_answers_and_the_variance_of_confidence_are_counted()
    {
        PlainWatch watch = default;
        for (int i = 0; i < 2000; i++)
        {
            QuerySignals query = new() { Confidence = i % 4 == 0 ? .4f : .6f };
            query.Scalars[(int)SignalScalar.LogMargin] = i % 4 == 0 ? MathF.Log(.4f / .35f) : 1.5f;
            watch.Note(s_baseline, in query, 0);
        }

        CallerPlainSignals signals = watch.Read(s_baseline);
        Assert.Equal(.25, signals.BorderlineShare, .02);
        Assert.Equal(5, signals.BorderlineRatio, .4);
        Assert.Equal(.01 * .75, signals.ConfidenceVariance, .0005);
    }

    [Theory]
    [InlineData(0, 64, true)]
    [InlineData(1, 32, true)]
    [InlineData(2, 64, true)]
    [InlineData(3, 2, false)]
    public void Lines_grids_and_staircases_are_sweeps_and_chance_is_none(int kind, int least, bool isSweep)
    {
        PlainWatch watch = default;
        SeededRandom random = new(6, 2);
        for (int i = 0; i < 80; i++)
        {
            QuerySignals query = default;
            (query.Position[0], query.Position[1]) = kind switch
            {
                0 => (1 + (i * .3f), 2 - (i * .1f)),
                1 => ((i % 40) * .2f, (i / 40) * .5f),
                2 => ((i / 2) * .25f, ((i + 1) / 2) * .25f),
                _ => (WatchCases.NextNormal(ref random), WatchCases.NextNormal(ref random)),
            };
            watch.Note(s_baseline, in query, 0);
            watch.Note(s_baseline, in query, 0); // the same again is no step
        }

        CallerPlainSignals signals = watch.Read(s_baseline);
        Assert.Equal(isSweep, signals.IsSweeping);
        Assert.True(isSweep ? signals.LongestSweep >= least : signals.LongestSweep <= least);
    }

    [Fact]
    public void A_caller_without_history_stands_out_in_nothing()
    {
        PlainWatch watch = default;
        for (int i = 0; i < 10; i++)
        {
            watch.Note(s_baseline, new QuerySignals { Label = -1, Confidence = float.NaN }, -i);
        }

        CallerPlainSignals signals = watch.Read(s_baseline);
        Assert.Equal((1.0, 0.0, 0.0, 0.0, 1.0), (signals.RateRatio, signals.LabelEntropyChange, signals.ConfidenceVariance, signals.RareClassFocus, signals.BorderlineRatio));
        Assert.False(signals.IsFast || signals.IsSweeping);
    }
}
