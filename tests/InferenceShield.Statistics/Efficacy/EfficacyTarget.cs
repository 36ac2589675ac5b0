using InferenceShield.Lab;

namespace InferenceShield.Statistics.Efficacy;

/// <summary>A model to steal, with the rows for each purpose; none serves two.</summary>
/// <param name="Setup">Target, pool of the thief, and the rows on which copies are measured.</param>
/// <param name="Benign">Clean answers to honest rows, of which bands and codebooks are learned.</param>
/// <param name="Budgets">Queries a thief may spend.</param>
/// <param name="Surrogate">What the thief trains: the target's own architecture.</param>
internal sealed record EfficacyTarget(ExtractionSetup Setup, float[] Benign, IReadOnlyList<int> Budgets, SurrogateOptions Surrogate)
{
    public const string Fashion = "fashion";
    public const string Letters = "letters";
    public const string Styles = "letter styles";

    private const ulong Seed = 1;
    private const int Natural = 5_000;

    public IReadOnlyList<ReleasePolicy> Policies { get; } = EfficacyPolicies.All(Setup.Target.ClassCount, Benign);

    public int ClassCount => Setup.Target.ClassCount;

    /// <summary>The target of a name.</summary>
    public static EfficacyTarget Load(string name) => name switch
    {
        Fashion => LoadFashion(),
        Letters => Split(LetterRows.Load(), [128, 64], "letters"),
        Styles => Split(LetterRows.SplitIntoStyles(LetterRows.Load(), LetterRows.Styles), [128, 64], Styles),
        _ => throw new ArgumentException($"There is no target '{name}'.", nameof(name)),
    };

    /// <summary>A thief with few letters jitters them only when he has asked them all.</summary>
    public ExtractionSetup SetupFor(int budget) =>
        Setup.Name != Fashion && budget <= Natural ? Setup with { Pool = Setup.Pool.Slice(0, Natural) } : Setup;

    /// <summary>784-128-10 on 40,000 training images; the thief has the other 20,000; 3,000 test images to learn of, 7,000 to measure on.</summary>
    private static EfficacyTarget LoadFashion()
    {
        Dataset train = FashionRows.LoadTraining().Shuffle(Seed);
        Dataset test = FashionRows.LoadTest().Shuffle(Seed);
        SurrogateOptions surrogate = new() { Hidden = [128] };
        return Train(Fashion, train.Slice(0, 40_000), train.Slice(40_000, 20_000), test.Slice(0, 3_000), test.Slice(3_000, 7_000), surrogate, [500, 2_000, 5_000, 15_000]);
    }

    /// <summary>10,000 rows to train on; 5,000 for the thief, who jitters them where his budget is larger; 1,500 to learn of, 3,500 to measure on.</summary>
    private static EfficacyTarget Split(Dataset all, int[] hidden, string name)
    {
        Dataset rows = all.Shuffle(Seed);
        return Train(
            name, rows.Slice(0, 10_000), LetterRows.Jitter(rows.Slice(10_000, Natural), copies: 2, Seed), rows.Slice(15_000, 1_500), rows.Slice(16_500, 3_500),
            new SurrogateOptions { Hidden = [.. hidden] }, [500, 2_000, 5_000, 15_000]);
    }

    private static EfficacyTarget Train(
        string name, Dataset train, Dataset pool, Dataset learn, Dataset measure, SurrogateOptions surrogate, int[] budgets)
    {
        float[] truth = new float[train.Count * train.ClassCount];
        for (int row = 0; row < train.Count; row++)
        {
            truth[(row * train.ClassCount) + train.Labels.Span[row]] = 1;
        }

        Surrogate target = SurrogateTrainer.Train(
            train.Values.Span, truth, train.Width, train.ClassCount, surrogate, Seed, Environment.ProcessorCount, CancellationToken.None);
        float[] benign = new float[learn.Count * target.ClassCount];
        target.Classify(learn.Values.Span, benign);
        return new EfficacyTarget(new ExtractionSetup(name, target, pool, measure), benign, budgets, surrogate);
    }
}
