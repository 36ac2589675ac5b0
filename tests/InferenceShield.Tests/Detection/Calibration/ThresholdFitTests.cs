using InferenceShield.Lab;
using Xunit;

namespace InferenceShield.Tests;

public class ThresholdFitTests
{
    [Fact]
    public void A_lone_statistic_has_the_rank_that_the_promise_allows()
    {
        float[][] maxima = Maxima(2_000);
        DetectionThresholds thresholds = ThresholdFit.Fit(maxima, isAdvisory: false, trimmed: 0);
        float[] near = maxima[(int)DetectionStatistic.NearDuplicates];
        float threshold = thresholds[DetectionFamily.Full, DetectionLevel.Promise, DetectionStatistic.NearDuplicates];

        Assert.Equal(16, near.Count(value => value > threshold)); // .8 x 1 % of 2,000
        Assert.Contains(threshold, near);
        Assert.False(thresholds.Extrapolated[((int)DetectionFamily.Full * 2) + (int)DetectionLevel.Promise]);
    }

    [Fact]
    public void Beyond_the_fifth_rank_the_tail_is_extrapolated_and_says_so()
    {
        float[][] maxima = Maxima(2_000);
        DetectionThresholds thresholds = ThresholdFit.Fit(maxima, isAdvisory: false, trimmed: 0);
        float strict = thresholds[DetectionFamily.Full, DetectionLevel.Strict, DetectionStatistic.NearDuplicates];

        // Pareto with index 1 / 3: at .8 x .1 % of callers 1250^(1/3) = 10.8 of the least; the share at five callers is known to a third.
        Assert.InRange(strict, 7.5, 15);
        Assert.True(thresholds.Extrapolated[((int)DetectionFamily.Full * 2) + (int)DetectionLevel.Strict]);
        Assert.Equal(.001, thresholds.Promises[((int)DetectionFamily.Full * 2) + (int)DetectionLevel.Strict]);
    }

    [Theory]
    [InlineData(99, true, true)]
    [InlineData(98, false, true)]
    [InlineData(998, true, true)]
    [InlineData(999, true, false)]
    public void A_share_below_one_in_the_callers_is_not_promised(int callers, bool promises, bool refusesStrict)
    {
        DetectionThresholds thresholds = ThresholdFit.Fit(Maxima(callers), isAdvisory: false, trimmed: 0);

        Assert.Equal(promises, !double.IsNaN(thresholds.Promises[0]));
        Assert.Equal(refusesStrict, double.IsNaN(thresholds.Promises[1]));
        Assert.Equal(refusesStrict, float.IsPositiveInfinity(thresholds[DetectionFamily.Output, DetectionLevel.Strict, DetectionStatistic.NearDuplicates]));
    }

    [Fact]
    public void A_statistic_that_nobody_has_needs_more_than_one_hit()
    {
        float[][] maxima = Maxima(500);
        maxima[(int)DetectionStatistic.NearDuplicates].AsSpan().Clear();

        Assert.InRange(ThresholdFit.Fit(maxima, isAdvisory: false, trimmed: 0)[DetectionFamily.Output, DetectionLevel.Promise, DetectionStatistic.NearDuplicates], 1, 1);
    }

    [Fact]
    public void The_union_of_several_statistics_uses_what_the_promise_allows()
    {
        SeededRandom random = new(9, 9);
        float[][] maxima = Maxima(2_000);
        foreach (float[] values in maxima)
        {
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = (float)Math.Pow(1 - CalibrationCases.Share(ref random), -1 / 4.0);
            }
        }

        DetectionThresholds thresholds = ThresholdFit.Fit(maxima, isAdvisory: false, trimmed: 0);
        int alarmed = Enumerable.Range(0, 2_000).Count(caller => maxima.Where((values, statistic) =>
            values[caller] > thresholds[DetectionFamily.Full, DetectionLevel.Promise, (DetectionStatistic)statistic]).Any());

        Assert.InRange(alarmed, 10, 16); // steps of one rank in each of six
    }

    /// <summary>Pareto with index 1 / 3 for near-duplicates, nothing for the others.</summary>
    private static float[][] Maxima(int callers)
    {
        SeededRandom random = new(3, 4);
        float[][] maxima = [.. Enumerable.Range(0, DetectionThresholds.Statistics).Select(_ => new float[callers])];
        for (int caller = 0; caller < callers; caller++)
        {
            maxima[(int)DetectionStatistic.NearDuplicates][caller] = (float)Math.Pow(1 - CalibrationCases.Share(ref random), -1 / 3.0);
        }

        return maxima;
    }
}
