using InferenceShield.Samples;
using InferenceShield.Statistics.Detection;

namespace InferenceShield.Lab.Tests;

/// <summary>What detection.csv must say: the bounds that were asked for, and the limits that must not be forgotten.</summary>
public sealed class DetectionFiguresTests
{
    private static readonly IReadOnlyList<DetectionRow> s_rows =
        DetectionRow.Read(Path.Combine(SampleFiles.FindRoot(), "tests", "InferenceShield.Statistics", "results", DetectionRow.File));

    [Theory]
    [InlineData(FalseAlarmCells.Full, 0.015)]
    [InlineData(FalseAlarmCells.FullStrict, 0.004)]
    [InlineData(FalseAlarmCells.Output, 0.015)]
    public void Promises_to_honest_callers_are_kept(string statistic, double most)
    {
        DetectionRow row = Find(FalseAlarmCells.Experiment, FalseAlarmCells.Calibrated, "0", statistic);
        Assert.True(row.Count >= 2_000);
        Assert.InRange(row.Share, 0, most);
    }

    [Theory]
    [InlineData(AttackTraffic.Uniform, "0", 32)]
    [InlineData(AttackTraffic.Shuffled, "0", 32)]
    [InlineData(AttackTraffic.DataFree, "0", 32)]
    [InlineData(AttackTraffic.Textures, "0", 32)]
    [InlineData(AttackTraffic.Grid, "0", 32)]
    [InlineData(AttackTraffic.Boundary, "0", 32)]
    [InlineData(AttackTraffic.Line, "0", 32)]
    [InlineData(AttackTraffic.JbdaTop, "0", 350)]
    [InlineData(AttackTraffic.Mixtures, "0", 400)]
    [InlineData(AttackTraffic.Jbda, "0", 800)]
    [InlineData(AttackTraffic.Boundary, "50", 40)]
    [InlineData(AttackTraffic.Grid, "50", 40)]
    [InlineData(AttackTraffic.Line, "50", 40)]
    [InlineData(AttackTraffic.JbdaTop, "50", 1_000)]
    [InlineData(AttackTraffic.Jbda, "50", 3_000)]
    [InlineData(AttackTraffic.Line, "80", 120)]
    [InlineData(AttackTraffic.Line, "95", 500)]
    public void Thieves_are_alarmed_in_time(string attack, string padding, double latest) =>
        Assert.InRange(Find(DelayCells.Experiment, attack, padding, FalseAlarmCells.Full).Median, 1, latest);

    [Fact]
    public void A_thief_who_asks_what_honest_callers_ask_is_never_found()
    {
        foreach (string padding in DelayCells.Paddings.Where(padding => padding != "after"))
        {
            DetectionRow row = Find(DelayCells.Experiment, AttackTraffic.Knockoff, padding, FalseAlarmCells.Full);
            Assert.InRange(row.Share, 0, 0.05); // one of 20 streams
        }

        Assert.True(double.IsInfinity(Find(LinkingCells.Experiment, AttackTraffic.Knockoff, "0", LinkingCells.Smallest).Median));
    }

    [Fact]
    public void The_odometer_follows_what_copies_are_worth()
    {
        double Correlation(string counts, string odometer) => Find(LeakCells.Experiment, "all", counts, odometer).Median;
        Assert.True(Correlation("all counts", "mass") >= 0.8);
        Assert.True(Correlation("equal counts", "mass") >= 0.75);
        foreach (string other in new[] { "queries", "sentry" })
        {
            Assert.True(Correlation("all counts", "mass") > Correlation("all counts", other));
            Assert.True(Correlation("equal counts", "mass") > Correlation("equal counts", other));
        }
    }

    [Theory]
    [InlineData(AttackTraffic.Jbda)]
    [InlineData(AttackTraffic.JbdaTop)]
    [InlineData(AttackTraffic.Digits)]
    [InlineData(AttackTraffic.Grid)]
    public void Ten_keys_of_one_thief_are_seen_to_belong_together(string attack)
    {
        Assert.InRange(Find(LinkingCells.Experiment, attack, "0", LinkingCells.Smallest).Median, 1, 10);
        Assert.InRange(Find(LinkingCells.Experiment, LinkingCells.Honest, "0", "group").Share, 0, 0.02);
    }

    [Theory]
    [InlineData(FalseAlarmCells.PooledCusum)]
    [InlineData(FalseAlarmCells.LabelCusum)]
    public void A_CUSUM_against_the_pool_breaks_its_nominal_level(string statistic) =>
        Assert.True(Find(FalseAlarmCells.Uncalibrated, FalseAlarmCells.Calibrated, "0", statistic).Low > 0.01); // .001 is what ln 1000 says

    private static DetectionRow Find(string experiment, string attack, string padding, string statistic) =>
        s_rows.Single(row => row.Experiment == experiment && row.Attack == attack && row.Padding == padding && row.Statistic == statistic);
}
