using System.Security.Cryptography;
using System.Text;
using InferenceShield.Lab;
using InferenceShield.Samples;
using InferenceShield.Samples.Training;
using InferenceShield.Statistics.Efficacy;

namespace InferenceShield.Statistics.Detection;

/// <summary>A victim, and rows for each purpose; none serves two.</summary>
/// <param name="Victim">Answers with clean scores.</param>
/// <param name="Calibration">Of which calibration callers and thresholds come.</param>
/// <param name="Test">Of which the callers come that must not be alarmed.</param>
/// <param name="Pool">The thief's.</param>
/// <param name="Digits">What he asks who has none of the kind.</param>
/// <param name="Measure">On which copies are compared with the victim.</param>
/// <param name="Profile">How queries are measured: learned of the calibration rows as they are.</param>
internal sealed record DetectionSetup(IClassifier Victim, Dataset Calibration, Dataset Test, Dataset Pool, Dataset Digits, Dataset Measure, DetectionProfile Profile)
{
    public const string Model = "fashion";
    public const int MostQueries = 4_000;

    private const ulong Seed = 101;
    private const int MostProxies = 20_000;

    /// <summary>The split of the whole data set: the victim has training rows 0 to 30,000.</summary>
    public static DetectionSetup Load(TextWriter log)
    {
        Dataset train = FashionRows.LoadTraining();
        Dataset test = FashionRows.LoadTest();
        string folder = Path.Combine(SampleFiles.FindRoot(), "artifacts", "detection");
        string path = Path.Combine(folder, "victim.onnx");
        if (!File.Exists(path))
        {
            log.WriteLine("Training the victim.");
            Directory.CreateDirectory(folder);
            TrainVictim(train.Slice(0, 30_000), new SurrogateOptions { Kind = SurrogateKind.Cnn, Image = new ImageShape(1, FashionDataset.Side), Hidden = [64], Steps = 1_500 }).Save(path);
        }

        OnnxClassifier victim = new(path);
        Dataset calibration = Join(train.Slice(30_000, 10_000), train.Slice(55_000, 2_500));
        return new DetectionSetup(
            victim, calibration, Join(test, train.Slice(57_500, 2_500)), train.Slice(40_000, 15_000), DigitRows.Load(MostQueries), test.Slice(0, 3_000), Learn(victim, calibration));
    }

    /// <summary>The same of the 2,000 committed images, for a minute's work.</summary>
    public static DetectionSetup LoadSmall()
    {
        FashionDataset images = FashionDataset.LoadSubset();
        Dataset rows = new("fashion", images.Images, FashionDataset.PixelCount, Array.ConvertAll(images.Labels.ToArray(), label => (int)label), FashionDataset.ClassCount);
        Surrogate victim = TrainVictim(rows.Slice(0, 600), new SurrogateOptions { Hidden = [64], Steps = 400 });

        // A few hundred images are no fair sample of one another: here, and only here, callers to calibrate and to test ask the same ones.
        Dataset honest = rows.Slice(600, 1_000);
        return new DetectionSetup(victim, honest, honest, rows.Slice(1_600, 400), DigitRows.Load(1_000), honest.Slice(0, 500), Learn(victim, honest));
    }

    public HonestTraffic CalibrationTraffic(HonestTrafficOptions options) => new(Calibration, Seed + 1, options with { ImageSide = FashionDataset.Side });

    public HonestTraffic TestTraffic(HonestTrafficOptions options) => new(Test, Seed + 2, options with { ImageSide = FashionDataset.Side });

    /// <summary>What a thief asks, and was answered.</summary>
    public Task<Transcript> AskAsync(string attack, int queries, ulong seed) =>
        AttackTraffic.AskAsync(attack, Victim, attack == AttackTraffic.Digits ? Digits : Pool, queries, seed, CancellationToken.None);

    /// <summary>What was measured of synthetic proxies of calibration rows.</summary>
    public QuerySignals[] MeasureProxies() => TrafficMeasure.MeasureRows(
        Profile, Victim, SyntheticProxies.Make(InputKind.Image, Calibration.Values.Span, Calibration.Width, Math.Min(MostProxies, Calibration.Count * 10), Seed));

    private static Surrogate TrainVictim(Dataset rows, SurrogateOptions options)
    {
        float[] truth = new float[rows.Count * rows.ClassCount];
        for (int row = 0; row < rows.Count; row++)
        {
            truth[(row * rows.ClassCount) + rows.Labels.Span[row]] = 1;
        }

        return SurrogateTrainer.Train(rows.Values.Span, truth, rows.Width, rows.ClassCount, options, Seed, Environment.ProcessorCount, CancellationToken.None);
    }

    private static DetectionProfile Learn(IClassifier victim, Dataset rows)
    {
        float[] scores = new float[rows.Count * victim.ClassCount];
        victim.Classify(rows.Values.Span, scores);
        using ShieldSecret secret = Secret();
        return DetectionProfile.Learn(secret, Model, InputKind.Image, OutputKind.Probabilities, rows.Values.Span, rows.Width, scores, victim.ClassCount);
    }

    /// <summary>Of no deployment: figures that anybody can make again.</summary>
    private static ShieldSecret Secret() => new(SHA256.HashData(Encoding.UTF8.GetBytes("detection experiment")));

    private static Dataset Join(Dataset first, Dataset second) => new(
        first.Name, (float[])[.. first.Values.Span, .. second.Values.Span], first.Width, (int[])[.. first.Labels.Span, .. second.Labels.Span], first.ClassCount);
}
