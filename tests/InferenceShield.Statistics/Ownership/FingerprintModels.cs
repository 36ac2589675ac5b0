using InferenceShield.Lab;
using InferenceShield.Statistics.Efficacy;

namespace InferenceShield.Statistics.Ownership;

/// <summary>A target, and the rows for each purpose; none serves two.</summary>
/// <param name="Name">Of the data.</param>
/// <param name="Seed">Rows, the target and all weights follow from it.</param>
/// <param name="Target">Trained on rows that nobody else has.</param>
/// <param name="Pool">What thieves ask.</param>
/// <param name="Independent">What independent suspects are trained on, with true labels.</param>
/// <param name="Owner">What the owner trains his own models on.</param>
/// <param name="Probes">Labelled rows that nobody was trained on.</param>
internal sealed record FingerprintModels(
    string Name, ulong Seed, Surrogate Target, Dataset Pool, Dataset Independent, Dataset Owner, Dataset Probes)
{
    /// <summary>Architectures; suspects have all of them, the owner's own models the first <see cref="OwnedKinds"/>.</summary>
    public const int Kinds = 16;

    /// <summary>How many of the architectures the owner trains: the others he never saw.</summary>
    public const int OwnedKinds = 10;

    private const int Answers = 5_000;

    // Initial weights follow from the seed alone: no two models, and none and the target, have the same.
    private const ulong SeedsOfTarget = 100_000;
    private const ulong FirstSuspect = 1_000;
    private const ulong FirstOwned = 5_000;

    public static FingerprintModels Load(string name, ulong seed) => name == EfficacyTarget.Fashion ? LoadFashion(seed) : LoadLetters(seed);

    /// <summary>Suspect i of a kind: architectures in turn, stolen by labels, then by full vectors.</summary>
    public IClassifier TrainSuspect(int number, bool stolen) => stolen
        ? Steal(Pool, number, FirstSuspect + (ulong)number)
        : TrainTrue(DrawOf(Independent, number, FirstSuspect + 500 + (ulong)number), number, FirstSuspect + 500 + (ulong)number);

    public static bool IsLabelOnly(int number) => number / Kinds % 2 == 0;

    public static string Describe(string name, int number)
    {
        if (IsRandomFeatures(number))
        {
            return "random features";
        }

        SurrogateOptions options = OptionsOf(name, number);
        string layers = options.Kind == SurrogateKind.Linear || options.Hidden.IsEmpty ? "" : " " + string.Join('-', options.Hidden);
        return options.Kind.ToString().ToLowerInvariant() + layers;
    }

    private static bool IsRandomFeatures(int number) => number % Kinds == Kinds - 1;

    private static SurrogateOptions OptionsOf(string name, int number)
    {
        bool isFashion = name == EfficacyTarget.Fashion;
        SurrogateOptions mlp = new() { Steps = isFashion ? 1_000 : 3_000 };
        SurrogateOptions cnn = mlp with { Kind = SurrogateKind.Cnn, Image = new ImageShape(1, 28), Steps = 400 };
        return (number % Kinds) switch
        {
            0 => mlp with { Kind = SurrogateKind.Linear },
            1 => mlp with { Hidden = [32] },
            2 => mlp with { Hidden = [64] },
            3 => mlp with { Hidden = [128] },
            4 => mlp with { Hidden = [256] },
            5 => mlp with { Hidden = [128, 64] },
            6 => mlp with { Hidden = [64, 64] },
            7 => mlp with { Hidden = [96] },
            8 => mlp with { Hidden = [64, 32] },
            9 => isFashion ? cnn with { Hidden = [64] } : mlp with { Hidden = [192] },
            10 => mlp with { Hidden = [384] },
            11 => mlp with { Hidden = [96, 96, 96] },
            12 => mlp with { Hidden = [128, 64, 32, 32] },
            13 => isFashion ? cnn with { Hidden = [128] } : mlp with { Hidden = [48] },
            14 => isFashion ? cnn with { Hidden = [] } : mlp with { Hidden = [256, 64] },
            _ => mlp with { Kind = SurrogateKind.Linear },
        };
    }

    private IClassifier Train(Dataset rows, ReadOnlySpan<float> answers, int number, SurrogateLoss loss, ulong seed)
    {
        SurrogateOptions options = OptionsOf(Name, number) with { Loss = loss };
        ulong own = (Seed * SeedsOfTarget) + seed;
        return IsRandomFeatures(number)
            ? RandomFeatures.Train(rows.Values.Span, answers, rows.Width, Target.ClassCount, options, own)
            : SurrogateTrainer.Train(rows.Values.Span, answers, rows.Width, Target.ClassCount, options, own, threads: 1, CancellationToken.None);
    }

    /// <summary>Two models of the owner's, on the same rows and from the same weights: one learns true labels, the other the target's.</summary>
    public (IClassifier Independent, IClassifier Copy) TrainOwned(int number)
    {
        ulong seed = FirstOwned + (ulong)number;
        Dataset own = DrawOf(Owner, number, seed);
        return (TrainTrue(own, number % OwnedKinds, seed), Train(own, OneHot.Ask(Target, own.Values.Span), number % OwnedKinds, SurrogateLoss.HardLabels, seed));
    }

    private IClassifier Steal(Dataset pool, int number, ulong seed)
    {
        Dataset asked = pool.Shuffle(seed).Slice(0, Math.Min(Answers, pool.Count));
        return Train(asked, OneHot.Ask(Target, asked.Values.Span), number, IsLabelOnly(number) ? SurrogateLoss.HardLabels : SurrogateLoss.SoftLabels, seed);
    }

    private IClassifier TrainTrue(Dataset rows, int number, ulong seed) => Train(rows, OneHot.Of(rows.Labels.Span, rows.ClassCount), number, SurrogateLoss.HardLabels, seed);

    /// <summary>Half to all of the rows, drawn anew for each model.</summary>
    private static Dataset DrawOf(Dataset rows, int number, ulong seed) => rows.Shuffle(seed).Slice(0, rows.Count * (4 + (number % 5)) / 8);

    private static FingerprintModels LoadFashion(ulong seed)
    {
        Dataset train = FashionRows.LoadTraining().Shuffle(seed);
        return new FingerprintModels(
            EfficacyTarget.Fashion, seed, TrainTarget(train.Slice(0, 20_000), seed, new SurrogateOptions { Hidden = [128] }),
            Pool: train.Slice(40_000, 12_000), Independent: train.Slice(20_000, 10_000), Owner: train.Slice(30_000, 10_000),
            Probes: FashionRows.LoadTest().Slice(0, 5_000));
    }

    private static FingerprintModels LoadLetters(ulong seed)
    {
        Dataset rows = LetterRows.Load().Shuffle(seed);
        return new FingerprintModels(
            EfficacyTarget.Letters, seed, TrainTarget(rows.Slice(0, 5_000), seed, new SurrogateOptions { Hidden = [128, 64] }),
            Pool: rows.Slice(5_000, 5_000), Independent: rows.Slice(10_000, 4_000), Owner: rows.Slice(14_000, 3_000), Probes: rows.Slice(17_000, 3_000));
    }

    private static Surrogate TrainTarget(Dataset rows, ulong seed, SurrogateOptions options) => SurrogateTrainer.Train(
        rows.Values.Span, OneHot.Of(rows.Labels.Span, rows.ClassCount), rows.Width, rows.ClassCount, options, seed, Environment.ProcessorCount, CancellationToken.None);
}
