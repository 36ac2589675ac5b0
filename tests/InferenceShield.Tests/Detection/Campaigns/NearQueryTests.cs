using InferenceShield.Lab;

namespace InferenceShield.Tests;

public sealed class NearQueryTests
{
    [Fact]
    public void One_bit_away_from_another_callers_query_is_a_hit_whichever_bit_it_is()
    {
        NearQueryTable table = new();
        for (int bit = 0; bit < 64; bit++)
        {
            ulong hash = 0xA5A5_1234_0F0F_9876 * (ulong)((2 * bit) + 1);
            ulong exact = hash * 31;
            Assert.False(table.Note(7, hash, exact, out _));
            Assert.True(table.Note(8, hash ^ (1UL << bit), exact + 1, out uint other));
            Assert.Equal(7u, other);
        }
    }

    [Theory]
    [InlineData(8u, 0UL, 1UL, true)]
    [InlineData(8u, 0UL, 0UL, false)] // an exact repeat
    [InlineData(7u, 1UL, 1UL, false)] // its own query
    [InlineData(8u, 3UL, 1UL, false)] // two bits
    public void Only_what_is_nearly_another_callers_counts(uint caller, ulong flipped, ulong digest, bool isHit)
    {
        NearQueryTable table = new();
        table.Note(7, 0x1234_5678_9ABC_DEF0, 42, out _);

        Assert.Equal(isHit, table.Note(caller, 0x1234_5678_9ABC_DEF0 ^ flipped, 42 + digest, out _));
    }

    [Fact]
    public void About_the_latest_65536_are_remembered()
    {
        NearQueryTable table = new();
        QuerySignals[] queries = OdometerTests.Queries(200_000, 10, 5);
        foreach (QuerySignals query in queries)
        {
            table.Note(1, query.SimHash, query.Exact, out _);
        }

        int found = queries.TakeLast(10_000).Count(query => table.Note(2, query.SimHash ^ 1, ~query.Exact, out _));
        int old = queries.Take(10_000).Count(query => table.Note(2, query.SimHash ^ 1, ~query.Exact, out _));
        Assert.InRange(found, 8_500, 10_000);
        Assert.InRange(old, 0, 1_500);
    }

    [Fact]
    public void Random_queries_of_many_threads_are_near_nobodys()
    {
        NearQueryLinks links = new();
        int hits = 0;
        Threads.Run(4, thread =>
        {
            CallerKey caller = SyntheticCallers.Key(thread);
            foreach (QuerySignals query in OdometerTests.Queries(100_000, 10, (ulong)thread))
            {
                if (links.Note(caller, in query, 0))
                {
                    Interlocked.Increment(ref hits);
                }
            }
        });

        Assert.Equal(0, hits);
    }

    [Fact]
    public void Noting_allocates_nothing()
    {
        CampaignWorker worker = new(1_024);
        DetectionCalibration calibration = SyntheticCallers.Calibrate(new SyntheticCallers(), 100, 1);
        QuerySignals[] queries = OdometerTests.Queries(1_000, 10, 5);
        float[] mean = new float[24];
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (int i = 0; i < queries.Length; i++)
            {
                worker.NoteQuery(SyntheticCallers.Key(i & 7), in queries[i], i);
                queries[i].SimHash ^= 1;
                queries[i].Exact++;
                worker.Note(calibration, SyntheticCallers.Key(i), default, 45, mean, i);
            }
        }));
    }
}
