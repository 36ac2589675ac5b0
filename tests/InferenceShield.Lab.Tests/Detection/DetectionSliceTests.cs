using InferenceShield.Statistics.Detection;

namespace InferenceShield.Lab.Tests;

/// <summary>The run behind detection.csv, small enough for every build: 2,000 committed images, short lives, a few thieves.</summary>
public sealed class DetectionSliceTests
{
    private static readonly DetectionScale s_slice = new(
        Calibration: 600, Test: 200, Shifted: 60, Streams: 4, Queries: 500, Honest: 100, Cohort: 100, Trials: 20, new HonestTrafficOptions { FewestQueries = 50, MostQueries = 400 });

    private static readonly Lazy<DetectionSetup> s_setup = new(DetectionSetup.LoadSmall);
    private static readonly Lazy<DetectionBench> s_bench = new(() => new DetectionBench(s_setup.Value, s_slice));

    [Fact]
    public void New_honest_callers_are_alarmed_about_as_seldom_as_promised()
    {
        DetectionRow[] rows = [.. FalseAlarmCells.Run(s_bench.Value, FalseAlarmCells.Calibrated)];

        // 200 callers at 1 %: eight or more come once in a thousand times.
        Assert.True(Find(rows, FalseAlarmCells.Full).Share <= 7 / 200.0);
        Assert.True(Find(rows, FalseAlarmCells.Output).Share <= 7 / 200.0);
        Assert.True(Find(rows, FalseAlarmCells.FullStrict).Share <= Find(rows, FalseAlarmCells.Full).Share);
    }

    [Fact]
    public void Callers_of_an_unseen_kind_raise_many_more_alarms() =>
        Assert.True(Find(FalseAlarmCells.Run(s_bench.Value, FalseAlarmCells.Shifted), FalseAlarmCells.Full).Share > 0.1);

    [Theory]
    [InlineData(AttackTraffic.Line, 40)]
    [InlineData(AttackTraffic.Grid, 40)]
    [InlineData(AttackTraffic.Uniform, 32)]
    public void Loud_thieves_are_alarmed_early_and_later_among_honest_queries(string attack, double latest)
    {
        DetectionRow[] rows = [.. DelayCells.Run(s_bench.Value, attack)];
        DetectionRow pure = rows.Single(row => row is { Padding: "0", Statistic: FalseAlarmCells.Full });
        DetectionRow padded = rows.Single(row => row is { Padding: "80", Statistic: FalseAlarmCells.Full });
        Assert.InRange(pure.Median, 1, latest);
        Assert.Equal(1, pure.Share);
        Assert.True(padded.Median > pure.Median);
    }

    [Fact]
    public void A_thief_who_asks_what_honest_callers_ask_is_one()
    {
        DetectionRow[] rows = [.. DelayCells.Run(s_bench.Value, AttackTraffic.Knockoff)];
        Assert.True(rows.Single(row => row is { Padding: "0", Statistic: FalseAlarmCells.Full }).Share <= 0.25);
    }

    [Fact]
    public void A_CUSUM_against_the_pool_alarms_on_honest_callers()
    {
        DetectionRow[] rows = [.. FalseAlarmCells.RunUncalibrated(s_bench.Value)];

        // Ten times what ln 1000 says.
        Assert.True(Find(rows, FalseAlarmCells.LabelCusum).Share > 0.01);
    }

    [Fact]
    public void The_same_seeds_give_the_same_rows()
    {
        DetectionScale tiny = s_slice with { Calibration = 60, Test = 20, Streams = 2, Queries = 120, Honest = 20 };
        string[] Run() => [.. DelayCells.Run(new DetectionBench(s_setup.Value, tiny), AttackTraffic.Mixtures).Select(row => row.ToString())];
        Assert.Equal(Run(), Run());
    }

    private static DetectionRow Find(IEnumerable<DetectionRow> rows, string statistic) => rows.First(row => row.Statistic == statistic);
}
