using InferenceShield.Lab;

namespace InferenceShield.Tests;

public sealed class SyntheticProxiesTests
{
    private const int Side = 8;

    [Theory]
    [InlineData(InputKind.Image)]
    [InlineData(InputKind.Tabular)]
    public void Proxies_lie_in_the_benign_range_and_follow_from_the_seed(InputKind kind)
    {
        float[] rows = MakeRows(40, 3);
        rows[70] = float.NaN;
        float[] proxies = SyntheticProxies.Make(kind, rows, Side * Side, 60, 5);
        Assert.Equal(proxies, SyntheticProxies.Make(kind, rows, Side * Side, 60, 5));
        Assert.Equal(proxies[..(20 * Side * Side)], SyntheticProxies.Make(kind, rows, Side * Side, 20, 5));
        Assert.NotEqual(proxies, SyntheticProxies.Make(kind, rows, Side * Side, 60, 6));
        float[] finite = [.. rows.Where(float.IsFinite)];
        Assert.All(proxies, x => Assert.InRange(x, finite.Min(), finite.Max()));
        Assert.True(proxies.Chunk(Side * Side).All(p => !rows.Chunk(Side * Side).Any(r => r.SequenceEqual(p))));
    }

    [Fact]
    public void Each_kind_of_proxy_does_what_it_says()
    {
        // Each row holds one number, so that every proxy tells what it was made of.
        const int Length = Side * Side;
        float[] rows = new float[101 * Length];
        for (int row = 0; row < 101; row++)
        {
            rows.AsSpan(row * Length, Length).Fill(row / 100f);
        }

        float[][] proxies = [.. SyntheticProxies.Make(InputKind.Image, rows, Length, 400, 1).Chunk(Length)];
        SyntheticProxyKind[] kinds = [.. SyntheticProxies.KindsOf(InputKind.Image)];
        Assert.Equal(10, kinds.Length);
        List<double> noise = [];
        List<double> steps = [];
        for (int i = 0; i < proxies.Length; i++)
        {
            float[] x = proxies[i];
            int levels = x.Distinct().Count();
            switch (kinds[i % kinds.Length])
            {
                case SyntheticProxyKind.Mixup or SyntheticProxyKind.Inverted or SyntheticProxyKind.PermutedBlocks:
                    Assert.Equal(1, levels);
                    break;
                case SyntheticProxyKind.Shuffled or SyntheticProxyKind.Uniform:
                    Assert.InRange(levels, 30, Length);
                    Assert.InRange(x.Average(), .35, .65);
                    break;
                case SyntheticProxyKind.SignNoise:
                    Assert.InRange(x.Max() - x.Min(), .0999, .2001); // less where it meets the range's end
                    break;
                case SyntheticProxyKind.GaussianNoise when x.Average() is > .45f and < .55f:
                    noise.Add(x.Average(v => Math.Pow(v - x.Average(), 2)));
                    break;
                case SyntheticProxyKind.HalfSwapped or SyntheticProxyKind.HalfCut:
                    Assert.InRange(levels, 1, 2);
                    Assert.All(Enumerable.Range(0, Length), j => Assert.Equal(x[j / Side * Side + (j % Side < 4 ? 0 : 7)], x[j]));
                    break;
                case SyntheticProxyKind.SmoothedNoise:
                    Assert.Equal((0f, 1f), (x.Min(), x.Max()));
                    steps.AddRange(Enumerable.Range(1, Length - 1).Where(j => j % Side > 0).Select(j => (double)Math.Abs(x[j] - x[j - 1])));
                    break;
            }
        }

        Assert.InRange(Math.Sqrt(noise.Average()), .13, .17);
        Assert.InRange(steps.Average(), .05, .2); // a third if it were not smooth
    }

    [Fact]
    public void Blocks_are_permuted_whole_and_planes_alike()
    {
        float[] rows = [.. Enumerable.Range(0, 2 * 3 * 64).Select(i => (float)i)];
        float[] proxies = SyntheticProxies.Make(InputKind.Image, rows, 3 * 64, 20, 2);
        float[] blocks = proxies.AsSpan(8 * 192, 192).ToArray();
        float first = blocks.Min() < 192 ? 0 : 192;
        Assert.Equal(Enumerable.Range(0, 192).Select(i => first + i), blocks.Order());
        for (int i = 0; i < 64; i++)
        {
            Assert.Equal(blocks[i] + 64, blocks[i + 64]);
            Assert.Equal(blocks[i / 16 * 16 + (i % 8 / 2 * 2)] + (i % 2) + (8 * (i / 8 % 2)), blocks[i]);
        }
    }

    [Fact]
    public void What_proxies_cannot_be_made_of_is_refused()
    {
        Assert.Throws<ArgumentException>(() => SyntheticProxies.Make(InputKind.Tokens, new float[8], 4, 1, 1));
        Assert.Throws<ArgumentException>(() => SyntheticProxies.Make(InputKind.Image, new float[7], 4, 1, 1));
        Assert.Throws<ArgumentException>(() => SyntheticProxies.Make(InputKind.Image, new float[4], 4, 1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => SyntheticProxies.Make(InputKind.Image, new float[8], 4, 1, 1, width: 3));
    }

    private static float[] MakeRows(int count, ulong seed)
    {
        SeededRandom random = new(seed, 1);
        float[] rows = new float[count * Side * Side];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = 3 + random.NextSigned();
        }

        return rows;
    }
}
