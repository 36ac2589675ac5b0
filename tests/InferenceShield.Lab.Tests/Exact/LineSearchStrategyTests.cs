namespace InferenceShield.Lab.Tests;

public sealed class LineSearchStrategyTests
{
    [Fact]
    public async Task Spends_the_budget_and_half_of_it_lies_next_to_a_boundary()
    {
        ReleaseOracle oracle = new(ExactTargets.Linear, ExactTargets.Policies(26)["restricted"].Create(1));
        foreach (int budget in new[] { 1, 63, 1000 })
        {
            Transcript transcript = await new LineSearchStrategy().AskAsync(oracle, new QueryContext(budget, 2, ExactTargets.Pool, new SurrogateOptions()), default);
            Assert.Equal(budget, transcript.Count);
        }

        Transcript asked = await new LineSearchStrategy().AskAsync(oracle, new QueryContext(1000, 2, ExactTargets.Pool, new SurrogateOptions()), default);
        Transcript pool = await new PoolStrategy().AskAsync(oracle, new QueryContext(1000, 2, ExactTargets.Pool, new SurrogateOptions()), default);
        double lines = MeanMargin(asked);
        double rows = MeanMargin(pool);
        Assert.True(lines < 0.6 * rows, $"{lines} {rows}");
    }

    [Fact]
    public async Task The_same_seed_asks_the_same_and_every_row_has_its_answer()
    {
        ReleaseOracle oracle = new(ExactTargets.Binary, ReleasePolicy.None.Create(1));
        QueryContext context = new(500, 2, ExactTargets.Pool, new SurrogateOptions());
        Transcript first = await new LineSearchStrategy().AskAsync(oracle, context, default);
        Transcript again = await new LineSearchStrategy().AskAsync(oracle, context, default);
        Transcript other = await new LineSearchStrategy().AskAsync(oracle, context with { Seed = 3 }, default);
        Assert.True(first.Inputs.SequenceEqual(again.Inputs));
        Assert.False(first.Inputs.SequenceEqual(other.Inputs));
        float[] answers = new float[first.Count * 2];
        ExactTargets.Binary.Classify(first.Inputs, answers);
        Assert.Equal(answers, first.Answers.ToArray());
    }

    [Fact]
    public async Task Refused_rows_are_spent()
    {
        int asked = 0;
        DelegateOracle half = new(2, 2, (inputs, answers, _) =>
        {
            asked += inputs.Length / 2;
            Assert.InRange(asked, 1, 500);
            for (int at = 0; at < inputs.Length; at += 2)
            {
                (answers.Span[at], answers.Span[at + 1]) = inputs.Span[at] > 0 ? (1, 0) : (0, 1);
            }

            return ValueTask.FromResult(new OracleReply(inputs.Length / 4));
        });
        Transcript transcript = await new LineSearchStrategy().AskAsync(half, new QueryContext(500, 2, null, new SurrogateOptions()), default);
        Assert.Equal(500, asked);
        Assert.InRange(transcript.Count, 150, 250);
    }

    // The clean lead of the first class over the second.
    private static double MeanMargin(Transcript transcript)
    {
        float[] clean = new float[transcript.Count * 26];
        ExactTargets.Linear.Classify(transcript.Inputs, clean);
        return Enumerable.Range(0, transcript.Count).Average(row =>
        {
            float[] sorted = [.. clean.AsSpan(row * 26, 26).ToArray().OrderDescending()];
            return sorted[0] - sorted[1];
        });
    }
}
