namespace InferenceShield.Tests;

public sealed class LargestHashesTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(50)]
    [InlineData(128)]
    public void Whatever_comes_the_largest_distinct_ones_stay(int wanted)
    {
        Random random = new(wanted);
        LargestHashes largest = new();
        for (int round = 0; round < 400; round++)
        {
            ulong[] stream = Stream(round, random);
            ulong floor = (round & 1) == 0 ? 0 : (ulong)random.NextInt64();
            largest.Reset(wanted, floor);
            for (int at = 0; at < stream.Length;)
            {
                int block = Math.Min(stream.Length - at, random.Next(1, 512));
                largest.Add(stream.AsSpan(at, block));
                at += block;
            }

            ulong[] found = new ulong[wanted];
            int count = largest.CopyTo(found);
            ulong[] expected = [.. stream.Where(hash => hash >= floor).Distinct().OrderDescending().Take(wanted)];
            Assert.Equal(expected, found[..count].OrderDescending());
        }
    }

    /// <summary>Even, repeated, rising, falling and crowded streams: keyed hashes are even, the rest must still be right.</summary>
    private static ulong[] Stream(int round, Random random)
    {
        int length = random.Next(0, 3000);
        ulong[] stream = new ulong[length];
        ulong spot = (ulong)random.NextInt64() << 1;
        for (int i = 0; i < length; i++)
        {
            stream[i] = (round % 6) switch
            {
                0 or 1 => (ulong)random.NextInt64() << 1,
                2 => (ulong)random.Next(1, 300) * 0x9E3779B97F4A7C15,
                3 => (ulong)i << 40,
                4 => (ulong)(length - i) * 3,
                _ => spot + (ulong)random.Next(2000),
            };
        }

        return stream;
    }

    [Fact]
    public void The_extremes_of_the_range_are_hashes_like_others()
    {
        LargestHashes largest = new();
        largest.Reset(8, 0);
        largest.Add([0, ulong.MaxValue, 0, ulong.MaxValue, 1]);
        ulong[] found = new ulong[8];
        Assert.Equal(3, largest.CopyTo(found));
        Assert.Equal((ulong[])[0, 1, ulong.MaxValue], found[..3].Order());
        largest.Reset(8, ulong.MaxValue);
        largest.Add([0, ulong.MaxValue]);
        Assert.Equal(1, largest.CopyTo(found));
    }
}
