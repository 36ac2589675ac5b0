using InferenceShield.Samples;
using InferenceShield.Statistics.Detection;

namespace InferenceShield.Lab.Tests;

/// <summary>The limit of detection, held by a test: who asks what honest callers ask, in their mix, is noticed as often as they are.</summary>
public sealed class HonestLookingThiefTests
{
    private const int CalibrationCallers = 500;
    private const int Life = 800;
    private const int Watched = 300;

    /// <summary>Of 300 callers at 1.5 % each more than 14 are alarmed with a probability below .0002.</summary>
    private const int MostAlarms = 14;

    private static readonly Lazy<WatchBench> s_bench = new(() => WatchBench.Create(WatchedModel.Load(WatchedModel.Letters), CalibrationCallers, Life));

    [Fact]
    public void A_thief_in_distribution_is_alarmed_no_more_often_than_honest_callers()
    {
        WatchBench bench = s_bench.Value;
        Transcript[] thefts = [.. Enumerable.Range(0, Watched).Select(thief => bench.Ask(AttackTraffic.Knockoff, 900 + (ulong)thief, Life))];

        Assert.InRange(thefts.Count(theft => bench.Watch(theft).Full is not null), 0, MostAlarms);
        Assert.InRange(bench.Honest(Watched, Life).Count(caller => WatchedStream.Watch(bench.Calibration, caller.Queries).Full is not null), 0, MostAlarms);
        Assert.True(bench.Model.Agreement(thefts[0], Life, 1) > 0.75, "he leaves with a copy that is worth having");
    }

    [Theory]
    [InlineData(AttackTraffic.Uniform, 32)]
    [InlineData(AttackTraffic.Line, 64)]
    [InlineData(AttackTraffic.Mixtures, 400)]
    public void The_same_calibration_notices_thieves_who_do_not_look_honest(string attack, int queries)
    {
        WatchBench bench = s_bench.Value;
        foreach (ulong seed in new ulong[] { 901, 902, 903 })
        {
            Assert.InRange(bench.Watch(bench.Ask(attack, seed, Life)).Full ?? int.MaxValue, 1, queries);
        }
    }

    [Fact]
    public void The_promise_held_for_new_callers_of_tables()
    {
        string[] row = Rows(LetterDetection.File).Single(row => row is [_, "honest", "new callers", ..]);
        Assert.True(int.Parse(row[3], System.Globalization.CultureInfo.InvariantCulture) >= 2_000);
        Assert.InRange(double.Parse(row[4], System.Globalization.CultureInfo.InvariantCulture), 0, 0.015);
    }

    [Theory]
    [InlineData(LetterDetection.File)]
    [InlineData(AdaptiveDetection.File)]
    public void The_committed_thieves_in_distribution_were_not_noticed(string file)
    {
        foreach (string[] row in Rows(file).Where(row => row[2] is "in-distribution" or AttackTraffic.Knockoff))
        {
            Assert.Equal("0", row[4]);
        }
    }

    private static string[][] Rows(string file) =>
        [.. File.ReadLines(Path.Combine(SampleFiles.FindRoot(), "tests", "InferenceShield.Statistics", "results", file)).Skip(1).Select(line => line.Split(','))];
}
