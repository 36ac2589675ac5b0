using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

public sealed class TokenLogitsHardeningTests
{
    [Fact]
    public void Releases_the_leading_log_probabilities_rounded_and_nothing_else()
    {
        Gen<(int Vocabulary, int Tokens, int Decimals, int Shape, int Seed)> cases =
            from vocabulary in Gen.Frequency((3, Gen.Choose(1, 40)), (2, Gen.Choose(41, 3000)), (1, Gen.Elements(1023, 1024, 1025, 2048, 6625)))
            from tokens in Gen.Choose(1, Math.Min(vocabulary, 24))
            from decimals in Gen.Choose(1, 5)
            from shape in Gen.Choose(0, 6)
            from seed in Gen.Choose(0, 1_000_000)
            select (vocabulary, tokens, decimals, shape, seed);
        Properties.Hold(cases, test => CheckRow(MakeRow(test.Vocabulary, test.Shape, test.Seed), test.Tokens, test.Decimals), tests: 600);
    }

    [Theory]
    [InlineData(32_000)]
    [InlineData(131_072)]
    public void Holds_for_large_vocabularies(int vocabulary)
    {
        for (int shape = 0; shape <= 6; shape++)
        {
            CheckRow(MakeRow(vocabulary, shape, shape), 20, 2);
            CheckRow(MakeRow(vocabulary, shape, shape + 10), 1024, 3);
        }
    }

    [Fact]
    public void The_leader_stays_strict_and_order_tells_no_more_than_the_numbers()
    {
        float[] clean = [1.0001f, 1.0002f, 1.0003f, -2f, 1.0003f];
        TokenLogitsPlan plan = new(4, 1);
        int[] tokens = new int[4];
        float[] logProbabilities = new float[4];
        Assert.True(TokenLogitsHardening.TrySelect(plan, clean, tokens, logProbabilities, out float confidence, out _));
        Assert.Equal([2, 0, 1, 4], tokens); // after the leader by index: the numbers are the same
        Assert.Equal([-1.4f, -1.5f, -1.5f, -1.5f], logProbabilities);
        Assert.Equal(0.247, confidence, 2e-3);
    }

    [Fact]
    public void Certainty_is_zero_and_impossibility_is_bounded()
    {
        TokenLogitsPlan plan = new(3, 2);
        float[] released = new float[4];
        Assert.True(TokenLogitsHardening.TryHarden(plan, [float.MaxValue, float.MinValue, 0, float.MinValue], released, out int top, out float confidence, out _));
        Assert.Equal(0, top);
        Assert.Equal(1f, confidence, 1e-6f);
        Assertions.SameBits([0f, -10_000f, -10_000f, float.NegativeInfinity], released);
    }

    [Fact]
    public void Works_in_place()
    {
        float[] row = MakeRow(3000, 1, 5);
        float[] elsewhere = new float[row.Length];
        TokenLogitsPlan plan = new(20, 2);
        Assert.True(TokenLogitsHardening.TryHarden(plan, row, elsewhere, out _, out _, out _));
        Assert.True(TokenLogitsHardening.TryHarden(plan, row, row, out _, out _, out _));
        Assertions.SameBits(elsewhere, row);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_faulty_row_is_named_and_nothing_of_it_written(float fault)
    {
        float[] clean = MakeRow(5000, 1, 5);
        float[] released = new float[clean.Length];
        Array.Fill(released, 7);
        TokenLogitsPlan plan = new(20, 2);
        foreach (int place in new[] { 0, 15, 1023, 1024, 4096, 4999 })
        {
            float kept = clean[place];
            clean[place] = fault;
            Assert.False(TokenLogitsHardening.TryHarden(plan, clean, released, out _, out _, out OutputFault found));
            Assert.Equal(place, found.Index);
            Assert.All(released, value => Assert.Equal(7, value));
            int[] tokens = new int[20];
            float[] logProbabilities = new float[20];
            Assert.False(TokenLogitsHardening.TrySelect(plan, clean, tokens, logProbabilities, out _, out _));
            Assert.All(tokens, token => Assert.Equal(0, token));
            Assert.All(logProbabilities, value => Assert.Equal(0, value));
            clean[place] = kept;
        }
    }

    [Fact]
    public void Bad_plans_and_spans_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new TokenLogitsPlan(0, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TokenLogitsPlan(1025, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TokenLogitsPlan(5, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TokenLogitsPlan(5, 6));
        TokenLogitsPlan plan = new(5, 2);
        ArgumentException thrown = Assert.Throws<ArgumentException>(() => TokenLogitsHardening.TryHarden(plan, [1, 2, 3], new float[3], out _, out _, out _));
        Assert.Contains("3 logits", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("5 tokens", thrown.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => TokenLogitsHardening.TryHarden(plan, new float[(1 << 20) + 1], new float[3], out _, out _, out _));
        Assert.Throws<ArgumentException>(() => TokenLogitsHardening.TrySelect(plan, new float[9], new int[4], new float[5], out _, out _));
        Assert.Throws<ArgumentException>(() => TokenLogitsHardening.TrySelect(plan, new float[9], new int[5], new float[6], out _, out _));
    }

    private static void CheckRow(float[] clean, int tokens, int decimals)
    {
        TokenLogitsPlan plan = new(tokens, decimals);
        float[] released = new float[clean.Length];
        Assert.True(TokenLogitsHardening.TryHarden(plan, clean, released, out int top, out float confidence, out _));

        int[] order = [.. Enumerable.Range(0, clean.Length).OrderByDescending(i => clean[i])]; // stable
        Assert.Equal(order[0], top);
        int[] chosen = [.. order.Take(tokens).Order()];
        int[] finite = [.. Enumerable.Range(0, clean.Length).Where(i => !float.IsNegativeInfinity(released[i]))];
        Assert.Equal(chosen, finite);

        double logSum = Math.Log(clean.Sum(value => Math.Exp((double)value - clean[top])));
        Assert.Equal(Math.Exp(-logSum), confidence, 1e-5);
        double step = Math.Pow(10, -decimals);
        foreach (int i in chosen)
        {
            Assert.True(i == top || released[i] < released[top]);
            Assert.True(released[i] <= 0);
            double exact = Math.Max(-10_000, clean[i] - (double)clean[top] - logSum);
            double error = Math.Abs(released[i] - exact);
            Assert.InRange(error, 0, (step * (released[i] <= released[top] - (1.5 * step) || i == top ? 0.5 : 1.5)) + 2e-5 + (Math.Abs(exact) * 1e-6));
            Assert.Equal((float)(Math.Round(released[i] / step) / Math.Round(1 / step)), released[i]);
        }

        int[] selected = new int[tokens];
        float[] logProbabilities = new float[tokens];
        Assert.True(TokenLogitsHardening.TrySelect(plan, clean, selected, logProbabilities, out _, out _));
        Assert.Equal(chosen.OrderByDescending(i => released[i]), selected); // equals by index
        Assertions.SameBits(selected.Select(i => released[i]).ToArray(), logProbabilities);
    }

    private static float[] MakeRow(int length, int shape, int seed)
    {
        Random random = new(seed);
        return shape switch
        {
            0 => new float[length],
            1 => [.. Enumerable.Range(0, length).Select(_ => (random.NextSingle() * 30) - 15)],
            2 => [.. Enumerable.Range(0, length).Select(_ => (float)random.Next(4))], // ties
            3 => [.. Enumerable.Range(0, length).Select(i => i * 1e-3f)], // each greater than all before
            4 => [.. Enumerable.Range(0, length).Select(i => -i * 1e-3f)],
            5 => [.. Enumerable.Range(0, length).Select(i => i == length / 2 ? 1e30f : -1e30f)],
            _ => [.. Enumerable.Range(0, length).Select(_ => BitConverter.Int32BitsToSingle(random.Next(0x7FFFFF)))], // denormal
        };
    }
}
