using InferenceShield.Lab;
using InferenceShield.Statistics.Efficacy;

namespace InferenceShield.Statistics.Detection;

/// <summary>A model whose callers are watched, with the rows for each purpose; none serves two.</summary>
/// <param name="Name">What it is called in the files.</param>
/// <param name="Model">It answers cleanly.</param>
/// <param name="InputKind">What its inputs are.</param>
/// <param name="Calibration">Of which its profile is learned, and honest callers of the calibration ask.</param>
/// <param name="Honest">Of which honest callers ask who come after the calibration.</param>
/// <param name="Thief">Of which thieves ask.</param>
/// <param name="Held">On which copies are measured.</param>
/// <param name="Copy">What thieves train in the end.</param>
/// <param name="Steering">What they train while they ask.</param>
/// <param name="Traffic">What honest callers are like.</param>
internal sealed record WatchedModel(
    string Name, IClassifier Model, InputKind InputKind, Dataset Calibration, Dataset Honest, Dataset Thief, Dataset Held, SurrogateOptions Copy, SurrogateOptions Steering,
    HonestTrafficOptions Traffic)
{
    public const string Letters = "letters";
    public const string Fashion = "fashion";

    private const ulong Seed = 61;
    private const int FashionSide = 28;
    private const int ProxyCount = 8_000;

    /// <summary>The box of the thief's rows.</summary>
    public InputBounds Bounds { get; } = InputBounds.OfRows(Thief);

    public static WatchedModel Load(string name) => name switch
    {
        Letters => LoadLetters(),
        Fashion => LoadFashion(),
        _ => throw new ArgumentException($"There is no watched model '{name}'.", nameof(name)),
    };

    /// <summary>16-128-64-26 on 6,000 rows, trained as the efficacy page's; 4,000 to calibrate, 3,000 honest, 6,000 for thieves, 1,000 to measure on.</summary>
    private static WatchedModel LoadLetters()
    {
        Dataset rows = LetterRows.Load().Shuffle(Seed);
        SurrogateOptions options = new() { Hidden = [128, 64] };
        return new WatchedModel(
            Letters, Train(rows.Slice(0, 6_000), options), InputKind.Tabular, rows.Slice(6_000, 4_000), rows.Slice(10_000, 3_000), rows.Slice(13_000, 6_000),
            rows.Slice(19_000, 1_000), options, options, new HonestTrafficOptions());
    }

    /// <summary>784-128-10 on 20,000 images; 12,000 to calibrate, 10,000 honest, 15,000 for thieves, 3,000 to measure on.</summary>
    private static WatchedModel LoadFashion()
    {
        Dataset rows = FashionRows.LoadTraining().Shuffle(Seed);
        SurrogateOptions options = new() { Hidden = [128] };
        return new WatchedModel(
            Fashion, Train(rows.Slice(0, 20_000), options), InputKind.Image, rows.Slice(20_000, 12_000), rows.Slice(32_000, 10_000), rows.Slice(42_000, 15_000),
            rows.Slice(57_000, 3_000), options, new SurrogateOptions { Hidden = [64], Steps = 300 }, new HonestTrafficOptions { ImageSide = FashionSide });
    }

    /// <summary>How queries are measured under a key: a defender's, or the one that a thief makes up for himself.</summary>
    /// <param name="key">Tells keys apart.</param>
    /// <param name="rows">Benign inputs.</param>
    /// <param name="answers">Whose answers to them.</param>
    public DetectionProfile Learn(ulong key, Dataset rows, IClassifier answers)
    {
        byte[] material = new byte[ShieldSecret.MinimumLength];
        SeededRandom random = new(key, stream: 201);
        foreach (ref byte part in material.AsSpan())
        {
            part = (byte)random.NextUInt64();
        }

        using ShieldSecret secret = new(material);
        return DetectionProfile.Learn(
            secret, Name, InputKind, OutputKind.Probabilities, rows.Values.Span, rows.Width, Answer(answers, rows.Values.Span), answers.ClassCount);
    }

    public static float[] Answer(IClassifier model, ReadOnlySpan<float> rows)
    {
        float[] answers = new float[rows.Length / model.InputLength * model.ClassCount];
        model.Classify(rows, answers);
        return answers;
    }

    /// <summary>Honest callers of some rows, one after another, as they are measured.</summary>
    /// <param name="profile">By which.</param>
    /// <param name="answers">Whose answers they get.</param>
    /// <param name="rows">Which rows they ask.</param>
    /// <param name="count">How many callers.</param>
    /// <param name="seed">All follows from it.</param>
    /// <param name="traffic">What they are like; null for what this model's are like.</param>
    public IEnumerable<CallerHistory> Callers(
        DetectionProfile profile, IClassifier answers, Dataset rows, int count, ulong seed, HonestTrafficOptions? traffic = null)
    {
        HonestTraffic honest = new(rows, seed, traffic ?? Traffic);
        QuerySignals[] unchanged = TrafficMeasure.MeasureRows(profile, answers, rows.Values.Span);
        return Enumerable.Range(0, count).Select(caller =>
            new CallerHistory(seed + (ulong)caller, TrafficMeasure.MeasureCaller(profile, answers, honest.Start(caller), unchanged)));
    }

    /// <summary>What was measured of synthetic proxies of some rows.</summary>
    public QuerySignals[] Proxies(DetectionProfile profile, IClassifier answers, Dataset rows, ulong seed) =>
        TrafficMeasure.MeasureRows(profile, answers, SyntheticProxies.Make(InputKind, rows.Values.Span, rows.Width, ProxyCount, seed));

    /// <summary>On how many of the held rows a copy gives the model's label.</summary>
    public double Agreement(IClassifier copy) =>
        CopyMetrics.Measure(Answer(Model, Held.Values.Span), Answer(copy, Held.Values.Span), Held.Labels.Span, Held.ClassCount).Agreement;

    /// <summary>The agreement of a copy trained on a caller's first queries.</summary>
    public double Agreement(Transcript transcript, int queries, ulong seed)
    {
        int count = Math.Clamp(queries, 1, transcript.Count);
        return Agreement(SurrogateTrainer.Train(
            transcript.Inputs[..(count * transcript.InputLength)], transcript.Answers[..(count * transcript.AnswerLength)],
            transcript.InputLength, transcript.AnswerLength, Copy, seed, 1, CancellationToken.None));
    }

    private static Surrogate Train(Dataset rows, SurrogateOptions options)
    {
        float[] truth = new float[rows.Count * rows.ClassCount];
        for (int row = 0; row < rows.Count; row++)
        {
            truth[(row * rows.ClassCount) + rows.Labels.Span[row]] = 1;
        }

        return SurrogateTrainer.Train(rows.Values.Span, truth, rows.Width, rows.ClassCount, options, Seed, 1, CancellationToken.None);
    }
}
