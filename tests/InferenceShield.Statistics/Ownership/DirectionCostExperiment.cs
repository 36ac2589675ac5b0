using System.Numerics.Tensors;
using InferenceShield.Lab;
using InferenceShield.Statistics.Efficacy;

namespace InferenceShield.Statistics.Ownership;

/// <summary>What the direction mark costs honest users who search among embeddings, and how z of a trained copy grows with the probes.</summary>
internal static class DirectionCostExperiment
{
    public const string Retrieval = "ownership-retrieval.csv";
    public const string Probes = "ownership-probes.csv";

    private const int Dimension = DirectionMarkExperiment.Dimension;
    private const int Trained = DirectionMarkExperiment.Queries;
    private const int Indexed = 5_000;
    private const int Searched = 500;
    private const int MostProbes = 6_000;
    private const int Neighbours = 10;
    private const int Keys = 99;
    private const int Seeds = 3;

    /// <param name="output">Told how far it is.</param>
    public static void Run(TextWriter output)
    {
        Dataset images = FashionRows.LoadTraining().Shuffle(2).Slice(0, Trained + MostProbes);
        float[] all = DirectionMarkExperiment.Embed(images.Values.Span);
        WriteRetrieval(all.AsSpan(0, (Indexed + Searched) * Dimension).ToArray(), images.Labels.Span);
        output.WriteLine(Retrieval);
        WriteProbes(images, all);
        output.WriteLine(Probes);
    }

    private static void WriteRetrieval(float[] clean, ReadOnlySpan<int> labels)
    {
        using ResultFile file = new(
            Retrieval,
            $"Search among {Indexed} embeddings of fashion-cnn.onnx with {Searched} others, by cosine, all of them as they are released: recall, the share of the {Neighbours} nearest of clean vectors that are found, and same_label, the share of those found that have the query's label; of recall the mean and the least of {Seeds} keys. A budget of 0 is no mark. Releases are rounded to 3 digits, without noise",
            "budget,directions,keys,recall,least_recall,same_label");
        int[] expected = Search(clean);
        foreach (DirectionMarkOptions? options in (DirectionMarkOptions?[])[null, new() { CosineBudget = 0.005, Directions = 16 }, new(), new() { CosineBudget = 0.1, Directions = 16 }])
        {
            List<(double Recall, double SameLabel)> runs = [];
            for (ulong seed = 0; seed < (options is null ? 1UL : Seeds); seed++)
            {
                using MarkKey key = DirectionMarkExperiment.MakeKey(seed);
                int[] found = Search(Release(clean, options is null ? null : new DirectionMark(key, options)));
                double recall = 0;
                double same = 0;
                for (int query = 0; query < Searched; query++)
                {
                    Span<int> own = found.AsSpan(query * Neighbours, Neighbours);
                    recall += expected.AsSpan(query * Neighbours, Neighbours).ToArray().Intersect(own.ToArray()).Count();
                    foreach (int neighbour in own)
                    {
                        same += labels[neighbour] == labels[Indexed + query] ? 1 : 0;
                    }
                }

                runs.Add((recall / (Searched * Neighbours), same / (Searched * Neighbours)));
            }

            file.Write(options?.CosineBudget ?? 0, options?.Directions ?? 0, runs.Count, runs.Average(run => run.Recall), runs.Min(run => run.Recall), runs.Average(run => run.SameLabel));
        }
    }

    private static void WriteProbes(Dataset images, float[] all)
    {
        using ResultFile file = new(
            Probes,
            $"z of a network of 256 units that was trained on {Trained} marked answers, at the default mark, by the number of other images that it is tested with; mean, least and greatest of {Seeds} keys and seeds, against {Keys} random keys",
            "probes,runs,z,least,greatest");
        DirectionMarkOptions options = new();
        float[] clean = all[(Trained * Dimension)..];
        int[] counts = [375, 750, 1_500, 3_000, MostProbes];
        double[][] z = [.. counts.Select(_ => new double[Seeds])];
        for (int seed = 0; seed < Seeds; seed++)
        {
            using MarkKey key = DirectionMarkExperiment.MakeKey((ulong)seed);
            float[] marked = DirectionMarkExperiment.Mark(all[..(Trained * Dimension)], key, options);
            float[] copy = DirectionMarkExperiment.Train(images.Values[..(Trained * images.Width)], marked, (ulong)seed).Embed(images.Values[(Trained * images.Width)..].ToArray());
            for (int i = 0; i < counts.Length; i++)
            {
                int numbers = counts[i] * Dimension;
                z[i][seed] = new DirectionMarkTest(clean.AsSpan(0, numbers), Dimension, copy.AsSpan(0, numbers), Dimension).Run(key, options, Keys, seed: 11).Statistic;
            }
        }

        for (int i = 0; i < counts.Length; i++)
        {
            file.Write(counts[i], Seeds, z[i].Average(), z[i].Min(), z[i].Max());
        }
    }

    /// <summary>As a shield releases them, with or without a mark, by default without noise.</summary>
    private static float[] Release(float[] clean, DirectionMark? mark)
    {
        EmbeddingPlan plan = new(0, 3);
        float[] released = new float[clean.Length];
        for (int first = 0; first < clean.Length; first += Dimension)
        {
            if (!EmbeddingHardening.TryHarden(plan, default, 0, null, mark, clean.AsSpan(first, Dimension), released.AsSpan(first, Dimension), out _, out _))
            {
                throw new InvalidOperationException("An embedding is not finite.");
            }
        }

        return released;
    }

    /// <summary>The nearest of the indexed rows to each of the others, by cosine.</summary>
    private static int[] Search(float[] rows)
    {
        int[] found = new int[Searched * Neighbours];
        for (int query = 0; query < Searched; query++)
        {
            float[] own = rows.AsSpan((Indexed + query) * Dimension, Dimension).ToArray();
            Enumerable.Range(0, Indexed).OrderByDescending(row => TensorPrimitives.CosineSimilarity<float>(own, rows.AsSpan(row * Dimension, Dimension))).Take(Neighbours).ToArray()
                .CopyTo(found, query * Neighbours);
        }

        return found;
    }
}
