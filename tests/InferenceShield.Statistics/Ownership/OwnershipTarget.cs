using InferenceShield.Lab;
using InferenceShield.Statistics.Efficacy;

namespace InferenceShield.Statistics.Ownership;

/// <summary>A model whose copies are to be proved, with the rows for each purpose; none serves two.</summary>
/// <param name="Name">One of the names below.</param>
/// <param name="Model">The model.</param>
/// <param name="Pool">What thieves ask, with true labels that they do not use unless it is said.</param>
/// <param name="Benign">Rows of honest users, of which input spaces are learned.</param>
/// <param name="Measure">Rows on which models are measured; nobody is asked them before.</param>
/// <param name="Surrogate">What thieves train: the model's own architecture.</param>
/// <param name="NearRepeat">Of an input's spread: how far the near-repeats of a thief who votes are off.</param>
internal sealed record OwnershipTarget(string Name, IClassifier Model, Dataset Pool, Dataset Benign, Dataset Measure, SurrogateOptions Surrogate, double NearRepeat)
{
    /// <summary>Input noise and weight decay that cost a copy little accuracy, or none.</summary>
    public required (float Noise, float Decay) Regularisation { get; init; }

    /// <summary>As much of both as costs it some.</summary>
    public required (float Noise, float Decay) StrongRegularisation { get; init; }

    private readonly Lazy<InputSpace> _space = new(() => InputSpace.Learn(Benign.Values.Span, Benign.Width, Name == Fashion ? InputKind.Image : InputKind.Tabular));

    /// <summary>Where benign inputs lie.</summary>
    public InputSpace Space => _space.Value;

    public const string Fashion = "fashion";
    public const string Letters = "letters";

    private const ulong Seed = 1; // none that of a thief: a copy that starts from the same weights agrees too well

    public static IReadOnlyList<string> Names { get; } = [Fashion, Letters];

    /// <summary>Trains the target of a name.</summary>
    public static OwnershipTarget Load(string name) => name switch
    {
        Fashion => LoadFashion(),
        Letters => LoadLetters(),
        _ => throw new ArgumentException($"There is no target '{name}'.", nameof(name)),
    };

    /// <summary>784-128-10 on 40,000 training images; the thief has the other 20,000; 3,000 test images are benign, 7,000 measure.</summary>
    private static OwnershipTarget LoadFashion()
    {
        Dataset train = FashionRows.LoadTraining().Shuffle(Seed);
        Dataset test = FashionRows.LoadTest().Shuffle(Seed);
        return Train(Fashion, train.Slice(0, 40_000), train.Slice(40_000, 20_000), test.Slice(0, 3_000), test.Slice(3_000, 7_000), [128], 0.15, (1f, 0.5f), (1f, 1f));
    }

    /// <summary>16-96-26 on 8,000 rows; 7,500 for the thief, 1,000 benign, 3,500 measure.</summary>
    private static OwnershipTarget LoadLetters()
    {
        Dataset rows = LetterRows.Load().Shuffle(Seed);
        return Train(Letters, rows.Slice(0, 8_000), rows.Slice(8_000, 7_500), rows.Slice(15_500, 1_000), rows.Slice(16_500, 3_500), [96], 0.1, (0.3f, 0.1f), (0.6f, 0.2f));
    }

    private static OwnershipTarget Train(
        string name, Dataset train, Dataset pool, Dataset benign, Dataset measure, int[] hidden, double nearRepeat, (float, float) regularisation, (float, float) strong)
    {
        SurrogateOptions options = new() { Hidden = [.. hidden] };
        Surrogate model = SurrogateTrainer.Train(
            train.Values.Span, OneHot.Of(train.Labels.Span, train.ClassCount), train.Width, train.ClassCount, options, Seed, Environment.ProcessorCount, CancellationToken.None);
        return new OwnershipTarget(name, model, pool, benign, measure, options, nearRepeat) { Regularisation = regularisation, StrongRegularisation = strong };
    }
}
