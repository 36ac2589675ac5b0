namespace InferenceShield.Tests;

public sealed class CampaignLinkingTests
{
    private const int Honest = 600;
    private const long Minute = 60_000_000_000;

    private static readonly SyntheticCallers s_world = new();
    private static readonly DetectionCalibration s_calibration = SyntheticCallers.Calibrate(s_world, 1_500, 1);

    [Theory]
    [InlineData(11, 20)]
    [InlineData(45, 10)]
    [InlineData(181, 10)]
    public void Sybils_among_honest_callers_are_one_campaign(int queries, int sybils)
    {
        CampaignWorker worker = Work(queries, sybils, out CallerWatchTable watches);

        worker.Run(s_calibration, watches, Minute);

        CampaignReport campaign = Assert.Single(worker.Campaigns);
        HashSet<CallerKey> expected = [.. Enumerable.Range(Honest, sybils).Select(SyntheticCallers.Key)];
        Assert.Equal(queries, campaign.Queries);
        Assert.InRange(campaign.Callers.Count(expected.Contains), .9 * sybils, sybils);
        Assert.InRange(campaign.Size, campaign.Threshold, sybils + 2);
        Assert.Contains($"first {queries} queries", campaign.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Five_sybils_of_45_queries_are_found_in_most_cohorts()
    {
        int found = 0;
        CallerWatchTable watches = new(64);
        for (ulong cohort = 0; cohort < 40; cohort++)
        {
            CampaignWorker worker = new(1_024);
            SyntheticCallers.Note(worker, s_calibration, s_world.Honest(Honest, 45, 30 + cohort, 0), 45, 0, 0);
            SyntheticCallers.Note(worker, s_calibration, SyntheticCallers.Sybils(10, 45, 1.5, cohort), 45, Honest, 0);
            worker.Run(s_calibration, watches, Minute);
            found += worker.Campaigns.Any(campaign => campaign.Callers.Contains(SyntheticCallers.Key(Honest))) ? 1 : 0;
        }

        Assert.InRange(found, 36, 40);
    }

    /// <summary>At 1 % at each of three n, more than 12 of 200 cohorts would alarm with a probability below .01.</summary>
    [Fact]
    public void Honest_cohorts_are_hardly_ever_alarmed()
    {
        int[] alarms = new int[LinkingBaseline.Queries.Length];
        CallerWatchTable watches = new(64);
        for (ulong cohort = 0; cohort < 200; cohort++)
        {
            for (int at = 0; at < alarms.Length; at++)
            {
                CampaignWorker worker = new(1_024);
                int queries = LinkingBaseline.Queries[at];
                SyntheticCallers.Note(worker, s_calibration, s_world.Honest(Honest, queries, 1_000 + cohort, (ulong)at), queries, 0, 0);
                worker.Run(s_calibration, watches, Minute);
                alarms[at] += worker.Campaigns.Count > 0 ? 1 : 0;
            }
        }

        Assert.True(alarms.Sum() <= 12 && alarms.All(count => count <= 7), $"alarms at 11, 45, 181: {string.Join(' ', alarms)}; sizes {string.Join(' ', s_calibration.Linking!.Sizes.Select(sizes => string.Join('/', sizes)))}");
    }

    private static CampaignWorker Work(int queries, int sybils, out CallerWatchTable watches)
    {
        CampaignWorker worker = new(1_024);
        watches = new CallerWatchTable(64);
        SyntheticCallers.Note(worker, s_calibration, s_world.Honest(Honest, queries, 2, 0), queries, 0, 0);
        SyntheticCallers.Note(worker, s_calibration, SyntheticCallers.Sybils(sybils, queries, 2, 3), queries, Honest, 0);
        return worker;
    }
}
