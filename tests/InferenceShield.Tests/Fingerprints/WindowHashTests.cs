using InferenceShield.Numerics;

namespace InferenceShield.Tests;

[Trait("Widths", "all")]
public sealed class WindowHashTests
{
    private static readonly byte[] s_keyBytes = [.. Enumerable.Range(1, WindowHashKey.SizeInBytes).Select(i => (byte)(i * 37))];

    [Fact]
    public void Windows_of_twenty_have_the_same_hashes_by_doubling_by_rolling_and_written_out()
    {
        WindowHashKey key = new(s_keyBytes, 3, 20);
        Assert.True(key.IsWrittenOut);
        Random random = new(1);
        byte[] symbols = new byte[WindowHash.SymbolsLength];
        PartialWindows partial = new(new ushort[WindowHash.PartialLength + 64], new uint[WindowHash.PartialLength]);
        ulong[] doubled = new ulong[WindowHash.HashesLength];
        ulong[] scalar = new ulong[WindowHash.HashesLength];
        ulong[] rolled = new ulong[WindowHash.HashesLength];
        for (int count = 1; count <= WindowHash.BlockSize; count += count < 260 ? 1 : 63)
        {
            for (int i = 0; i < symbols.Length; i++)
            {
                symbols[i] = (byte)random.Next(8);
            }

            WindowHash.HashTwenty(in key, symbols, in partial, doubled, count);
            WindowHash.HashTwentyScalar(in key, symbols, scalar, count);
            WindowHash.HashRolling(in key, Array.ConvertAll(symbols, symbol => (ulong)symbol), 20, rolled, count);
            for (int i = 0; i < count; i++)
            {
                ulong sum = 0;
                for (int j = 0; j < 20; j++)
                {
                    sum = (sum * 8) + symbols[i + j];
                }

                Assert.Equal(key.Mix(sum), doubled[i]);
                Assert.Equal(key.Mix(sum), scalar[i]);
                Assert.Equal(key.Mix(sum), rolled[i]);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(50)]
    [InlineData(256)]
    public void Rolling_equals_the_sum_written_down(int window)
    {
        WindowHashKey key = new(s_keyBytes, 64, window);
        Random random = new(window);
        ulong[] symbols = new ulong[300 + window];
        for (int i = 0; i < symbols.Length; i++)
        {
            symbols[i] = (ulong)random.NextInt64();
        }

        ulong[] hashes = new ulong[300];
        WindowHash.HashRolling(in key, symbols, window, hashes, 300);
        for (int i = 0; i < 300; i++)
        {
            ulong sum = 0;
            for (int j = 0; j < window; j++)
            {
                sum = (sum * key.Base) + symbols[i + j];
            }

            Assert.Equal(key.Mix(sum), hashes[i]);
        }
    }

    [Fact]
    public void Windows_that_fit_into_64_bits_never_collide()
    {
        // Mix is a permutation of words, and what it permutes is the window itself.
        WindowHashKey key = new(s_keyBytes, 3, 20);
        HashSet<ulong> seen = [];
        for (ulong window = 0; window < 200_000; window++)
        {
            Assert.True(seen.Add(key.Mix(window)));
            Assert.True(seen.Add(key.Mix(window << 41)) || window == 0);
        }
    }

    [Theory]
    [InlineData(1024, true)]
    [InlineData(256, false)]
    [InlineData(64, false)]
    public void Thue_Morse_strings_collide_at_1024_symbols_which_no_window_has(int length, bool collides)
    {
        WindowHashKey key = new(s_keyBytes, 64, 256);
        ulong sum = 0;
        ulong twin = 0;
        for (int i = 0; i < length; i++)
        {
            ulong bit = (ulong)(int.PopCount(i) & 1);
            sum = (sum * key.Base) + key.Symbol(bit);
            twin = (twin * key.Base) + key.Symbol(1 - bit);
        }

        Assert.Equal(collides, key.Mix(sum) == key.Mix(twin));
    }

    [Fact]
    public void Another_key_gives_other_hashes()
    {
        byte[] other = [.. s_keyBytes];
        foreach (int changed in (int[])[0, 8, 16])
        {
            other[changed] ^= 2;
            Assert.NotEqual(new WindowHashKey(s_keyBytes, 3, 20).Mix(12345), new WindowHashKey(other, 3, 20).Mix(12345));
            other[changed] ^= 2;
        }

        Assert.DoesNotContain("1", new WindowHashKey(s_keyBytes, 3, 20).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(37)]
    [InlineData(50)]
    [InlineData(128)]
    [InlineData(101)]
    public void Pixels_are_quantised_alike_at_every_length(int step)
    {
        Random random = new(step);
        byte[] offsets = new byte[300];
        for (int i = 0; i < offsets.Length; i++)
        {
            offsets[i] = (byte)random.Next(step);
        }

        for (int length = 0; length <= 257; length++)
        {
            byte[] pixels = new byte[length];
            random.NextBytes(pixels);
            byte[] symbols = new byte[length];
            byte[] scalar = new byte[length];
            PixelSymbols.Quantize(pixels, offsets, new PixelStep(step), symbols);
            PixelSymbols.QuantizeScalar(pixels, offsets, new PixelStep(step), scalar);
            for (int i = 0; i < length; i++)
            {
                Assert.Equal(Math.Min(255, pixels[i] + offsets[i]) / step, symbols[i]);
                Assert.Equal(symbols[i], scalar[i]);
            }
        }
    }

    [Fact]
    public void Every_quotient_of_bytes_is_exact()
    {
        byte[] pixels = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        byte[] symbols = new byte[256];
        for (int step = 8; step <= 128; step++)
        {
            PixelSymbols.QuantizeScalar(pixels, new byte[256], new PixelStep(step), symbols);
            for (int i = 0; i < 256; i++)
            {
                Assert.Equal(i / step, symbols[i]);
            }
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => new PixelStep(7));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PixelStep(129));
    }

    [Fact]
    public void Float_images_become_the_same_pixels_at_every_length_and_NaN_is_black()
    {
        Random random = new(3);
        float[] oddities = [float.NaN, float.PositiveInfinity, float.NegativeInfinity, -0f, 1f, 2f, -2f, float.Epsilon, float.MaxValue, 0.5f / 255, 254.5f / 255];
        for (int length = 0; length <= 257; length++)
        {
            float[] values = new float[length];
            for (int i = 0; i < length; i++)
            {
                values[i] = random.Next(4) == 0 ? oddities[random.Next(oddities.Length)] : (random.NextSingle() * 1.2f) - 0.1f;
            }

            byte[] pixels = new byte[length];
            byte[] scalar = new byte[length];
            PixelSymbols.FromSingles(values, 0, 255, pixels);
            PixelSymbols.FromSinglesScalar(values, 0, 255, scalar);
            Assert.Equal(scalar, pixels);
        }

        byte[] one = new byte[1];
        PixelSymbols.FromSingles([float.NaN], 0, 255, one);
        Assert.Equal(0, one[0]);
        PixelSymbols.FromSingles([float.PositiveInfinity], 0, 255, one);
        Assert.Equal(255, one[0]);
    }

    [Fact]
    public void Bytes_survive_the_way_through_floats()
    {
        float[] values = [.. Enumerable.Range(0, 256).Select(i => i / 255f)];
        byte[] pixels = new byte[256];
        PixelSymbols.FromSingles(values, 0, 255, pixels);
        Assert.Equal(Enumerable.Range(0, 256).Select(i => (byte)i), pixels);
    }

    [Fact]
    public void The_filter_keeps_what_reaches_the_floor_and_repeats_nothing_at_every_length()
    {
        Random random = new(4);
        for (int length = 0; length <= 257; length++)
        {
            ulong[] hashes = new ulong[length + 1];
            ulong[] earlier = new ulong[length];
            for (int i = 0; i <= length; i++)
            {
                hashes[i] = i > 0 && random.Next(3) == 0 ? hashes[i - 1] : (ulong)random.NextInt64() << random.Next(2);
                if (i > 0)
                {
                    earlier[i - 1] = random.Next(3) == 0 ? hashes[i] : 7;
                }
            }

            foreach (ulong floor in (ulong[])[0, 1UL << 62, 1UL << 63, ulong.MaxValue])
            {
                ulong[] kept = new ulong[length];
                int count = HashFilter.Filter(hashes, default, floor, kept);
                Assert.Equal(Enumerable.Range(1, length).Where(i => hashes[i] >= floor && hashes[i] != hashes[i - 1]).Select(i => hashes[i]), kept[..count]);
                count = HashFilter.Filter(hashes, earlier, floor, kept);
                ulong[] scalar = new ulong[length];
                int scalarCount = HashFilter.FilterScalar(hashes, earlier, floor, scalar);
                Assert.Equal(scalar[..scalarCount], kept[..count]);
                Assert.Equal(
                    Enumerable.Range(1, length).Where(i => hashes[i] >= floor && hashes[i] != hashes[i - 1] && hashes[i] != earlier[i - 1]).Select(i => hashes[i]),
                    kept[..count]);
            }
        }
    }

    [Fact]
    public void A_tag_is_found_wherever_it_is_in_a_bucket()
    {
        Random random = new(5);
        ulong[] words = new ulong[40];
        for (int round = 0; round < 2000; round++)
        {
            for (int i = 0; i < words.Length; i++)
            {
                words[i] = ((ulong)random.Next() << 32) | (uint)random.Next(1, 4);
            }

            int start = random.Next(words.Length - BucketScan.BucketSize + 1);
            uint found = BucketScan.Find(words, start, 2);
            Assert.Equal(BucketScan.FindScalar(words, start, 2), found);
            for (int i = 0; i < BucketScan.BucketSize; i++)
            {
                Assert.Equal((uint)words[start + i] == 2, (found >> i & 1) == 1);
            }
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => BucketScan.Find(words, 33, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => BucketScan.Find(words, -1, 1));
    }

    [Fact]
    public void The_oldest_word_of_a_bucket_is_found_and_a_free_one_first()
    {
        Random random = new(6);
        ulong[] words = new ulong[24];
        for (int round = 0; round < 5000; round++)
        {
            uint id = (uint)random.NextInt64();
            for (int i = 0; i < words.Length; i++)
            {
                uint age = (uint)random.Next(round % 3 == 0 ? 4 : int.MaxValue);
                words[i] = random.Next(9) == 0 ? 0 : ((ulong)(random.Next(8) == 0 ? id + age : id - age) << 32) | 1;
            }

            int start = random.Next(words.Length - BucketScan.BucketSize + 1);
            int oldest = BucketScan.Oldest(words, start, id);
            Assert.Equal(BucketScan.OldestScalar(words, start, id), oldest);
            uint[] ages = [.. words.AsSpan(start, 8).ToArray().Select(word => word == 0 ? uint.MaxValue : id - (uint)(word >> 32) is uint age && age <= int.MaxValue ? age : 0)];
            Assert.Equal(Array.LastIndexOf(ages, ages.Max()), oldest);
        }
    }
}
