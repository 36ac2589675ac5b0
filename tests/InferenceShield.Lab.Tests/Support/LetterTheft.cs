namespace InferenceShield.Lab.Tests;

/// <summary>A small target trained on letters, a pool for the thief, and how well a strategy does against it.</summary>
internal static class LetterTheft
{
    public static readonly SurrogateOptions Options = new() { Hidden = [64] };

    /// <summary>Trains in next to no time, for tests of which rows are asked.</summary>
    public static readonly SurrogateOptions Quick = new() { Hidden = [8], Steps = 20 };

    private static readonly Lazy<ExtractionSetup> s_setup = new(Create);

    public static ExtractionSetup Setup => s_setup.Value;

    public static Dataset Unlabelled => new("letters without labels", Setup.Pool.Values, Setup.Pool.Width);

    public static IOracle CreateOracle() => new ReleaseOracle(Setup.Target, ReleasePolicy.None.Create(0));

    public static QueryContext CreateContext(int budget, ulong seed = 7) => new(budget, seed, Setup.Pool, Quick);

    public static async Task<double> GetAgreementAsync(IQueryStrategy strategy, int budget, ulong seed, Dataset? pool = null)
    {
        Attack attack = new(strategy.Name, strategy, new NaiveRecovery(), Options);
        ExtractionResult result = await ExtractionExperiment.RunAsync(
            pool is null ? Setup : Setup with { Pool = pool }, ReleasePolicy.None, attack, budget, seed, 1, default);
        return result.Copy.Agreement;
    }

    private static ExtractionSetup Create()
    {
        Dataset letters = TestData.Letters().Shuffle(1);
        Dataset train = letters.Slice(0, 6000);
        float[] truth = new float[train.Count * 26];
        for (int i = 0; i < train.Count; i++)
        {
            truth[(i * 26) + train.Labels.Span[i]] = 1;
        }

        Surrogate target = SurrogateTrainer.Train(train.Values.Span, truth, 16, 26, Options with { Steps = 1500 }, 1, 1, default);
        return new ExtractionSetup("letters", target, letters.Slice(6000, 5000), letters.Slice(12000, 2000));
    }
}
