namespace InferenceShield.Lab.Tests;

public sealed class GridStrategyTests
{
    private static readonly InputBounds s_bounds = new(new float[] { 0, -1, 10, 0 }, new float[] { 1, 1, 30, 0.5f });

    [Fact]
    public async Task A_full_grid_asks_every_combination_once_and_leaves_the_other_features_alone()
    {
        float[][] rows = await AskAsync(new GridStrategy { Features = [2, 0], Bounds = s_bounds, Levels = 3 }, 100, null);
        Assert.Equal(9, rows.Length);
        Assert.Equal(9, rows.Select(row => (row[0], row[2])).Distinct().Count());
        Assert.All(rows, row =>
        {
            Assert.Contains(row[0], new[] { 0, 0.5f, 1 });
            Assert.Contains(row[2], new float[] { 10, 20, 30 });
            Assert.Equal((0f, 0.25f), (row[1], row[3]));
        });
    }

    [Theory]
    [InlineData(26, 5)]
    [InlineData(25, 5)]
    [InlineData(24, 4)]
    public async Task As_many_values_are_taken_as_the_budget_allows(int budget, int levels)
    {
        float[][] rows = await AskAsync(new GridStrategy { Features = [0, 2], Bounds = s_bounds }, budget, null);
        Assert.Equal(levels * levels, rows.Length);
        Assert.Equal(levels, rows.Select(row => row[2]).Distinct().Count());
    }

    [Fact]
    public async Task Further_grids_are_swept_around_further_rows_of_the_pool()
    {
        Dataset pool = new("pool", Enumerable.Range(0, 5 * 4).Select(i => i / 40f).ToArray(), 4);
        float[][] rows = await AskAsync(new GridStrategy { Features = [0], Bounds = s_bounds, Levels = 4 }, 1000, pool);
        Assert.Equal(20, rows.Length);
        Assert.Equal(Enumerable.Range(0, 5).Select(row => pool.GetRow(row)[3]), rows.Select(row => row[3]).Distinct().Order());
        Assert.Equal(20, rows.Select(row => (row[0], row[3])).Distinct().Count());
    }

    [Fact]
    public async Task A_low_discrepancy_sequence_covers_two_features_more_evenly_than_chance()
    {
        // 256 points in 64 cells of 8 x 8: four to a cell. Uniform draws leave about one cell in 55 empty, and fill others with nine.
        for (ulong seed = 1; seed <= 5; seed++)
        {
            float[][] rows = await AskAsync(new GridStrategy { Features = [0, 2], IsLowDiscrepancy = true, Bounds = s_bounds }, 256, null, seed);
            int[] counts = new int[64];
            foreach (float[] row in rows)
            {
                counts[((int)(row[0] * 8) * 8) + (int)((row[2] - 10) / 20 * 8)]++;
            }

            Assert.All(counts, count => Assert.InRange(count, 2, 6));
        }
    }

    [Fact]
    public async Task What_cannot_be_swept_is_told()
    {
        ArgumentException outside = await Assert.ThrowsAsync<ArgumentException>(() => AskAsync(new GridStrategy { Features = [4], Bounds = s_bounds }, 10, null));
        Assert.Contains("'grid' sweeps feature 4; the model takes features 0 to 3", outside.Message, StringComparison.Ordinal);
        ArgumentException twice = await Assert.ThrowsAsync<ArgumentException>(() => AskAsync(new GridStrategy { Features = [1, 1], Bounds = s_bounds }, 10, null));
        Assert.Contains("twice", twice.Message, StringComparison.Ordinal);
        ArgumentException large = await Assert.ThrowsAsync<ArgumentException>(() => AskAsync(new GridStrategy { Bounds = s_bounds }, 15, null));
        Assert.Contains("cannot sweep 4 features at 2 values each within 15 queries", large.Message, StringComparison.Ordinal);
    }

    private static async Task<float[][]> AskAsync(GridStrategy strategy, int budget, Dataset? pool, ulong seed = 1)
    {
        DelegateOracle oracle = new(4, 2, (_, answers) => answers.Span.Fill(0.5f));
        Transcript transcript = await strategy.AskAsync(oracle, new QueryContext(budget, seed, pool, new SurrogateOptions()), default);
        return [.. transcript.Inputs.ToArray().Chunk(4)];
    }
}
