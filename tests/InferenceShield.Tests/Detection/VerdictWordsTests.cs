namespace InferenceShield.Tests;

/// <summary>The reasons of an alarm.</summary>
public sealed class VerdictWordsTests
{
    [Fact]
    public void Reasons_say_what_weighed_most_and_which_way()
    {
        VectorBaseline baseline = new() { Dimension = 24, Mean = new float[24], Whitening = Diagonal(24, 2), Scale = 1 };
        VectorBaseline output = new() { Dimension = 10, Mean = new float[10], Whitening = Diagonal(10, 2), Scale = 1 };
        DetectionCalibration random = WatchCases.Calibration(4);
        CallerBaseline callers = new()
        {
            Checkpoints = [8],
            Cumulative = [baseline],
            Recent32 = [baseline],
            Recent256 = [baseline],
            OutputCumulative = [output],
            OutputRecent32 = [output],
            OutputRecent256 = [output],
            NearDuplicateScales = [1, 1, 1],
            OutlierScales = new float[10],
            TrainedOutlierScales = new float[10],
            Lifetime = 100,
        };
        DetectionCalibration calibration = new(null!, 1000, random.Tables, null, callers, random.Thresholds, random.Cells, null, random.Plain);
        CallerWatch watch = new() { Queries = 8, Checkpoint = 1, NearDuplicateHits = 0b1011 };
        watch.Sums[(int)SignalScalar.LogConfidence] = 8 * -1.5;
        watch.Sums[(int)SignalScalar.Sparsity] = 8 * 2;
        watch.Sums[12 + (int)SignalScalar.Entropy] = 8 * .75;
        watch.Sums[5] = 8 * .01;
        Assert.Equal(
            [
                "inputs are emptier than those of calibrated callers (+4.0 standard deviations)",
                "answers are less certain than those of calibrated callers (-3.0 standard deviations)",
                "the spread of answers over labels is more often extreme than with calibrated callers (+1.5 standard deviations)",
            ],
            Reasons(calibration, in watch, DetectionStatistic.Cumulative));
        Assert.Equal(
            [
                "answers are less certain than those of calibrated callers (-3.0 standard deviations)",
                "the spread of answers over labels is more often extreme than with calibrated callers (+1.5 standard deviations)",
            ],
            Reasons(calibration, in watch, DetectionStatistic.OutputCumulative));
        Assert.Equal(["3 of the last 64 inputs are nearly, but not exactly, inputs asked shortly before"], Reasons(calibration, in watch, DetectionStatistic.NearDuplicates));
    }

    [Fact]
    public void Spreads_are_standard_deviations_of_what_is_whitened()
    {
        // C = A A' and W = A^-1: here A = [[2, 0], [3, 4]].
        VectorBaseline baseline = new() { Dimension = 3, Mean = new float[3], Whitening = [.5f, 0, 0, -.375f, .25f, 0, 0, 0, 0], Scale = 1 };
        ReadOnlySpan<float> spreads = baseline.Spreads;
        Assert.Equal(2, spreads[0], 1e-6f);
        Assert.Equal(5, spreads[1], 1e-6f);
        Assert.Equal(0, spreads[2]);
        VectorBaseline upper = new() { Dimension = 2, Mean = new float[2], Whitening = [.5f, .5f, 0, .25f], Scale = 1 };
        spreads = upper.Spreads;
        Assert.Equal(Math.Sqrt(4 + 16), spreads[0], 1e-5);
        Assert.Equal(4, spreads[1], 1e-5f);
        Assert.True(spreads == upper.Spreads, "They are worked out anew, by the query that raises an alarm.");
    }

    [Fact]
    public void Every_reason_has_words()
    {
        foreach (byte code in Enumerable.Range(1, 24).Concat(Enumerable.Range(50, 12)).Concat([100, 101, 102]))
        {
            Assert.NotEqual(VerdictWords.Say(code, 1), VerdictWords.Say(code, -1));
            Assert.DoesNotContain("{", VerdictWords.Say(code, 1), StringComparison.Ordinal);
        }
    }

    private static string[] Reasons(DetectionCalibration calibration, in CallerWatch watch, DetectionStatistic statistic)
    {
        CallerAlarm alarm = new() { Epochs = 1, Statistic = (byte)statistic };
        AlarmReasons.Find(calibration, in watch, statistic, ref alarm);
        return [.. VerdictWords.Describe(DetectionFamily.Full, DetectionLevel.Promise, in alarm).Reasons];
    }

    private static float[] Diagonal(int dimension, float value)
    {
        float[] matrix = new float[dimension * dimension];
        for (int i = 0; i < dimension; i++)
        {
            matrix[(i * dimension) + i] = value;
        }

        return matrix;
    }
}
