using System.Globalization;
using InferenceShield.Lab;
using InferenceShield.OnnxRuntime;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.Samples.Quickstart;

/// <summary>Steals the sample's model, without a shield and with one: a thief who has 1,500 images and shifts them about.</summary>
internal static class Theft
{
    private const int Pool = 1_500;
    private const int Copies = 3;
    private static readonly int[] s_budgets = [500, Pool * (1 + Copies)];

    public static async Task<Table> RunAsync(string modelPath, FashionDataset images, SessionOptions options)
    {
        using OnnxClassifier target = new(modelPath, output: "probabilities");
        Dataset all = new("fashion", images.Images, FashionDataset.PixelCount, Array.ConvertAll(images.Labels.ToArray(), label => (int)label), FashionDataset.ClassCount);
        ExtractionSetup setup = new("fashion", target, Shift(all.Slice(0, Pool)), all.Slice(Pool, all.Count - Pool));
        Attack answers = new("naive", new PoolStrategy(), new NaiveRecovery(), new SurrogateOptions());
        Attack labels = answers with { Name = "top-1", Recovery = new LabelRecovery() };

        Table table = new("thief", "queries", "copy agrees", "time it takes one caller");
        foreach (int budget in s_budgets)
        {
            ExtractionResult bare = await ExtractionExperiment.RunAsync(setup, ReleasePolicy.None, answers, budget, 1, Environment.ProcessorCount, default);
            Add(table, "without a shield", bare, "as fast as it answers");
        }

        foreach ((string name, Posture posture, Attack attack) in new[] { ("shield, normal", Posture.Normal, answers), ("shield, restricted", Posture.Restricted, labels) })
        {
            foreach (int budget in s_budgets)
            {
                SimulatedTimeProvider time = new();
                using Shield shield = new ShieldBuilder("fashion")
                    .UseSecret(ShieldSecrets.Ephemeral())
                    .UseTimeProvider(time)
                    .AddOutput("probabilities", OutputKind.Probabilities)
                    .Build();
                CallerKey thief = shield.IdentifyCaller("thief");
                shield.Overrides.Set(thief, new CallerOverride { Posture = posture });
                using ShieldedSession session = new(shield, modelPath, sessionOptions: options);
                using ShieldedSessionOracle oracle = new(session, thief, time: time);
                ExtractionResult stolen = await ExtractionExperiment.RunAsync(setup, ReleasePolicy.None, new RetryOracle(oracle), attack, budget, 1, Environment.ProcessorCount, default);
                Add(table, name, stolen, $"{stolen.Duration.TotalHours:F1} hours");
            }
        }

        return table;
    }

    private static void Add(Table table, string name, ExtractionResult result, string time) =>
        table.Add(name, $"{result.Budget:N0}", string.Create(CultureInfo.InvariantCulture, $"{100 * result.Copy.Agreement:F1} %"), time);

    /// <summary>The images, and copies of them a pixel up, down and to the side: inputs that cost the thief nothing.</summary>
    internal static Dataset Shift(Dataset images)
    {
        int[] offsets = [0, 1, -1, FashionDataset.Side];
        float[] values = new float[offsets.Length * images.Values.Length];
        for (int copy = 0; copy < offsets.Length; copy++)
        {
            for (int image = 0; image < images.Count; image++)
            {
                ReadOnlySpan<float> from = images.GetRow(image);
                Span<float> to = values.AsSpan(((copy * images.Count) + image) * images.Width, images.Width);
                int offset = offsets[copy];
                from[Math.Max(0, -offset)..^Math.Max(0, offset)].CopyTo(to[Math.Max(0, offset)..]);
            }
        }

        return new Dataset(images.Name, values, images.Width);
    }
}
