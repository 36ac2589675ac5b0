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
}
