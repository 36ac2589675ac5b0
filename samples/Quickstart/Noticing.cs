using System.Numerics.Tensors;
using System.Security.Cryptography;
using InferenceShield.Lab;
using InferenceShield.OnnxRuntime;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.Samples.Quickstart;

/// <summary>Records simulated honest callers, calibrates detection to them, and watches an honest caller and a thief.</summary>
internal static class Noticing
{
    private const string Model = "fashion";
    private const int Callers = 300;
    private const int Benign = 1_600;
    private const int ThiefQueries = 150;
    private const int Batch = 32;

    /// <returns>What was noticed, and whether it was the thief and nobody else.</returns>
    public static (Table Table, bool IsSound) Run(string modelPath, FashionDataset images, SessionOptions options)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("quickstart-");
        try
        {
            // Always the same, so that every run shows the same: never do that outside a sample.
            using ShieldSecret secret = new(SHA256.HashData("quickstart"u8));
            Dataset all = new(Model, images.Images, FashionDataset.PixelCount, Array.ConvertAll(images.Labels.ToArray(), label => (int)label), FashionDataset.ClassCount);
            Dataset benign = all.Slice(0, Benign);
            HonestTraffic traffic = new(benign, seed: 1, new HonestTrafficOptions { ImageSide = FashionDataset.Side, FewestQueries = 50, MostQueries = 150 });
            string file = Calibrate(modelPath, benign, traffic, secret, folder.FullName, options);

            using Shield shield = Build(file, o =>
                (o.Postures.DelayQueries, o.Postures.DelayTime) = (0, TimeSpan.Zero)); // by default it waits, to hide what gave a thief away
            using ShieldedSession session = new(shield, modelPath, sessionOptions: options);
            CallerKey honest = shield.IdentifyCaller("honest");
            CallerKey thief = shield.IdentifyCaller("line search");
            int asked = Ask(session, honest, traffic.CreateCaller(Callers));
            SearchLines(session, thief, images);
            for (int wait = 0; wait < 50 && shield.Detection!.TryGetCaller(thief) is { Posture: Posture.Normal }; wait++)
            {
                Thread.Sleep(200); // what is noticed is looked at each second
            }

            Table table = new("caller", "asked", "alarmed after", "posture", "why");
            Add(table, "honest", asked, shield.Detection!.TryGetCaller(honest)!);
            Add(table, "line search", ThiefQueries, shield.Detection.TryGetCaller(thief)!);
            return (table, shield.Detection.TryGetCaller(honest) is { Verdicts: [], Posture: Posture.Normal } && shield.Detection.TryGetCaller(thief) is { Verdicts: not [], Posture: > Posture.Normal });
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>As in production, where honest callers take weeks: first by images alone, to record under; then by the log of honest callers.</summary>
    private static string Calibrate(string modelPath, Dataset benign, HonestTraffic traffic, ShieldSecret secret, string folder, SessionOptions options)
    {
        using OnnxClassifier target = new(modelPath, output: "probabilities");
        float[] scores = new float[Benign * target.ClassCount];
        target.Classify(benign.Values.Span, scores);
        DetectionProfile profile = DetectionProfile.Learn(
            secret, Model, InputKind.Image, OutputKind.Probabilities, benign.Values.Span, benign.Width, scores, target.ClassCount);
        string start = Save(DetectionCalibration.FromRows(profile, benign.Values.Span, scores), Path.Combine(folder, "start.detection"), secret);

        string log = Path.Combine(folder, "honest.log");
        using (Shield shield = Build(start, o => (o.Detection.RecordTo, o.Postures.Mode, o.Postures.EqualWork) = (log, PostureMode.Off, false)))
        using (ShieldedSession session = new(shield, modelPath, sessionOptions: options))
        {
            for (int caller = 0; caller < Callers; caller++)
            {
                Ask(session, shield.IdentifyCaller($"caller {caller}"), traffic.CreateCaller(caller));
            }
        }

        return Save(DetectionCalibration.Fit(profile, DetectionLogReader.Open([log], Model, secret)), Path.Combine(folder, "fashion.detection"), secret);
    }

    private static string Save(DetectionCalibration calibration, string path, ShieldSecret secret)
    {
        using FileStream stream = File.Create(path);
        calibration.Save(stream, Model, secret);
        return path;
    }

    private static Shield Build(string calibration, Action<ShieldOptions> configure) => new ShieldBuilder(Model)
        .UseSecret(ShieldSecrets.FromBytes(SHA256.HashData("quickstart"u8)))
        .AddOutput("probabilities", OutputKind.Probabilities)
        .Configure(options =>
        {
            options.Admission.PerCaller.Burst = 2_000;
            options.Callers.Capacity = 1_024;
            options.Detection.CalibrationFile = calibration;
        })
        .Configure(configure)
        .Build();

    private static int Ask(ShieldedSession session, CallerKey caller, Dataset rows)
    {
        float[] released = new float[Batch * FashionDataset.ClassCount];
        for (int first = 0; first < rows.Count; first += Batch)
        {
            Dataset batch = rows.Slice(first, Math.Min(Batch, rows.Count - first));
            session.Run(caller, batch.Values.Span, released.AsSpan(0, batch.Count * FashionDataset.ClassCount));
        }

        return rows.Count;
    }

    /// <summary>Halves the lines between images of different labels, to find where the label changes.</summary>
    private static void SearchLines(ShieldedSession session, CallerKey caller, FashionDataset images)
    {
        float[] released = new float[FashionDataset.ClassCount];
        int asked = 0;
        int AskLabel(ReadOnlySpan<float> image)
        {
            asked++;
            session.Run(caller, image, released);
            return TensorPrimitives.IndexOfMax<float>(released);
        }

        for (int image = Benign; asked < ThiefQueries; image += 2)
        {
            float[] from = images.GetImage(image).ToArray();
            float[] to = images.GetImage(image + 1).ToArray();
            float[] middle = new float[from.Length];
            int label = AskLabel(from);
            for (int halving = 0; halving < 10 && asked < ThiefQueries; halving++)
            {
                TensorPrimitives.Add(from, to, middle);
                TensorPrimitives.Multiply(middle, 0.5f, middle);
                middle.CopyTo(AskLabel(middle) == label ? from : to, 0);
            }
        }
    }

    private static void Add(Table table, string name, int asked, CallerDetection known)
    {
        DetectionVerdict? first = known.Verdicts.MinBy(verdict => verdict.Queries);
        table.Add(name, $"{asked}", first is null ? "never" : $"{first.Queries} queries", $"{known.Posture}", first is null ? "-" : first.Reasons[0]);
    }
}
