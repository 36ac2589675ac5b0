using InferenceShield.Lab;
using InferenceShield.Samples;
using InferenceShield.Statistics.Efficacy;
using MathNet.Numerics.LinearAlgebra;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.Statistics.Ownership;

/// <summary>Keyed directions in the 64 numbers of fashion-cnn.onnx's embedding: z of copies, of what thieves do to them and of honest models.</summary>
internal static class DirectionMarkExperiment
{
    public const int Dimension = 64;
    private const int Pixels = 784;
    public const int Queries = 6_000;
    private const int ManyQueries = 20_000;
    private const int Probes = 1_500;
    private const int Epochs = 20;
    private const int Keys = 99;
    private const int Seeds = 3;

    public static void Run()
    {
        using ResultFile file = new(
            "ownership-directions.csv",
            $"Direction mark on the {Dimension}-number embedding of fashion-cnn.onnx: thieves are trained on {Queries} marked answers ({ManyQueries} where it says so), tested with {Probes} other images. z against {Keys} random keys: mean, least and greatest of {Seeds} keys and seeds; error: share of the embeddings' variance that the suspect misses. p of {1.0 / (Keys + 1)} is the least that there is",
            "budget,directions,suspect,then,runs,z,least,greatest,largest_p,error");
        Dataset images = FashionRows.LoadTraining().Shuffle(1).Slice(0, ManyQueries + Probes);
        float[] all = Embed(images.Values.Span);
        float[] inputs = images.Values[..(ManyQueries * Pixels)].ToArray();
        float[] clean = all[..(ManyQueries * Dimension)];
        float[] probeInputs = images.Values.Slice(ManyQueries * Pixels, Probes * Pixels).ToArray();
        float[] probes = all[(ManyQueries * Dimension)..];
        float[] Train(float[] answers, int queries, int[] hidden, ulong seed) =>
            new EmbeddingThief(inputs.AsSpan(0, queries * Pixels), Pixels, answers.AsSpan(0, queries * Dimension), Dimension, hidden, Epochs, seed).Embed(probeInputs);
        float[][] honest = [.. Enumerable.Range(0, Seeds).Select(seed => Train(clean, Queries, [256], (ulong)seed))];
        foreach (DirectionMarkOptions options in (DirectionMarkOptions[])[new() { CosineBudget = 0.005, Directions = 4 }, new() { CosineBudget = 0.005, Directions = 16 }, new() { CosineBudget = 0.02, Directions = 16 }])
        {
            Dictionary<(string Suspect, string Then), List<(double Z, double P, double Error)>> found = [];
            void Test(string name, string then, float[] suspect, float[] rows, int width, MarkKey key)
            {
                OwnershipTestResult result = new DirectionMarkTest(probes, Dimension, rows, width).Run(key, options, Keys, seed: 11);
                found.TryAdd((name, then), []);
                found[(name, then)].Add((result.Statistic, result.PValue, ErrorOf(suspect, probes)));
            }

            for (ulong seed = 0; seed < Seeds; seed++)
            {
                using MarkKey key = MakeKey(seed);
                using MarkKey other = MakeKey(seed + 1000);
                float[] marked = Mark(clean, key, options);
                float[] copy = Mark(probes, key, options);
                float[] network = Train(marked, Queries, [256], seed);
                foreach ((string name, float[] suspect) in (List<(string, float[])>)[("copy of the answers", copy), ("network of 256 units", network)])
                {
                    foreach ((string then, float[] rows, int width) in Changes(suspect, seed))
                    {
                        Test(name, then, suspect, rows, width, key);
                    }
                }

                float[] linear = Train(marked, Queries, [], seed);
                float[] many = Train(marked, ManyQueries, [256], seed);
                Test("linear map of the pixels", "nothing", linear, linear, Dimension, key);
                Test($"network of 256 units on {ManyQueries} answers", "nothing", many, many, Dimension, key);
                Test("network of 256 units on clean answers", "nothing", honest[seed], honest[seed], Dimension, key);
                Test("copy of the answers, tested with a wrong key", "nothing", copy, copy, Dimension, other);
                Test("network of 256 units, tested with a wrong key", "nothing", network, network, Dimension, other);
            }

            foreach (((string suspect, string then), List<(double Z, double P, double Error)> runs) in found)
            {
                file.Write(
                    options.CosineBudget, options.Directions, suspect, then, runs.Count, runs.Average(run => run.Z), runs.Min(run => run.Z), runs.Max(run => run.Z),
                    runs.Max(run => run.P), runs.Average(run => run.Error));
            }
        }
    }

    /// <summary>The network of 256 units, trained on as many rows as there are answers.</summary>
    public static EmbeddingThief Train(ReadOnlyMemory<float> inputs, float[] answers, ulong seed) => new(inputs.Span, Pixels, answers, Dimension, [256], Epochs, seed);

    /// <summary>What a thief does to a copy before he serves it.</summary>
    private static IEnumerable<(string Name, float[] Rows, int Width)> Changes(float[] rows, ulong seed)
    {
        SeededRandom random = new(seed, stream: 707);
        Matrix<double> all = Matrix<double>.Build.Dense(rows.Length / Dimension, Dimension, (row, column) => rows[(row * Dimension) + column]);
        yield return ("nothing", rows, Dimension);
        Matrix<double> map = Matrix<double>.Build.Dense(Dimension, Dimension);
        Matrix<double> noise = Matrix<double>.Build.Dense(all.RowCount, Dimension);
        for (int i = 0; i < Dimension; i++)
        {
            for (int j = 0; j < Dimension; j++)
            {
                map[i, j] = random.NextGaussian();
            }
        }

        double typical = all.FrobeniusNorm() / Math.Sqrt((double)all.RowCount * Dimension);
        for (int i = 0; i < noise.RowCount; i++)
        {
            for (int j = 0; j < Dimension; j++)
            {
                noise[i, j] = typical * 0.1 * random.NextGaussian();
            }
        }

        yield return ("random linear map", ToRows(all * map), Dimension);
        yield return ("half of the dimensions", ToRows((all * map).SubMatrix(0, all.RowCount, 0, Dimension / 2)), Dimension / 2);
        yield return ("noise of a tenth", ToRows(all + noise), Dimension);
        Vector<double> mean = all.ColumnSums() / all.RowCount;
        Matrix<double> centred = Matrix<double>.Build.Dense(all.RowCount, Dimension, (i, j) => all[i, j] - mean[j]);
        Matrix<double> axes = centred.TransposeThisAndMultiply(centred).Evd(Symmetricity.Symmetric).EigenVectors;
        foreach (int removed in (int[])[4, 16])
        {
            // Eigenvalues ascend: the last are the leading components, which CSE takes away.
            Matrix<double> leading = axes.SubMatrix(0, Dimension, Dimension - removed, removed);
            yield return ($"{removed} leading components removed", ToRows(centred - (centred * leading * leading.Transpose())), Dimension);
        }

        Matrix<double> kept = axes.SubMatrix(0, Dimension, Dimension - 16, 16);
        yield return ("16 leading components kept", ToRows(centred * kept), 16);
    }

    private static float[] ToRows(Matrix<double> matrix) => [.. matrix.ToRowMajorArray().Select(value => (float)value)];

    private static double ErrorOf(float[] suspect, float[] clean)
    {
        double error = 0;
        double variance = 0;
        double[] mean = new double[Dimension];
        for (int i = 0; i < clean.Length; i++)
        {
            mean[i % Dimension] += clean[i] * (double)Dimension / clean.Length;
        }

        for (int i = 0; i < clean.Length; i++)
        {
            error += Math.Pow(suspect[i] - (double)clean[i], 2);
            variance += Math.Pow(clean[i] - mean[i % Dimension], 2);
        }

        return error / variance;
    }

    public static float[] Mark(float[] clean, MarkKey key, DirectionMarkOptions options)
    {
        DirectionMark mark = new(key, options);
        float[] marked = [.. clean];
        for (int first = 0; first < marked.Length; first += Dimension)
        {
            Span<float> row = marked.AsSpan(first, Dimension);
            double square = 0;
            foreach (float value in row)
            {
                square += (double)value * value;
            }

            if (square > 0)
            {
                mark.Apply(row, Math.Sqrt(square), row);
            }
        }

        return marked;
    }

    public static float[] Embed(ReadOnlySpan<float> pixels)
    {
        using InferenceSession session = new(SampleFiles.GetModel("fashion-cnn.onnx"));
        List<float> embeddings = [];
        for (int first = 0; first < pixels.Length; first += 500 * Pixels)
        {
            float[] batch = pixels.Slice(first, Math.Min(500 * Pixels, pixels.Length - first)).ToArray();
            using OrtValue input = OrtValue.CreateTensorValueFromMemory(batch, [batch.Length / Pixels, 1, 28, 28]);
            using RunOptions run = new();
            using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, [session.InputNames[0]], [input], ["embedding"]);
            embeddings.AddRange(outputs[0].GetTensorDataAsSpan<float>());
        }

        return [.. embeddings];
    }

    public static MarkKey MakeKey(ulong seed)
    {
        SeededRandom random = new(seed, stream: 708);
        byte[] bytes = new byte[MarkKey.Size];
        foreach (ref byte value in bytes.AsSpan())
        {
            value = (byte)random.NextInt32(256);
        }

        return MarkKey.Import(bytes, "experiment", "model");
    }
}
