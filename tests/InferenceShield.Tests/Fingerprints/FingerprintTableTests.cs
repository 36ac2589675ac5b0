namespace InferenceShield.Tests;

public sealed class FingerprintTableTests
{
    private const int Capacity = 4096;
    private const int Victims = 50;
    private const ulong Factor = 0xD1B54A32D192ED03;

    /// <summary>An attacker who knows the code but not the secret guesses which hashes share the victims' buckets.</summary>
    [Fact]
    public void A_flood_cannot_push_out_selectively_without_the_secret()
    {
        double random = SurvivingAfterFlood(factorOfAttacker: null);
        double aimed = SurvivingAfterFlood(factorOfAttacker: 0x9E3779B97F4A7C15);
        double informed = SurvivingAfterFlood(factorOfAttacker: Factor);
        Assert.InRange(random, 0.9, 1);
        Assert.InRange(aimed, random - 0.03, 1);
        Assert.InRange(informed, 0, 0.1); // the secret is what protects: with it the same flood works
    }

    [Fact]
    public void Repeating_one_input_pushes_out_nothing_but_its_own_entries()
    {
        FingerprintTable table = WithVictims(out ulong[][] victims);
        ulong[] repeated = NearDuplicateIndexTests.Hashes(900_000, 50);
        for (int i = 0; i < Capacity - Victims - 1; i++)
        {
            table.Add(repeated, table.Claim(50, 2));
        }

        Assert.InRange(Surviving(table, victims), 0.999, 1);
    }

    [Fact]
    public void A_hash_that_all_send_keeps_half_of_its_bucket_free_for_others()
    {
        FingerprintTable table = new(Capacity, 50, Factor);
        ulong common = 12345;
        for (int i = 0; i < 1000; i++)
        {
            table.Add([common], table.Claim(1, 1));
        }

        FingerprintVotes votes = new();
        table.Find([common], (uint)table.Latest, votes);
        Assert.Equal(4, votes.Count);
        Assert.Equal([997u, 998u, 999u, 1000u], Enumerable.Range(0, votes.Count).Select(i => votes[i].Id).Order());
    }

    [Fact]
    public void Ids_may_wrap_around()
    {
        FingerprintTable table = new(1024, 50, Factor);
        table.SkipTo((1L << 32) - 600);
        for (int query = 0; query < 1500; query++)
        {
            ulong[] hashes = NearDuplicateIndexTests.Hashes(query, 50);
            table.Add(hashes, table.Claim(50, (uint)query));
            FingerprintVotes votes = new();
            table.Find(hashes, (uint)table.Latest, votes);
            Assert.Equal(1, votes.Count);
            Assert.Equal((uint)table.Latest, votes[0].Id);
            Assert.True(table.TryRead(votes[0].Id, out int held, out uint caller));
            Assert.Equal((50, (uint)query), (held, caller));
            if (query >= 500)
            {
                votes.Clear();
                table.Find(NearDuplicateIndexTests.Hashes(query - 500, 50), (uint)table.Latest, votes);
                Assert.Equal((uint)table.Latest - 500, votes[0].Id);
                Assert.InRange(votes[0].Votes, 45, 50);
            }
        }
    }

    [Fact]
    public void A_record_that_was_written_over_is_not_read()
    {
        FingerprintTable table = new(1024, 50, Factor);
        uint first = table.Claim(50, 7);
        Assert.True(table.TryRead(first, out _, out _));
        for (int i = 0; i < 1024; i++)
        {
            table.Claim(50, 8);
        }

        Assert.False(table.TryRead(first, out _, out _));
        Assert.False(table.TryRead(0x8000_0000, out _, out _));
    }

    /// <summary>Threads that start together lose no query, tear no entry and find everything afterwards.</summary>
    [Fact]
    public void Threads_that_start_together_lose_nothing()
    {
        const int Workers = 4;
        const int Each = 2500;
        const int Latest = 125;
        using ShieldSecret secret = FingerprintInputs.Secret(1);
        NearDuplicateIndex index = new(secret, new NearDuplicateOptions { Capacity = 16_384 });
        using Barrier gate = new(Workers);
        int wrong = 0;
        Thread[] threads = [.. Enumerable.Range(0, Workers).Select(worker => new Thread(() =>
        {
            gate.SignalAndWait();
            for (int i = 0; i < Each; i++)
            {
                int number = (worker * Each) + i;
                NearDuplicateMatch first = index.Match(NearDuplicateIndexTests.Hashes(number, 50), (uint)worker);
                NearDuplicateMatch again = index.Match(NearDuplicateIndexTests.Hashes(i, 50), (uint)worker); // shared by all workers
                if (first.Hashes != 50 || (worker > 0 && first.Overlap != 0) || again.Overlap > 50 || again.Age > 2 * Workers * Each
                    || (worker == 0 && (again.Overlap < 40 || !again.IsMatch)))
                {
                    Interlocked.Increment(ref wrong);
                }
            }

            // The latest of all, whichever worker was done first.
            gate.SignalAndWait();
            for (int i = 0; i < Latest; i++)
            {
                index.Match(NearDuplicateIndexTests.Hashes((Workers * Each) + (worker * Latest) + i, 50), (uint)worker);
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.Equal(0, wrong);
        Assert.Equal(16_384, index.Count);
        int full = 0;
        for (int number = Workers * Each; number < Workers * (Each + Latest); number++)
        {
            NearDuplicateMatch match = index.Match(NearDuplicateIndexTests.Hashes(number, 50), 99);
            full += match.Overlap >= 45 ? 1 : 0;
        }

        Assert.InRange(full, 495, 500);
    }

    private static double SurvivingAfterFlood(ulong? factorOfAttacker)
    {
        FingerprintTable table = WithVictims(out ulong[][] victims);
        HashSet<int> targets = [];
        FingerprintTable imagined = new(Capacity, 50, factorOfAttacker ?? 1);
        foreach (ulong hash in victims.SelectMany(hashes => hashes))
        {
            targets.Add(imagined.BucketOf(hash));
        }

        // As many hashes as 700 fingerprints have: of those tried, only what seems to land on a victim is sent.
        ulong[] flood = new ulong[50];
        ulong tried = 1 << 30;
        for (int query = 0; query < 700; query++)
        {
            for (int i = 0; i < flood.Length;)
            {
                ulong hash = NearDuplicateIndexTests.Scramble(tried++);
                if (factorOfAttacker is null || targets.Contains(imagined.BucketOf(hash)))
                {
                    flood[i++] = hash;
                }
            }

            table.Add(flood, table.Claim(50, 2));
        }

        return Surviving(table, victims);
    }

    private static FingerprintTable WithVictims(out ulong[][] victims)
    {
        FingerprintTable table = new(Capacity, 50, Factor);
        victims = [.. Enumerable.Range(0, Victims).Select(victim => NearDuplicateIndexTests.Hashes(victim, 50))];
        foreach (ulong[] hashes in victims)
        {
            table.Add(hashes, table.Claim(50, 1));
        }

        return table;
    }

    private static double Surviving(FingerprintTable table, ulong[][] victims)
    {
        int found = 0;
        FingerprintVotes votes = new();
        for (int victim = 0; victim < victims.Length; victim++)
        {
            votes.Clear();
            table.Find(victims[victim], (uint)table.Latest, votes);
            found += Enumerable.Range(0, votes.Count).Where(i => votes[i].Id == (uint)victim + 1).Sum(i => votes[i].Votes);
        }

        return found / (Victims * 50.0);
    }
}
