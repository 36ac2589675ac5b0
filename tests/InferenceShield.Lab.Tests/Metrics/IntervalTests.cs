namespace InferenceShield.Lab.Tests;

public sealed class IntervalTests
{
    [Fact]
    public void Of_three_runs_it_is_4_3_standard_errors_wide()
    {
        Interval interval = Interval.OfRuns([0.80, 0.82, 0.84]);
        Assert.Equal(0.82, interval.Mean, 1e-12);
        Assert.Equal(0.82 - (4.3027 * 0.02 / Math.Sqrt(3)), interval.Low!.Value, 1e-12);
        Assert.Equal(0.82 + (4.3027 * 0.02 / Math.Sqrt(3)), interval.High!.Value, 1e-12);
        Assert.Equal(3, interval.Count);
    }

    [Fact]
    public void One_run_has_no_interval_and_none_no_mean()
    {
        Interval interval = Interval.OfRuns([0.5]);
        Assert.Equal(0.5, interval.Mean);
        Assert.True(interval.Low is null && interval.High is null);
        Assert.Throws<ArgumentException>(() => Interval.OfRuns([]));
        Assert.Throws<ArgumentException>(() => Interval.OfRows([], 1));
    }

    [Theory]
    [InlineData(31, 2.0395)]
    [InlineData(60, 2.0003)]
    [InlineData(120, 1.9799)]
    public void Beyond_the_table_quantiles_are_those_of_published_tables(int freedom, double quantile)
    {
        // Half ones and half minus ones, one 0 where their number is odd: the standard error is known.
        int count = freedom + 1;
        double[] values = [.. Enumerable.Range(0, count).Select(i => count % 2 == 1 && i == 0 ? 0 : i % 2 == 0 ? 1.0 : -1.0)];
        double error = Math.Sqrt((count - (count % 2)) / (double)freedom / count);
        Assert.Equal(quantile, Interval.OfRuns(values).High!.Value / error, 2e-4);
    }

    [Fact]
    public void It_covers_the_true_mean_in_95_of_100_experiments()
    {
        SeededRandom random = new(1, 0);
        int covered = 0;
        double[] runs = new double[4];
        for (int experiment = 0; experiment < 4000; experiment++)
        {
            for (int i = 0; i < runs.Length; i++)
            {
                runs[i] = random.NextGaussian();
            }

            Interval interval = Interval.OfRuns(runs);
            covered += interval.Low <= 0 && interval.High >= 0 ? 1 : 0;
        }

        Assert.InRange(covered / 4000.0, 0.94, 0.96);
    }

    [Fact]
    public void Of_many_rows_the_bootstrap_comes_to_the_normal_interval()
    {
        SeededRandom random = new(2, 0);
        double[] rows = [.. Enumerable.Range(0, 1000).Select(_ => random.NextUnit() < 0.8 ? 1.0 : 0.0)];
        double mean = rows.Average();
        double half = 1.96 * Math.Sqrt(mean * (1 - mean) / rows.Length);
        Interval interval = Interval.OfRows(rows, seed: 3);
        Assert.Equal(mean, interval.Mean, 1e-12);
        Assert.Equal(mean - half, interval.Low!.Value, 0.003);
        Assert.Equal(mean + half, interval.High!.Value, 0.003);
        Assert.Equal(interval, Interval.OfRows(rows, seed: 3));
    }
}
