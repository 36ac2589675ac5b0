using System.Globalization;
using InferenceShield.Lab;
using InferenceShield.Samples;
using InferenceShield.Samples.Training;
using InferenceShield.Statistics.Postures;

namespace InferenceShield.Statistics.Surrogates;

/// <summary>Trains surrogates on a target's answers, and writes the answers and the figures for compare_surrogates.py, which trains on the same with other libraries.</summary>
internal static class SurrogateComparison
{
    private const int Seeds = 3;

    /// <summary>Writes into a folder.</summary>
    public static void Run(string folder)
    {
        Directory.CreateDirectory(folder);
        using StreamWriter figures = new(Path.Combine(folder, "figures.csv")) { NewLine = "\n" };
        figures.WriteLine("data,queries,answers,surrogate,agreement,accuracy");
        (Dataset pixels, Dataset pixelTest) = Fashion();
        pixels = pixels.Shuffle(1);
        Compare("fashion", pixels.Slice(0, 40_000), pixels.Slice(40_000, 20_000), pixelTest, [128], [5_000, 15_000], folder, figures);
        Dataset letters = Letters().Shuffle(1);
        Compare("letters", letters.Slice(0, 10_000), letters.Slice(10_000, 6_000), letters.Slice(16_000, 4_000), [128, 64], [2_000, 5_000], folder, figures);
    }

    private static void Compare(
        string name, Dataset train, Dataset pool, Dataset test, ReadOnlySpan<int> hidden, ReadOnlySpan<int> budgets, string folder, StreamWriter figures)
    {
        float[] truth = new float[train.Count * train.ClassCount];
        for (int row = 0; row < train.Count; row++)
        {
            truth[(row * train.ClassCount) + train.Labels.Span[row]] = 1;
        }

        Surrogate target = Train(train, truth, new SurrogateOptions { Hidden = [.. hidden] }, seed: 1);
        float[] clean = Ask(target, test);
        Write(folder, $"{name}.shape", [test.Width, test.ClassCount]);
        Write(folder, $"{name}.test", test.Values.Span);
        Write(folder, $"{name}.clean", clean);
        Write(folder, $"{name}.labels", [.. test.Labels.ToArray().Select(static label => (float)label)]);
        foreach (int budget in budgets)
        {
            Dataset[] queries = [.. Enumerable.Range(1, Seeds).Select(seed => pool.Shuffle((ulong)(100 + seed)).Slice(0, budget))];
            float[][] answers = [.. queries.Select(rows => Ask(target, rows))];
            for (int i = 0; i < Seeds; i++)
            {
                Write(folder, $"{name}-{budget}-{i + 1}.inputs", queries[i].Values.Span);
                Write(folder, $"{name}-{budget}-{i + 1}.answers", answers[i]);
            }

            foreach (SurrogateKind kind in (ReadOnlySpan<SurrogateKind>)[SurrogateKind.Mlp, SurrogateKind.Linear])
            {
                foreach (SurrogateLoss loss in (ReadOnlySpan<SurrogateLoss>)[SurrogateLoss.SoftLabels, SurrogateLoss.HardLabels])
                {
                    CopyMetrics[] copies = [.. Enumerable.Range(0, Seeds).Select(i => CopyMetrics.Measure(
                        clean, Ask(Train(queries[i], answers[i], new SurrogateOptions { Kind = kind, Loss = loss }, (ulong)i + 1), test), test.Labels.Span, test.ClassCount))];
                    string line = string.Create(CultureInfo.InvariantCulture,
                        $"{name},{budget},{(loss == SurrogateLoss.SoftLabels ? "scores" : "labels")},{kind},{copies.Average(static copy => copy.Agreement):F4},{copies.Average(static copy => copy.Accuracy!.Value):F4}");
                    figures.WriteLine(line);
                    Console.WriteLine(line);
                }
            }
        }
    }

    private static Surrogate Train(Dataset rows, float[] targets, SurrogateOptions options, ulong seed) =>
        SurrogateTrainer.Train(rows.Values.Span, targets, rows.Width, rows.ClassCount, options, seed, threads: 1, CancellationToken.None);

    private static float[] Ask(Surrogate model, Dataset rows)
    {
        float[] answers = new float[rows.Count * model.ClassCount];
        model.Classify(rows.Values.Span, answers);
        return answers;
    }

    /// <summary>Single precision, little-endian, one after another.</summary>
    private static void Write(string folder, string name, ReadOnlySpan<float> values)
    {
        byte[] bytes = new byte[values.Length * sizeof(float)];
        for (int i = 0; i < values.Length; i++)
        {
            BitConverter.TryWriteBytes(bytes.AsSpan(i * sizeof(float)), values[i]);
        }

        File.WriteAllBytes(Path.Combine(folder, name), bytes);
    }

    private static (Dataset Train, Dataset Test) Fashion()
    {
        FashionDataset train = FashionMnistFiles.LoadTraining(FashionMnistFiles.DefaultFolder);
        FashionDataset test = FashionMnistFiles.LoadTest(FashionMnistFiles.DefaultFolder);
        return (ToDataset(train), ToDataset(test));

        static Dataset ToDataset(FashionDataset images) => new(
            "fashion", images.Images, FashionDataset.PixelCount, images.Labels.ToArray().Select(static label => (int)label).ToArray(), FashionDataset.ClassCount);
    }

    private static Dataset Letters()
    {
        LabeledRows rows = PostureData.ReadLetters();
        return new Dataset("letters", rows.Values, rows.Features, rows.Labels, 26);
    }
}
