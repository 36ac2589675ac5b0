namespace InferenceShield.Lab.Tests;

public sealed class ExtractionExperimentTests
{
    [Fact]
    public async Task A_thief_with_a_pool_gets_a_copy_that_agrees_and_labels_alone_give_him_less()
    {
        Dataset letters = TestData.Letters().Shuffle(1);
        Dataset train = letters.Slice(0, 6000);
        float[] truth = new float[train.Count * 26];
        for (int i = 0; i < train.Count; i++)
        {
            truth[(i * 26) + train.Labels.Span[i]] = 1;
        }

        Surrogate target = SurrogateTrainer.Train(train.Values.Span, truth, 16, 26, new SurrogateOptions { Hidden = [64], Steps = 1500 }, 1, 1, default);
        ExtractionSetup setup = new("letters", target, letters.Slice(6000, 6000), letters.Slice(12000, 2000));
        Attack naive = new("naive", new PoolStrategy(), new NaiveRecovery(), new SurrogateOptions { Hidden = [64] });
        Attack labels = naive with { Name = "top-1", Recovery = new LabelRecovery() };
        ExtractionResult first = await ExtractionExperiment.RunAsync(setup, ReleasePolicy.None, naive, 2000, 7, 1, default);
        ExtractionResult second = await ExtractionExperiment.RunAsync(setup, ReleasePolicy.OfShield("normal", 26, _ => { }), labels, 2000, 7, 1, default);
        Assert.True(first.Copy.Agreement > 0.75, $"{first.Copy}");
        Assert.InRange(second.Copy.Agreement, 0.6, first.Copy.Agreement);
    }

    [Fact]
    public async Task The_loot_is_the_copy_that_was_measured_and_what_it_learned_of()
    {
        Dataset letters = TestData.Letters().Shuffle(1);
        float[] truth = new float[1000 * 26];
        for (int i = 0; i < 1000; i++)
        {
            truth[(i * 26) + letters.Labels.Span[i]] = 1;
        }

        Surrogate target = SurrogateTrainer.Train(letters.Values.Span[..(1000 * 16)], truth, 16, 26, new SurrogateOptions { Hidden = [16], Steps = 300 }, 1, 1, default);
        ExtractionSetup setup = new("letters", target, letters.Slice(6000, 1000), letters.Slice(12000, 500));
        ReleaseOracle oracle = new(target, ReleasePolicy.None.Create(7));
        Attack naive = new("naive", new PoolStrategy(), new NaiveRecovery(), new SurrogateOptions { Hidden = [16], Steps = 200 });
        Theft theft = await ExtractionExperiment.StealAsync(setup, ReleasePolicy.None, oracle, naive, 300, 7, 1, default);
        float[] copied = new float[500 * 26];
        float[] clean = new float[500 * 26];
        theft.Copy.Classify(setup.Test.Values.Span, copied);
        target.Classify(setup.Test.Values.Span, clean);
        Assert.Equal(theft.Result.Copy, CopyMetrics.Measure(clean, copied, setup.Test.Labels.Span, 26));
        Assert.Equal(300, theft.Transcript!.Count);
        Assert.IsType<Surrogate>(theft.Copy);
    }

    public static TheoryData<string> AttackNames => [.. AttackCatalog.Entries.Select(entry => entry.Name)];

    [Theory]
    [MemberData(nameof(AttackNames))]
    public async Task Every_attack_of_the_catalogue_runs_within_its_budget(string name)
    {
        const int Budget = 400;
        Dataset letters = TestData.Letters().Shuffle(1);
        float[] truth = new float[1000 * 26];
        for (int i = 0; i < 1000; i++)
        {
            truth[(i * 26) + letters.Labels.Span[i]] = 1;
        }

        Surrogate target = SurrogateTrainer.Train(letters.Values.Span[..(1000 * 16)], truth, 16, 26, new SurrogateOptions { Hidden = [16], Steps = 300 }, 1, 1, default);
        ExtractionSetup setup = new("letters", target, letters.Slice(6000, 1000), letters.Slice(12000, 500));
        Attack attack = AttackCatalog.Create(name, new SurrogateOptions { Hidden = [16], Steps = 100 });
        ExtractionResult result = await ExtractionExperiment.RunAsync(setup, ReleasePolicies.Normal(26), attack, Budget, 7, 1, default);
        Assert.InRange(result.Queries, 1, Budget);
        Assert.InRange(result.Copy.Agreement, 0, 1);
        Assert.Equal(attack.Exact is null, result.Verdict is null);
    }

    [Fact]
    public async Task An_exact_attack_steals_a_linear_model_within_its_budget_and_fails_on_what_is_rounded()
    {
        Dataset letters = TestData.Letters().Shuffle(1);
        float[] truth = new float[3000 * 26];
        for (int i = 0; i < 3000; i++)
        {
            truth[(i * 26) + letters.Labels.Span[i]] = 1;
        }

        Surrogate target = SurrogateTrainer.Train(
            letters.Values.Span[..(3000 * 16)], truth, 16, 26, new SurrogateOptions { Kind = SurrogateKind.Linear, Steps = 600 }, 1, 1, default);
        ExtractionSetup setup = new("letters", target, letters.Slice(6000, 6000), letters.Slice(12000, 1000));
        Attack equation = AttackCatalog.Create("equation", new SurrogateOptions());
        ExtractionResult stolen = await ExtractionExperiment.RunAsync(setup, ReleasePolicy.None, equation, 34, 7, 1, default);
        ExtractionResult kept = await ExtractionExperiment.RunAsync(setup, ReleasePolicies.Normal(26), equation, 34, 7, 1, default);
        Assert.True(stolen.Copy.Agreement > 0.999, $"{stolen}");
        Assert.InRange(stolen.Queries, 17, 34);
        Assert.StartsWith("Recovered", stolen.Verdict, StringComparison.Ordinal);
        Assert.InRange(kept.Copy.Agreement, 0, 0.8);
        Assert.StartsWith("Not recover", kept.Verdict, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_function_gets_room_for_its_rows_and_no_more()
    {
        List<int> lengths = [];
        DelegateOracle oracle = new(2, 3, (_, answers) => lengths.Add(answers.Length));
        Assert.Equal(300, (await new PoolStrategy().AskAsync(oracle, new QueryContext(300, 1, new Dataset("points", new float[2 * 300], 2), new SurrogateOptions()), default)).Count);
        Assert.Equal([3 * 256, 3 * 44], lengths);
    }

    [Theory]
    [InlineData(2, 4)]
    [InlineData(1, 3)]
    public async Task An_oracle_of_another_shape_than_the_target_is_refused(int inputLength, int answerLength)
    {
        DelegateOracle oracle = new(inputLength, answerLength, (_, answers) => answers.Span.Fill(0.25f));
        ArgumentException exception = await Assert.ThrowsAsync<ArgumentException>(() => StealAsync(oracle));
        Assert.Contains($"takes rows of {inputLength} values and answers {answerLength}", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answers_that_are_not_finite_are_no_labels()
    {
        DelegateOracle oracle = new(2, 3, (_, answers) =>
        {
            answers.Span.Fill(0.25f);
            answers.Span[4] = float.NaN;
        });
        OracleException exception = await Assert.ThrowsAsync<OracleException>(() => StealAsync(oracle));
        Assert.Contains("query 2 is not finite at value 1", exception.Message, StringComparison.Ordinal);
    }

    private static Task<ExtractionResult> StealAsync(DelegateOracle oracle)
    {
        Surrogate target = SurrogateTrainer.Train([0, 1, 1, 0, 1, 1], [1, 0, 0, 0, 1, 0, 0, 0, 1], 2, 3, new SurrogateOptions { Hidden = [4], Steps = 5 }, 1, 1, default);
        Dataset rows = new("points", new float[2 * 100], 2);
        Attack labels = new("top-1", new PoolStrategy(), new LabelRecovery(), new SurrogateOptions { Hidden = [4], Steps = 5 });
        return ExtractionExperiment.RunAsync(new ExtractionSetup("toy", target, rows, rows), ReleasePolicy.None, oracle, labels, 50, 1, 1, default);
    }
}
