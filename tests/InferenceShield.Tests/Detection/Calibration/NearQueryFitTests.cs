using System.Numerics;
using InferenceShield.Lab;

namespace InferenceShield.Tests;

public sealed class NearQueryFitTests
{
    private const int Honest = 120;
    private const int Life = 100;

    private static readonly Lazy<DetectionCalibration> s_fitted = new(() => CalibrationFit.Fit(CalibrationCases.Profile(), Callers(400, stream: 21), [], seed: 5));

    [Fact]
    public void The_share_is_that_of_a_search_through_all_queries_before()
    {
        CallerHistory[] callers = Callers(60, stream: 22);
        callers[0] = new CallerHistory(1, callers[0].Queries[..31]); // too short to count
        List<(int Caller, QuerySignals Query)> before = [];
        float[] near = new float[callers.Length];
        for (int turn = 0; turn < Life; turn++)
        {
            for (int caller = 0; caller < callers.Length; caller++)
            {
                if (turn < callers[caller].Queries.Length)
                {
                    QuerySignals query = callers[caller].Queries[turn];
                    near[caller] += before.Exists(one => one.Caller != caller && one.Query.Exact != query.Exact && BitOperations.PopCount(one.Query.SimHash ^ query.SimHash) <= 1) ? 1 : 0;
                    before.Add((caller, query));
                }
            }
        }

        float[] shares = [.. near.Skip(1).Select(count => count / Life).Order()];

        // 59 callers: the 99 % quantile lies 42 % of the way between the last two.
        float expected = shares[^2] + (.42f * (shares[^1] - shares[^2]));
        Assert.True(expected > .01f);
        Assert.Equal(expected, NearQueryFit.Measure(callers), 1e-6f);
    }

    [Fact]
    public void Without_such_queries_it_is_one_in_a_thousand_and_without_inputs_unknown()
    {
        Assert.Equal(.001f, NearQueryFit.Measure(CalibrationCases.Callers(50, stream: 23)));
        Assert.True(float.IsNaN(NearQueryFit.Measure([new CallerHistory(1, new QuerySignals[100])])));
    }

    [Fact]
    public void A_fit_measures_it_of_the_callers_held_back_and_a_file_keeps_it()
    {
        float share = s_fitted.Value.Linking!.NearQueryShare;
        using ShieldSecret secret = new(TestShield.Secret(1));
        using MemoryStream stream = new();
        s_fitted.Value.Save(stream, CalibrationCases.Model, secret);

        Assert.InRange(share, .01f, .2f);
        Assert.Equal(share, DetectionCalibration.Load(stream.ToArray(), CalibrationCases.Model, secret).Linking!.NearQueryShare);
    }

    [Fact]
    public void Keys_that_share_a_line_search_or_jittered_copies_are_linked_and_honest_callers_are_not()
    {
        CampaignWorker worker = new(1_024);
        CallerWatchTable watches = new(1_024);
        CallerHistory[] honest = Callers(Honest, stream: 24);
        SeededRandom random = new(7, 1);
        ulong line = random.NextUInt64();
        ulong[] originals = [.. Enumerable.Range(0, 40).Select(_ => random.NextUInt64())];
        for (int turn = 0; turn < Life; turn++)
        {
            for (int caller = 0; caller < Honest; caller++)
            {
                worker.NoteQuery(SyntheticCallers.Key(caller), in honest[caller].Queries[turn], turn);
            }

            for (int key = 0; key < 5; key++)
            {
                line ^= turn % 4 == 0 ? 1UL << random.NextInt32(64) : 0; // a step of a search often changes no projection's sign
                worker.NoteQuery(SyntheticCallers.Key(Honest + key), Near(line, ref random), turn);
                worker.NoteQuery(SyntheticCallers.Key(Honest + 5 + key), Near(originals[turn % originals.Length], ref random), turn);
            }
        }

        for (int caller = 0; caller < Honest + 10; caller++)
        {
            Assert.True(watches.TryEnter(SyntheticCallers.Key(caller), 0, out int slot));
            watches[slot].Queries = Life;
            watches.Exit(slot);
        }

        worker.Run(s_fitted.Value, watches, 60_000_000_000);

        int[][] found = [.. worker.Campaigns.Select(campaign => campaign.Callers.Select(key => Enumerable.Range(0, Honest + 10).First(caller => SyntheticCallers.Key(caller) == key)).Order().ToArray())];
        Assert.Equal([Enumerable.Range(Honest, 5), Enumerable.Range(Honest + 5, 5)], found.OrderBy(group => group[0]));
    }

    /// <summary>Honest ones of whose queries 0 to 6 %, by caller, are nearly one of 200 popular inputs.</summary>
    private static CallerHistory[] Callers(int count, ulong stream)
    {
        SeededRandom popular = new(1, 2);
        ulong[] hashes = [.. Enumerable.Range(0, 200).Select(_ => popular.NextUInt64())];
        SeededRandom random = new(stream, 3);
        CallerHistory[] callers = CalibrationCases.Callers(count, stream, longest: 41);
        for (int caller = 0; caller < count; caller++)
        {
            QuerySignals[] queries = [.. Enumerable.Range(0, Life).Select(i => callers[caller].Queries[i % callers[caller].Queries.Length])];
            for (int i = 0; i < Life; i++)
            {
                queries[i].Exact = random.NextUInt64();
                queries[i].SimHash = CalibrationCases.Share(ref random) < .06 * caller / count ? Near(hashes[random.NextInt32(200)], ref random).SimHash : random.NextUInt64();
            }

            callers[caller] = new CallerHistory(callers[caller].Caller, queries);
        }

        return callers;
    }

    /// <summary>With its hash the same or, in half of all cases, one bit away.</summary>
    private static QuerySignals Near(ulong hash, ref SeededRandom random) =>
        new() { SimHash = hash ^ (random.NextInt32(2) == 0 ? 0 : 1UL << random.NextInt32(64)), Exact = random.NextUInt64() };
}
