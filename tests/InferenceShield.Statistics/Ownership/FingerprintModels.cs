using System.Globalization;
using InferenceShield.Lab;
using InferenceShield.Statistics.Efficacy;

namespace InferenceShield.Statistics.Ownership;

/// <summary>A target, and the rows for each purpose: no row serves two, but where letters are too few.</summary>
/// <param name="Name">Of the data.</param>
/// <param name="Target">Trained on rows that nobody else has.</param>
/// <param name="Pool">What thieves ask.</param>
/// <param name="OwnerPool">What the owner asks when he steals from himself.</param>
/// <param name="Independent">What independent suspects are trained on, with true labels.</param>
/// <param name="OwnerIndependent">What the owner's independent models are trained on.</param>
/// <param name="Probes">Labelled rows that nobody was trained on.</param>
internal sealed record FingerprintModels(
    string Name, Surrogate Target, Dataset Pool, Dataset OwnerPool, Dataset Independent, Dataset OwnerIndependent, Dataset Probes)
{
    private const int Answers = 5_000;
    private const ulong TargetSeed = 1;

    // Initial weights follow from the seed alone: no two models, and none and the target, have the same.
    private const ulong FirstSuspect = 1_000;
    private const ulong FirstOwned = 5_000;

    public static FingerprintModels Load(string name) => name == EfficacyTarget.Fashion ? LoadFashion() : LoadLetters();

    /// <summary>Suspect i of a kind: architectures in turn, stolen by labels or by full vectors.</summary>
    public Surrogate TrainSuspect(int number, bool stolen) => stolen
        ? Steal(Pool, Name, number, FirstSuspect + (ulong)number, Target)
        : TrainTrue(Independent, Name, number, FirstSuspect + 500 + (ulong)number);

    /// <summary>What the owner steals from himself, and trains without the target.</summary>
    public Surrogate TrainOwned(int number, bool stolen) => stolen
        ? Steal(OwnerPool, Name, number + 1, FirstOwned + (ulong)number, Target)
        : TrainTrue(OwnerIndependent, Name, number + 1, FirstOwned + 500 + (ulong)number);

    public static bool IsLabelOnly(int number) => number / 8 % 2 == 0;

    public static string Describe(string name, int number)
    {
        SurrogateOptions options = OptionsOf(name, number);
        return options.Kind == SurrogateKind.Mlp ? "mlp " + string.Join('-', options.Hidden) : options.Kind.ToString().ToLower(CultureInfo.InvariantCulture);
    }

    private static SurrogateOptions OptionsOf(string name, int number)
    {
        bool isFashion = name == EfficacyTarget.Fashion;
        SurrogateOptions mlp = new() { Steps = isFashion ? 1_000 : 3_000 };
        return (number % 8) switch
        {
            0 => mlp with { Kind = SurrogateKind.Linear },
            1 => mlp with { Hidden = [32] },
            2 => mlp with { Hidden = [64] },
            3 => mlp with { Hidden = [128] },
            4 => mlp with { Hidden = [256] },
            5 => mlp with { Hidden = [128, 64] },
            6 => mlp with { Hidden = [64, 64] },
            _ when isFashion && number % 16 == 7 => mlp with { Kind = SurrogateKind.Cnn, Image = new ImageShape(1, 28), Hidden = [64], Steps = 400 },
            _ => mlp with { Hidden = [96] },
        };
    }

    private static Surrogate Steal(Dataset pool, string name, int number, ulong seed, Surrogate target)
    {
        Dataset asked = pool.Shuffle(seed).Slice(0, Math.Min(Answers, pool.Count));
        float[] answers = new float[asked.Count * target.ClassCount];
        target.Classify(asked.Values.Span, answers);
        SurrogateOptions options = OptionsOf(name, number) with { Loss = IsLabelOnly(number) ? SurrogateLoss.HardLabels : SurrogateLoss.SoftLabels };
        return SurrogateTrainer.Train(asked.Values.Span, answers, asked.Width, target.ClassCount, options, seed, threads: 1, CancellationToken.None);
    }

    /// <summary>On half to all of the rows, drawn anew for each model.</summary>
    private static Surrogate TrainTrue(Dataset rows, string name, int number, ulong seed)
    {
        Dataset own = rows.Shuffle(seed).Slice(0, rows.Count * (4 + (number % 5)) / 8);
        return SurrogateTrainer.Train(own.Values.Span, Truth(own), own.Width, own.ClassCount, OptionsOf(name, number), seed, threads: 1, CancellationToken.None);
    }

    private static FingerprintModels LoadFashion()
    {
        Dataset train = FashionRows.LoadTraining().Shuffle(TargetSeed);
        return new FingerprintModels(
            EfficacyTarget.Fashion, TrainTarget(train.Slice(0, 20_000), new SurrogateOptions { Hidden = [128] }),
            Pool: train.Slice(40_000, 12_000), OwnerPool: train.Slice(52_000, 8_000), Independent: train.Slice(20_000, 10_000), OwnerIndependent: train.Slice(30_000, 10_000),
            Probes: FashionRows.LoadTest().Slice(0, 5_000));
    }

    /// <summary>Fewer rows: thieves ask the same 5,000, the owner asks noisy copies of the target's own, and the owner's independent models have the rows of the
    /// independent suspects, in other draws.</summary>
    private static FingerprintModels LoadLetters()
    {
        Dataset rows = LetterRows.Load().Shuffle(TargetSeed);
        Dataset independent = rows.Slice(6_000, 6_000);
        Dataset noisy = LetterRows.Jitter(rows.Slice(0, 6_000), copies: 1, TargetSeed).Slice(6_000, 6_000);
        return new FingerprintModels(
            EfficacyTarget.Letters, TrainTarget(rows.Slice(0, 6_000), new SurrogateOptions { Hidden = [128, 64] }),
            rows.Slice(12_000, 5_000), noisy, independent, independent, rows.Slice(17_000, 3_000));
    }

    private static Surrogate TrainTarget(Dataset rows, SurrogateOptions options) =>
        SurrogateTrainer.Train(rows.Values.Span, Truth(rows), rows.Width, rows.ClassCount, options, TargetSeed, Environment.ProcessorCount, CancellationToken.None);

    private static float[] Truth(Dataset rows)
    {
        float[] truth = new float[rows.Count * rows.ClassCount];
        for (int row = 0; row < rows.Count; row++)
        {
            truth[(row * rows.ClassCount) + rows.Labels.Span[row]] = 1;
        }

        return truth;
    }
}
