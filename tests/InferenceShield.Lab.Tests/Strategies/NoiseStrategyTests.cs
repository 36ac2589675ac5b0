namespace InferenceShield.Lab.Tests;

public sealed class NoiseStrategyTests
{
    // Features of quite different scales, the second constant.
    private static readonly Dataset s_pool = CreatePool();

    [Fact]
    public async Task Uniform_noise_fills_the_bounds_of_each_feature()
    {
        float[][] columns = await AskAsync(new NoiseStrategy(), s_pool);
        InputBounds bounds = InputBounds.OfRows(s_pool);
        for (int i = 0; i < 3; i++)
        {
            float low = bounds.Minimum.Span[i];
            float range = bounds.Maximum.Span[i] - low;
            Assert.InRange(columns[i].Min(), low, low + (0.02f * range));
            Assert.InRange(columns[i].Max(), low + (0.98f * range), low + range);
            Assert.InRange(columns[i].Average(), low + (0.48f * range), low + (0.52f * range));
        }
    }

    [Fact]
    public async Task Normal_noise_has_the_mean_and_the_spread_of_each_feature_of_the_pool()
    {
        float[][] columns = await AskAsync(new NoiseStrategy { Distribution = NoiseDistribution.Gaussian, Bounds = InputBounds.OfBox(3, -2000, 2000) }, s_pool);
        Assert.InRange(columns[0].Average(), 999, 1001);
        Assert.InRange(GetSpread(columns[0]), 9.5, 10.5);
        Assert.All(columns[1], value => Assert.Equal(7f, value, 1e-5f));
        Assert.InRange(columns[2].Average(), -0.01, 0.01);
        Assert.InRange(GetSpread(columns[2]), 0.095, 0.105);
    }

    [Fact]
    public async Task Normal_noise_without_a_pool_lies_around_the_middle_of_the_bounds()
    {
        float[][] columns = await AskAsync(new NoiseStrategy { Distribution = NoiseDistribution.Gaussian, Bounds = InputBounds.OfBox(3, 2, 10) }, null);
        foreach (float[] column in columns)
        {
            Assert.InRange(column.Average(), 5.9, 6.1);

            // A normal spread of 2, clipped at two of them.
            Assert.InRange(GetSpread(column), 1.8, 2);
            Assert.InRange(column.Min(), 2f, 2f);
        }
    }

    [Fact]
    public void Bounds_that_are_none_are_refused()
    {
        Assert.Contains("bounds of feature 1 are 3 and 2", Assert.Throws<ArgumentException>(() => new InputBounds(new float[] { 0, 3 }, new float[] { 1, 2 })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new InputBounds(new float[] { 0 }, new float[] { float.NaN }));
        Assert.Throws<ArgumentException>(() => new InputBounds(new float[] { float.MinValue }, new float[] { float.MaxValue }));
        Assert.Contains("1 least and 2 greatest", Assert.Throws<ArgumentException>(() => new InputBounds(new float[] { 0 }, new float[] { 1, 2 })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new InputBounds(default, default));
        Assert.Throws<ArgumentException>(() => InputBounds.OfRows(s_pool.Slice(0, 0)));
    }

    private static async Task<float[][]> AskAsync(NoiseStrategy strategy, Dataset? pool)
    {
        DelegateOracle oracle = new(3, 2, (_, answers) => answers.Span.Fill(0.5f));
        Transcript transcript = await strategy.AskAsync(oracle, new QueryContext(5000, 1, pool, new SurrogateOptions()), default);
        float[] inputs = transcript.Inputs.ToArray();
        return [.. Enumerable.Range(0, 3).Select(i => inputs.Where((_, at) => at % 3 == i).ToArray())];
    }

    private static Dataset CreatePool()
    {
        SeededRandom random = new(1, 0);
        float[] values = new float[4000 * 3];
        for (int row = 0; row < 4000; row++)
        {
            values[row * 3] = 1000 + (10 * NormalDraws.Next(ref random));
            values[(row * 3) + 1] = 7;
            values[(row * 3) + 2] = 0.1f * NormalDraws.Next(ref random);
        }

        return new Dataset("three", values, 3);
    }

    private static double GetSpread(float[] values)
    {
        double mean = values.Average();
        return Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
    }
}
