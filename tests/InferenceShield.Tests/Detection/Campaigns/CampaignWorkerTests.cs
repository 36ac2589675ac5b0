using InferenceShield.Lab;

namespace InferenceShield.Tests;

public sealed class CampaignWorkerTests
{
    private const int Honest = 600;
    private const int Sybils = 12;
    private const long Minute = 60_000_000_000;

    private static readonly SyntheticCallers s_world = new();
    private static readonly DetectionCalibration s_calibration = SyntheticCallers.Calibrate(s_world, 1_000, 1, nearQueryShare: .004f);

    [Fact]
    public void A_campaign_keeps_its_id_while_callers_come_and_go()
    {
        List<CampaignReport> found = [];
        CampaignWorker worker = new(4_096, found.Add);
        CallerWatchTable watches = new(64);
        float[] honest = s_world.Honest(Honest, 45, 2, 0);
        float[] sybils = SyntheticCallers.Sybils(60, 45, 2, 3);
        for (int minute = 0; minute < 100; minute += 20)
        {
            SyntheticCallers.Note(worker, s_calibration, honest, 45, 0, minute * Minute);
            SyntheticCallers.Note(worker, s_calibration, sybils[(minute / 20 * 288)..((minute / 20 * 288) + 288)], 45, Honest + (minute / 20 * 12), minute * Minute);
            worker.Run(s_calibration, watches, minute * Minute);
        }

        CampaignReport campaign = Assert.Single(worker.Campaigns);
        Assert.InRange(campaign.Size, 54, 64);
        Assert.All(found, report => Assert.Equal(campaign.Id, report.Id));
        Assert.Equal(found.Select(report => report.Size).Order(), found.Select(report => report.Size));

        worker.Run(s_calibration, watches, 110 * Minute);
        int reported = found.Count;
        worker.Run(s_calibration, watches, 111 * Minute);
        Assert.Equal(reported, found.Count);

        worker.Run(s_calibration, watches, (2 * 1_440 * Minute) + (200 * Minute));
        Assert.Empty(worker.Campaigns);
    }

    [Fact]
    public void All_of_a_campaign_are_handed_over_and_newcomers_though_as_many_have_left()
    {
        List<CampaignReport> found = [];
        CampaignBook book = new();
        CallerWatchTable watches = new(64);
        CallerKey[] callers = [.. Enumerable.Range(0, 3_000).Select(SyntheticCallers.Key)];
        book.Take(callers.AsSpan(0, 2_000), 45, 4, "Alike.", 0);
        book.Report(s_calibration, watches, 0, found.Add);
        CampaignReport report = Assert.Single(found);
        Assert.Equal(callers[..2_000].OrderBy(one => one.High), report.Everybody!.OrderBy(one => one.High));
        Assert.Equal(CampaignBook.MostNamed, report.Callers.Count);

        // A day later half of them are not linked any more, and as many others are.
        book.Take(callers.AsSpan(1_000, 2_000), 45, 4, "Alike.", 1_500 * Minute);
        Assert.Null(Assert.Single(book.Report(s_calibration, watches, 1_500 * Minute, found.Add)).Everybody);
        Assert.Equal(2, found.Count);
        Assert.Equal(2_000, found[1].Size);
        Assert.Equal(callers[1_000..].OrderBy(one => one.High), found[1].Everybody!.OrderBy(one => one.High));
        book.Report(s_calibration, watches, 1_501 * Minute, found.Add);
        Assert.Equal(2, found.Count);
    }

    [Fact]
    public void The_same_callers_found_at_several_n_are_one_campaign()
    {
        CampaignWorker worker = new(4_096);
        foreach (int queries in LinkingBaseline.Queries)
        {
            SyntheticCallers.Note(worker, s_calibration, s_world.Honest(Honest, queries, 2, 0), queries, 0, 0);
            SyntheticCallers.Note(worker, s_calibration, SyntheticCallers.Sybils(30, queries, 2, 3), queries, Honest, 0);
        }

        worker.Run(s_calibration, new CallerWatchTable(64), Minute);

        Assert.Single(worker.Campaigns);
    }

    [Fact]
    public void Together_they_have_seen_what_one_caller_would_have()
    {
        CampaignWorker worker = new(1_024);
        CallerWatchTable watches = new(64);
        CellBitmap one = default;
        SeededRandom random = new(4, 1);
        for (int sybil = 0; sybil < Sybils; sybil++)
        {
            Assert.True(watches.TryEnter(SyntheticCallers.Key(Honest + sybil), 0, out int slot));
            watches[slot].Stamp = s_calibration.Stamp;
            watches[slot].Queries = 45;
            watches[slot].TotalQueries = 45;
            for (int query = 0; query < 45; query++)
            {
                int cell = random.NextInt32(640);
                one.Set(cell);
                watches[slot].Cells.Set(cell);
            }

            watches.Exit(slot);
        }

        Plant(worker, 0);
        worker.Run(s_calibration, watches, Minute);

        CampaignReport campaign = Assert.Single(worker.Campaigns);
        Assert.Equal(Sybils, campaign.Size);
        Assert.Equal(s_calibration.Cells.MassOf(in one), campaign.Odometer, 1e-6);
        Assert.Equal(Sybils * 45, campaign.TotalQueries);
    }

    [Fact]
    public void All_queries_of_all_epochs_are_counted_however_long_these_were()
    {
        DetectionCalibration shortLife = WatchCases.Calibration(4, lifetime: 100);
        DetectionCalibration longLife = WatchCases.Calibration(5, lifetime: 5_000);
        CallerWatchTable watches = new(16);
        CallerKey caller = SyntheticCallers.Key(1);
        Assert.True(watches.TryEnter(caller, 0, out int slot));
        QuerySignals[] queries = WatchCases.Queries(9, 260);
        for (int i = 0; i < queries.Length; i++)
        {
            CallerUpdate.Apply(i < 230 ? shortLife : longLife, ref watches[slot], in queries[i], i); // two whole epochs and two that were cut short
        }

        watches.Exit(slot);
        CampaignBook book = new();
        book.Take([caller], 45, 1, "Evidence.", 0);

        Assert.Equal(260, Assert.Single(book.Report(longLife, watches, 0, found: null)).TotalQueries);
    }

    [Fact]
    public void A_clock_that_goes_back_loses_no_campaign()
    {
        CampaignWorker worker = new(1_024);
        Plant(worker, 1_000_000 * Minute);

        worker.Run(s_calibration, new CallerWatchTable(64), 10 * Minute);
        worker.Run(s_calibration, new CallerWatchTable(64), -10 * Minute);

        Assert.Single(worker.Campaigns);
        Assert.NotNull(worker.Measure(-10 * Minute));
    }

    [Fact]
    public void Callers_of_an_hour_ago_and_of_another_calibration_are_not_linked()
    {
        CampaignWorker worker = new(1_024);
        Plant(worker, 0);
        worker.Run(s_calibration, new CallerWatchTable(64), 61 * Minute);
        Assert.Empty(worker.Campaigns);

        worker.Run(SyntheticCallers.Calibrate(s_world, 1_000, 1), new CallerWatchTable(64), Minute);
        Assert.Empty(worker.Campaigns);
    }

    [Fact]
    public void One_caller_that_comes_again_is_not_a_group()
    {
        CampaignWorker worker = new(1_024);
        SyntheticCallers.Note(worker, s_calibration, s_world.Honest(Honest, 45, 2, 0), 45, 0, 0);
        for (int life = 0; life < 50; life++)
        {
            SyntheticCallers.Note(worker, s_calibration, SyntheticCallers.Sybils(1, 45, 2, 3), 45, Honest, 0);
        }

        worker.Run(s_calibration, new CallerWatchTable(64), Minute);
        Assert.Empty(worker.Campaigns);
    }

    [Fact]
    public void A_flood_of_far_callers_is_compared_in_part_and_found()
    {
        const int Flood = CallerClusters.MostCompared + 3_000;
        CampaignWorker worker = new(Flood);
        SyntheticCallers.Note(worker, s_calibration, SyntheticCallers.Sybils(Flood, 11, 3, 3), 11, 0, 0);

        worker.Run(s_calibration, new CallerWatchTable(64), Minute);

        CampaignReport campaign = Assert.Single(worker.Campaigns);
        Assert.Equal(CampaignBook.MostMembers, campaign.Size);
        Assert.Equal(CampaignBook.MostNamed, campaign.Callers.Count);
    }

    [Fact]
    public void Threads_may_note_while_it_runs()
    {
        CampaignWorker worker = new(256);
        CallerWatchTable watches = new(64);
        float[] honest = s_world.Honest(200, 45, 9, 0);
        QuerySignals[] queries = OdometerTests.Queries(200, 10, 3);
        int running = 3;
        Threads.Run(4, thread =>
        {
            if (thread == 0)
            {
                while (Volatile.Read(ref running) > 0)
                {
                    worker.Run(s_calibration, watches, Minute);
                    worker.Measure(Minute);
                }

                return;
            }

            for (int round = 0; round < 200; round++)
            {
                SyntheticCallers.Note(worker, s_calibration, honest, 45, 200 * thread, round);
                for (int i = 0; i < queries.Length; i++)
                {
                    worker.NoteQuery(SyntheticCallers.Key(thread), in queries[i], round);
                }
            }

            Interlocked.Decrement(ref running);
        });

        // The same 200 vectors under three names each are groups of threes, which honest cohorts have too.
        Assert.True(worker.Campaigns.All(campaign => campaign.Size <= Honest));
    }

    [Fact]
    public void Callers_who_ask_around_each_others_queries_are_linked_and_honest_repeats_are_not()
    {
        CampaignWorker worker = new(1_024);
        CallerWatchTable watches = new(1_024);
        QuerySignals[] honest = OdometerTests.Queries(4_000, 10, 8);
        SeededRandom random = new(6, 1);
        for (int query = 0; query < honest.Length; query++)
        {
            worker.NoteQuery(SyntheticCallers.Key(query % 50), in honest[query], query);
            worker.NoteQuery(SyntheticCallers.Key((query + 1) % 50), in honest[query], query); // a popular input
        }

        ulong hash = random.NextUInt64();
        for (int query = 0; query < 200; query++)
        {
            hash ^= 1UL << random.NextInt32(64);
            worker.NoteQuery(SyntheticCallers.Key(100 + (query % 5)), new QuerySignals { SimHash = hash, Exact = random.NextUInt64() }, query);
        }

        for (int caller = 0; caller < 105; caller++)
        {
            Assert.True(watches.TryEnter(SyntheticCallers.Key(caller), 0, out int slot));
            watches[slot].Queries = caller < 50 ? 160 : 40;
            watches.Exit(slot);
        }

        worker.Run(s_calibration, watches, Minute);

        CampaignReport campaign = Assert.Single(worker.Campaigns);
        Assert.Equal(0, campaign.Queries);
        Assert.Equal(Enumerable.Range(100, 5).Select(SyntheticCallers.Key).ToHashSet(), [.. campaign.Callers]);
        Assert.InRange(worker.Measure(Minute).NearQueryShare, .01, .05);
    }

    [Fact]
    public void Bursts_at_the_same_minutes_and_hours_show()
    {
        CampaignWorker worker = new(1_024);
        Plant(worker, 100 * Minute);
        worker.Run(s_calibration, new CallerWatchTable(64), 100 * Minute);
        Assert.Single(worker.Campaigns);
        QuerySignals none = default;
        SeededRandom random = new(6, 1);
        for (int minute = 100; minute < 150; minute++)
        {
            for (int caller = 0; caller < Honest + Sybils; caller++)
            {
                int queries = caller >= Honest ? (minute % 10 == 7 ? 40 : 1) : (random.NextInt32(10) == 0 ? 40 : 1);
                for (int query = 0; query < queries; query++)
                {
                    worker.NoteQuery(SyntheticCallers.Key(caller), in none, minute * Minute);
                }
            }
        }

        CrossCallerSignals signals = worker.Measure(150 * Minute);

        CampaignActivity activity = Assert.Single(signals.Campaigns);
        Assert.InRange(activity.Callers, 10, Sybils);
        Assert.True(activity.Synchrony > .9 && signals.Synchrony < .2, $"{activity} {signals}");
        Assert.InRange(activity.HourDistance, 0, .5);
        Assert.InRange(signals.BusiestMinute, signals.MeanMinute, .3);
    }

    private static void Plant(CampaignWorker worker, long now)
    {
        SyntheticCallers.Note(worker, s_calibration, s_world.Honest(Honest, 45, 2, 0), 45, 0, now);
        SyntheticCallers.Note(worker, s_calibration, SyntheticCallers.Sybils(Sybils, 45, 2, 3), 45, Honest, now);
    }
}
