using InferenceShield.Lab;
using Xunit;

namespace InferenceShield.Tests;

public class DriftWatchTests
{
    private static readonly Lazy<DetectionCalibration> s_fitted = new(() => CalibrationFit.Fit(CalibrationCases.Profile(), CalibrationCases.Callers(1_000, stream: 41, longest: 60), [], seed: 5));

    [Fact]
    public void Callers_like_the_calibrated_ones_are_no_drift_however_few()
    {
        DriftWatch watch = new();
        SeededRandom random = new(1, 41);
        for (int caller = 0; caller < 4_000; caller++)
        {
            Note(watch, ref random, shift: 0);
            if (caller % 50 == 0)
            {
                Assert.False(watch.Read(s_fitted.Value).IsDrift);
            }
        }

        Assert.InRange(watch.Read(s_fitted.Value).Callers, 900, 1_000);
    }

    [Fact]
    public void A_shift_of_half_a_deviation_is_told_in_words()
    {
        DriftWatch watch = new();
        SeededRandom random = new(1, 42);
        for (int caller = 0; caller < 1_000; caller++)
        {
            Note(watch, ref random, shift: .6f);
        }

        DriftReport report = watch.Read(s_fitted.Value);

        Assert.True(report.IsDrift);
        Assert.InRange(report.LargestShift, .45, .75);
        Assert.Equal(3, report.Reasons.Count);
        Assert.StartsWith("mean of inputs: 0.", report.Reasons[0], StringComparison.Ordinal);
        Assert.Contains("above calibrated callers", report.Reasons[0], StringComparison.Ordinal);
    }

    [Fact]
    public void The_first_sixty_callers_may_differ_by_chance()
    {
        int beyond = 0;
        for (ulong stream = 0; stream < 40; stream++)
        {
            DriftWatch watch = new();
            SeededRandom random = new(2, stream);
            for (int caller = 0; caller < 60; caller++)
            {
                Note(watch, ref random, shift: 0);
            }

            DriftReport report = watch.Read(s_fitted.Value);
            Assert.False(report.IsDrift);
            beyond += report.LargestShift > .3 ? 1 : 0;
        }

        Assert.True(beyond > 4, "By the tolerance alone nobody would have been accused.");
    }

    [Fact]
    public void A_shift_of_a_quarter_of_a_deviation_is_tolerated()
    {
        DriftWatch watch = new();
        SeededRandom random = new(1, 45);
        for (int caller = 0; caller < 2_000; caller++)
        {
            Note(watch, ref random, shift: .25f);
        }

        DriftReport report = watch.Read(s_fitted.Value);

        Assert.InRange(report.LargestShift, .18, .4); // four standard errors beyond none
        Assert.False(report.IsDrift);
    }

    [Fact]
    public void A_number_that_is_none_spoils_no_mean()
    {
        DriftWatch watch = new();
        SeededRandom random = new(1, 46);
        float[] broken = new float[QuerySignals.VectorLength];
        Array.Fill(broken, float.NaN);
        for (int caller = 0; caller < 500; caller++)
        {
            Note(watch, ref random, shift: 2);
        }

        watch.Note(s_fitted.Value, broken);

        Assert.True(watch.Read(s_fitted.Value).IsDrift);
        Assert.InRange(watch.Read(s_fitted.Value).LargestShift, 1.8, 2.2);
    }

    [Fact]
    public void Nothing_is_said_of_a_few_callers_or_under_a_new_calibration()
    {
        DriftWatch watch = new();
        SeededRandom random = new(1, 43);
        for (int caller = 0; caller < 49; caller++)
        {
            Note(watch, ref random, shift: 9);
        }

        Assert.Empty(watch.Read(s_fitted.Value).Reasons);
        for (int caller = 0; caller < 10; caller++)
        {
            Note(watch, ref random, shift: 9);
        }

        Assert.True(watch.Read(s_fitted.Value).IsDrift);
        DetectionCalibration cold = CalibrationFit.FitRows(CalibrationCases.Profile(), CalibrationCases.Rows(300, stream: 44), []);
        Assert.False(watch.Read(cold).IsDrift);
        watch.Note(cold, new float[QuerySignals.VectorLength]);
        Assert.Equal(1, watch.Read(cold).Callers);
    }

    [Fact]
    public void Noting_allocates_nothing()
    {
        DriftWatch watch = new();
        float[] mean = new float[QuerySignals.VectorLength];
        DetectionCalibration calibration = s_fitted.Value;

        Assert.Equal(0, Allocations.Least(() => watch.Note(calibration, mean)));
    }

    private static void Note(DriftWatch watch, ref SeededRandom random, float shift)
    {
        PlainBaseline plain = s_fitted.Value.Plain;
        float[] mean = new float[QuerySignals.VectorLength];
        for (int i = 0; i < mean.Length; i++)
        {
            mean[i] = plain.VectorMean[i] + (plain.VectorSpread[i] * (CalibrationCases.Gaussian(ref random) + (i == (int)SignalScalar.Mean ? shift : 0)));
        }

        watch.Note(s_fitted.Value, mean);
    }
}
