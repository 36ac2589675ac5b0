namespace InferenceShield.Lab.Tests;

public sealed class ActiveStrategyTests
{
    private const int Budget = 120;
    private const int First = 60;

    private static readonly Dataset s_pool = LetterTheft.Setup.Pool.Slice(0, 400);

    [Theory]
    [InlineData(ActiveSelection.Margin)]
    [InlineData(ActiveSelection.Entropy)]
    public async Task The_rows_asked_are_the_least_certain_ones_of_the_copy(ActiveSelection selection)
    {
        // One round after a random half: its copy can be trained again, and its choice be made by sorting.
        (float[] asked, float[] rest, Surrogate copy, _) = await AskAsync(selection);
        float mostCertain = Rate(copy, asked, selection).Max();
        float leastCertain = Rate(copy, rest, selection).Min();
        Assert.Equal(First, asked.Length / 16);
        Assert.True(mostCertain <= leastCertain, $"{mostCertain} {leastCertain}");
    }

    [Fact]
    public async Task K_center_takes_the_furthest_row_each_time()
    {
        (float[] asked, float[] rest, Surrogate copy, float[] first) = await AskAsync(ActiveSelection.KCenter);
        List<float[]> centres = Classify(copy, first);
        List<float[]> waiting = Classify(copy, rest);
        foreach (float[] taken in Classify(copy, asked))
        {
            double distance = centres.Min(centre => GetDistance(centre, taken));
            double furthest = waiting.Max(row => centres.Min(centre => GetDistance(centre, row)));
            Assert.True(distance >= furthest - 1e-5, $"{distance} {furthest}");
            centres.Add(taken);
        }
    }

    [Fact]
    public async Task Rounds_divide_what_the_random_share_leaves()
    {
        List<int> sizes = [];
        DelegateOracle oracle = new(16, 26, (inputs, answers) =>
        {
            sizes.Add(inputs.Length / 16);
            LetterTheft.Setup.Target.Classify(inputs.Span, answers.Span);
        });
        await new ActiveStrategy { InitialShare = 0.25, Rounds = 4 }.AskAsync(oracle, LetterTheft.CreateContext(200), default);
        Assert.Equal([50, 38, 38, 38, 36], sizes);
    }

    [Fact]
    public async Task A_round_looks_at_no_more_rows_than_candidates()
    {
        // With as many candidates as a round asks, nothing is chosen: the rows are random and of no lower margin than others.
        QueryContext context = CreateContext();
        Transcript transcript = await new ActiveStrategy { InitialShare = 0.5, Rounds = 1, Candidates = First }.AskAsync(LetterTheft.CreateOracle(), context, default);
        Surrogate copy = Train(transcript);
        float chosen = Rate(copy, transcript.Inputs[(First * 16)..].ToArray(), ActiveSelection.Margin).Average();
        float all = Rate(copy, s_pool.Values.ToArray(), ActiveSelection.Margin).Average();
        Assert.InRange(chosen, all * 0.75f, all * 1.25f);
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        Assert.Contains("share of the budget", Assert.Throws<ArgumentOutOfRangeException>(() => new ActiveStrategy { InitialShare = 0 }).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new ActiveStrategy { InitialShare = double.NaN });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ActiveStrategy { Rounds = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ActiveStrategy { Candidates = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new JbdaStrategy { Step = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new JbdaStrategy { Seeds = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new KnockoffStrategy { RoundSize = 257 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new GridStrategy { Levels = 1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new DataFreeStrategy { BatchSize = 1 });
    }

    private static QueryContext CreateContext() => LetterTheft.CreateContext(Budget) with { Pool = s_pool, Surrogate = LetterTheft.Options };

    private static async Task<(float[] Asked, float[] Others, Surrogate Copy, float[] First)> AskAsync(ActiveSelection selection)
    {
        ActiveStrategy strategy = new() { Selection = selection, InitialShare = 0.5, Rounds = 1 };
        Transcript transcript = await strategy.AskAsync(LetterTheft.CreateOracle(), CreateContext(), default);
        HashSet<string> seen = [.. Split(transcript.Inputs).Select(row => string.Join(' ', row))];
        float[] rest = [.. Split(s_pool.Values.Span).Where(row => !seen.Contains(string.Join(' ', row))).SelectMany(row => row)];
        return (transcript.Inputs[(First * 16)..].ToArray(), rest, Train(transcript), transcript.Inputs[..(First * 16)].ToArray());
    }

    private static Surrogate Train(Transcript transcript) => SurrogateTrainer.Train(
        transcript.Inputs[..(First * 16)], transcript.Answers[..(First * 26)], 16, 26, LetterTheft.Options, 7, 1, default);

    private static float[][] Split(ReadOnlySpan<float> rows)
    {
        float[] copied = rows.ToArray();
        return [.. Enumerable.Range(0, copied.Length / 16).Select(row => copied[(row * 16)..((row + 1) * 16)])];
    }

    private static List<float[]> Classify(Surrogate copy, float[] rows)
    {
        float[] probabilities = new float[rows.Length / 16 * 26];
        copy.Classify(rows, probabilities);
        return [.. probabilities.Chunk(26)];
    }

    private static float[] Rate(Surrogate copy, float[] rows, ActiveSelection selection) => [.. Classify(copy, rows).Select(row => selection == ActiveSelection.Entropy
        ? row.Sum(p => p > 0 ? p * MathF.Log(p) : 0)
        : row.OrderDescending().First() - row.OrderDescending().ElementAt(1))];

    private static double GetDistance(float[] left, float[] right)
    {
        double sum = 0;
        for (int i = 0; i < left.Length; i++)
        {
            sum += (left[i] - right[i]) * (left[i] - right[i]);
        }

        return Math.Sqrt(sum);
    }
}
