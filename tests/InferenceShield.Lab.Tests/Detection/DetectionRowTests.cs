using InferenceShield.Statistics.Detection;

namespace InferenceShield.Lab.Tests;

public sealed class DetectionRowTests
{
    [Fact]
    public void A_share_has_the_interval_of_Wilson()
    {
        DetectionRow row = DetectionRow.OfShare("e", "a", "0", "s", 10, 1_000);
        Assert.Equal(0.01, row.Share);
        Assert.Equal(0.00544, row.Low, 1e-5); // Newcombe, Statistics in Medicine 17, 1998: the score interval
        Assert.Equal(0.01831, row.High, 1e-5);
    }

    [Fact]
    public void Thieves_who_are_never_alarmed_count_in_quantiles()
    {
        DetectionRow row = DetectionRow.OfTimes("e", "a", "50", "s", [4, 8, double.PositiveInfinity, 6, 2, double.PositiveInfinity, 10, 12, 14, 16]);
        Assert.Equal(10, row.Median);
        Assert.True(double.IsPositiveInfinity(row.High90));
        Assert.Equal(0.8, row.Share);
        Assert.InRange(row.Median, row.Low, row.High);
    }

    [Fact]
    public void A_line_reads_back()
    {
        DetectionRow row = new("delay", "line", "80", "full", 20, 40, double.PositiveInfinity, 30.5, double.PositiveInfinity, double.NaN);
        string path = Path.GetTempFileName();
        File.WriteAllLines(path, [DetectionRow.Header, row.ToString()]);
        Assert.Equal(row, Assert.Single(DetectionRow.Read(path)));
        File.Delete(path);
    }

    [Fact]
    public void Ranks_correlate_as_in_a_worked_example()
    {
        // Zwillinger and Kokoska, CRC Standard Probability and Statistics, 2000: IQ and hours of television.
        double[] left = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110];
        double[] right = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17];
        Assert.Equal(-29 / 165.0, RankCorrelation.Of(left, right), 1e-12);
        Assert.Equal(1, RankCorrelation.Of([1, 1, 2, 3], [5, 5, 6, 7]), 1e-12);
        Assert.Equal(0, RankCorrelation.Of([1, 1, 1], [5, 6, 7]));
    }
}
