namespace InferenceShield.Tests;

public sealed class NearDuplicateIndexTests
{
    private static readonly CallerKey s_alice = new(0x1111_0000_0000_0001, 1);
    private static readonly CallerKey s_bob = new(0x2222_0000_0000_0001, 2);

    /// <summary>The slow obvious index: every fingerprint so far, every hash compared; a hash counts for its four latest.</summary>
    [Theory]
    [InlineData("noise")]
    [InlineData("strokes")]
    [InlineData("sparse")]
    [InlineData("periodic")]
    public void Matches_are_those_of_the_slow_reference(string kind)
    {
        using ShieldSecret secret = FingerprintInputs.Secret(1);
        NearDuplicateOptions options = new();
        NearDuplicateIndex index = new(secret, options);
        FingerprintReference reference = new(secret, options);
        List<ulong[]> seen = [];
        Random random = new(kind.Length);
        List<byte[]> images = [];
        int matches = 0;
        for (int round = 0; round < 700; round++)
        {
            byte[] image = round < 20 || random.Next(3) == 0
                ? FingerprintInputs.Image(kind, 784, random)
                : FingerprintInputs.Vary(images[random.Next(images.Count)], random.Next(1, 250), random);
            ulong[] fingerprint = reference.Image(image);
            HashSet<ulong> held = [.. fingerprint];
            Dictionary<ulong, int> holders = [];
            int[] votes = new int[round];
            for (int other = round - 1; other >= 0; other--)
            {
                foreach (ulong hash in seen[other].Where(held.Contains))
                {
                    holders[hash] = holders.GetValueOrDefault(hash) + 1;
                    votes[other] += holders[hash] <= 4 ? 1 : 0;
                }
            }

            int overlap = votes.DefaultIfEmpty().Max();
            int nearest = overlap == 0 ? -1 : Array.LastIndexOf(votes, overlap);
            NearDuplicateMatch match = index.Match(image, round % 2 == 0 ? s_alice : s_bob);
            Assert.Equal(fingerprint.Length, match.Hashes);
            Assert.Equal(overlap, match.Overlap);
            Assert.Equal(nearest < 0 ? 0 : round - nearest, match.Age);
            Assert.Equal(nearest >= 0 && (round - nearest) % 2 == 0, match.SameCaller);
            Assert.Equal(nearest < 0 ? 0u : nearest % 2 == 0 ? 0x1111_0000u : 0x2222_0000u, match.CallerTag);
            Assert.Equal(nearest >= 0 && overlap * 2 >= Math.Max(fingerprint.Length, seen[nearest].Length), match.IsMatch);
            matches += match.IsMatch ? 1 : 0;
            seen.Add(fingerprint);
            images.Add(image);
        }

        Assert.InRange(matches, 20, 690);
        Assert.Equal(700, index.Count);
    }

    [Fact]
    public void A_walk_around_one_image_is_seen_from_its_second_query_whoever_sends_it()
    {
        using ShieldSecret secret = FingerprintInputs.Secret(2);
        NearDuplicateIndex index = new(secret);
        Random random = new(1);
        byte[] start = FingerprintInputs.Image("walk", 3072, random);
        Assert.Equal(0, index.Match(start, s_alice).Overlap);
        for (int query = 1; query < 50; query++)
        {
            NearDuplicateMatch match = index.Match(FingerprintInputs.Vary(start, 200, random), new CallerKey((ulong)query << 32, 1));
            Assert.True(match.IsMatch);
            Assert.False(match.SameCaller);
            for (int i = 0; i < 20; i++)
            {
                Assert.False(index.Match(FingerprintInputs.Image("walk", 3072, random), s_bob).IsMatch);
            }
        }
    }

    [Fact]
    public void The_threshold_is_the_share_of_the_longer_fingerprint()
    {
        using ShieldSecret secret = FingerprintInputs.Secret(3);
        NearDuplicateIndex index = new(secret);
        ulong[] stored = Hashes(1, 50);
        index.Match(stored, 7);
        Assert.False(Overlapping(24).IsMatch);
        Assert.True(Overlapping(25).IsMatch);

        // Ten of ten shared, but of the fifty that the other one has.
        NearDuplicateMatch few = index.Match(stored.AsSpan(0, 10), 7);
        Assert.Equal((10, 10), (few.Hashes, few.Overlap));
        Assert.False(few.IsMatch);
        Assert.True(index.Match(stored.AsSpan(0, 10), 7).IsMatch);

        NearDuplicateMatch Overlapping(int shared)
        {
            NearDuplicateMatch match = index.Match([.. stored.AsSpan(0, shared), .. Hashes(100 + shared, 50 - shared)], 7);
            Assert.Equal(shared, match.Overlap);
            return match;
        }
    }

    [Fact]
    public void What_is_as_old_as_the_capacity_is_forgotten_and_not_before()
    {
        using ShieldSecret secret = FingerprintInputs.Secret(4);
        Assert.Equal(1024, new NearDuplicateIndex(secret, new NearDuplicateOptions { Capacity = 1024 }).Capacity);
        Assert.Equal(2048, new NearDuplicateIndex(secret, new NearDuplicateOptions { Capacity = 1025 }).Capacity);
        NearDuplicateIndex fresh = new(secret, new NearDuplicateOptions { Capacity = 1024 });
        fresh.Match(Hashes(0, 50), 1);
        for (int query = 1; query < 1024; query++)
        {
            fresh.Match(Hashes(query, 50), 1);
        }

        NearDuplicateMatch last = fresh.Match(Hashes(0, 50), 1);
        Assert.Equal(1024, last.Age);
        Assert.InRange(last.Overlap, 44, 50); // a few hashes of the oldest query have been pushed out early

        NearDuplicateIndex late = new(secret, new NearDuplicateOptions { Capacity = 1024 });
        for (int query = 0; query < 1025; query++)
        {
            late.Match(Hashes(query, 50), 1);
        }

        Assert.Equal(0, late.Match(Hashes(0, 50), 1).Overlap);
        Assert.Equal(1024, late.Count);
    }

    [Fact]
    public void At_full_load_few_hashes_are_pushed_out_early()
    {
        using ShieldSecret secret = FingerprintInputs.Secret(5);
        const int Capacity = 16_384;
        NearDuplicateIndex index = new(secret, new NearDuplicateOptions { Capacity = Capacity });
        for (int query = 0; query < 2 * Capacity; query++)
        {
            index.Match(Hashes(query, 50), 1);
        }

        double kept = 0;
        for (int query = Capacity + 200; query < Capacity + 400; query++)
        {
            kept += index.Match(Hashes(query, 50), 1).Overlap / 50.0 / 200;
        }

        Assert.InRange(kept, 0.93, 0.99);
    }

    [Fact]
    public void Memory_is_flat_under_ten_million_inserts()
    {
        using ShieldSecret secret = FingerprintInputs.Secret(6);
        NearDuplicateIndex index = new(secret, new NearDuplicateOptions { Capacity = 4096, Hashes = 8, MatchOverlap = 4 });
        long memory = index.MemoryBytes;
        Assert.InRange(memory, 4096 * (8 + (8 * 8 * 2)), (4096 * (8 + (8 * 8 * 2))) + 128);
        ulong[] hashes = new ulong[8];
        index.Match(hashes, 1);
        int first = 0;
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (int query = first; query < first + 625_000; query++)
            {
                for (int i = 0; i < hashes.Length; i++)
                {
                    hashes[i] = Scramble(((ulong)query * 8) + (ulong)i);
                }

                index.Match(hashes, 1);
            }

            first += 625_000;
        }));
        Assert.Equal(memory, index.MemoryBytes);
        Assert.Equal(4096, index.Count);
    }

    [Fact]
    public void Calls_allocate_nothing()
    {
        using ShieldSecret secret = FingerprintInputs.Secret(7);
        Random random = new(1);
        NearDuplicateIndex images = new(secret, new NearDuplicateOptions { Capacity = 1024 });
        NearDuplicateIndex rows = new(secret, new NearDuplicateOptions { Capacity = 1024, Kind = InputKind.Tabular });
        NearDuplicateIndex tokens = new(secret, new NearDuplicateOptions { Capacity = 1024, Kind = InputKind.Tokens });
        InputCells cells = new(secret, new InputCellOptions { Length = 784, ImageWidth = 28, ImageHeight = 28 });
        InputDigester digester = new(1);
        InputSchema schema = new(new Numerics.SipHashKey(new byte[16]), "x", InputElement.FloatingPoint32, [784]);
        byte[][] pixels = [.. FingerprintInputs.ImageKinds.Select(kind => FingerprintInputs.Image(kind, 3072, random))];
        float[] row = [.. Enumerable.Range(0, 784).Select(_ => random.NextSingle())];
        byte[] bytes = new byte[784 * 4];
        Buffer.BlockCopy(row, 0, bytes, 0, bytes.Length);
        byte[] withZero = [.. bytes];
        withZero.AsSpan(4, 4).Clear();
        withZero[7] = 0x80;
        int[] ids = [.. Enumerable.Range(0, 300)];
        long[] longs = [.. Enumerable.Range(0, 300)];
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (int i = 0; i < 50; i++)
            {
                All();
            }
        }));

        void All()
        {
            foreach (byte[] image in pixels)
            {
                images.Match(image, s_alice);
            }

            images.Match(row, s_alice);
            rows.Match(row, s_alice);
            tokens.Match(ids, s_alice);
            tokens.Match(longs, s_alice);
            cells.Find(row);
            digester.Digest(schema, bytes);
            digester.Digest(schema, withZero);
        }
    }

    [Fact]
    public void Other_kinds_match_too()
    {
        using ShieldSecret secret = FingerprintInputs.Secret(8);
        Random random = new(3);
        NearDuplicateIndex rows = new(secret, new NearDuplicateOptions { Kind = InputKind.Tabular });
        float[] row = [.. Enumerable.Range(0, 16).Select(_ => (float)FingerprintInputs.Gaussian(random))];
        Assert.False(rows.Match(row, s_alice).IsMatch);
        row[3] += 4;
        NearDuplicateMatch match = rows.Match(row, s_alice);
        Assert.Equal((16, 14), (match.Hashes, match.Overlap)); // one feature is in two of the sixteen windows
        Assert.True(match.IsMatch);
        Assert.False(rows.Match([.. Enumerable.Range(0, 16).Select(_ => (float)FingerprintInputs.Gaussian(random))], s_alice).IsMatch);

        NearDuplicateIndex tokens = new(secret, new NearDuplicateOptions { Kind = InputKind.Tokens });
        int[] text = [.. Enumerable.Range(0, 300).Select(_ => random.Next(50_000))];
        Assert.False(tokens.Match(text, s_alice).IsMatch);
        text[150] = 1;
        Assert.True(tokens.Match(Array.ConvertAll(text, token => (long)token), s_alice).IsMatch);
        Assert.True(tokens.Match(text.AsSpan(0, 250), s_alice).IsMatch);
        Assert.False(tokens.Match([.. text.Reverse()], s_alice).IsMatch);
    }

    [Fact]
    public void Nothing_matches_nothing_and_is_not_kept()
    {
        using ShieldSecret secret = FingerprintInputs.Secret(9);
        NearDuplicateIndex index = new(secret);
        Assert.Equal(0, index.Match(ReadOnlySpan<byte>.Empty, s_alice).Hashes);
        Assert.False(index.Match(ReadOnlySpan<byte>.Empty, s_alice).IsMatch);
        Assert.Equal(0, index.Count);
        Assert.Equal("0 of 1 hashes", index.Match((byte[])[1, 2], s_alice).ToString());
        Assert.Equal("1 of 1 hashes, match", index.Match((byte[])[1, 2], s_alice).ToString());
    }

    internal static ulong[] Hashes(int query, int count) =>
        [.. Enumerable.Range(0, count).Select(i => Scramble(((ulong)(uint)query << 8) + (ulong)i))];

    internal static ulong Scramble(ulong value)
    {
        value = (value + 1) * 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
