using InferenceShield.Lab;
using InferenceShield.Samples;
using InferenceShield.Statistics.Efficacy;
using MathNet.Numerics.LinearAlgebra;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.Statistics.Ownership;

/// <summary>Keyed directions in the 64 numbers of fashion-cnn.onnx's embedding: z of copies, of what thieves do to them and of honest models.</summary>
internal static class DirectionMarkExperiment
{
    private const int Dimension = 64;
    private const int Pixels = 784;
    private const int Queries = 6_000;
    private const int Probes = 2_000;
    private const int Keys = 99;
    private const int Seeds = 3;

    public static void Run()
    {
        using ResultFile file = new(
            "ownership-directions.csv",
            $"Direction mark on the {Dimension}-number embedding of fashion-cnn.onnx: thieves are trained on {Queries} marked answers, tested with {Probes} other images, half of which fit the affine map. z against {Keys} random keys; mean and 95 % interval over {Seeds} keys and seeds; error: share of the embeddings' variance that the suspect misses",
            "budget,directions,suspect,then,runs,z,low,high,largest_p,error");
        Dataset images = FashionRows.LoadTraining().Shuffle(1).Slice(0, Queries + Probes);
        float[] all = Embed(images.Values.Span);
        float[] inputs = images.Values[..(Queries * Pixels)].ToArray();
        float[] probeInputs = images.Values.Slice(Queries * Pixels, Probes * Pixels).ToArray();
        float[] clean = all[..(Queries * Dimension)];
        float[] probes = all[(Queries * Dimension)..];
        foreach (DirectionMarkOptions options in (DirectionMarkOptions[])[new(), new() { CosineBudget = 0.02 }, new() { CosineBudget = 0.02, Directions = 16 }])
        {
            Dictionary<(string Suspect, string Then), List<(double Z, double P, double Error)>> found = [];
            for (ulong seed = 0; seed < Seeds; seed++)
            {
                using MarkKey key = MakeKey(seed);
                float[] marked = Mark(clean, key, options);
                foreach ((string name, Func<float[]> answer) in (List<(string, Func<float[]>)>)
                [
                    ("copy of the answers", () => Mark(probes, key, options)),
                    ("linear map of the pixels", () => new EmbeddingThief(inputs, Pixels, marked, Dimension, [], 20, seed).Embed(probeInputs)),
                    ("network of 256 units", () => new EmbeddingThief(inputs, Pixels, marked, Dimension, [256], 20, seed).Embed(probeInputs)),
                    ("network of 256 units on clean answers", () => new EmbeddingThief(inputs, Pixels, clean, Dimension, [256], 20, seed).Embed(probeInputs)),
                ])
                {
                    if (name.EndsWith("clean answers", StringComparison.Ordinal) && options.CosineBudget > 0.01)
                    {
                        continue;
                    }

                    float[] suspect = answer();
                    double error = ErrorOf(suspect, probes);
                    foreach ((string then, float[] rows, int width) in Changes(suspect, seed))
                    {
                        OwnershipTestResult result = new DirectionMarkTest(probes, Dimension, rows, width).Run(key, options, Keys, seed: 11);
                        found.TryAdd((name, then), []);
                        found[(name, then)].Add((result.Statistic, result.PValue, error));
                    }
                }
            }

            foreach (((string suspect, string then), List<(double Z, double P, double Error)> runs) in found)
            {
                Interval z = Interval.OfRuns([.. runs.Select(run => run.Z)]);
                file.Write(options.CosineBudget, options.Directions, suspect, then, runs.Count, z.Mean, z.Low!, z.High!, runs.Max(run => run.P), runs.Average(run => run.Error));
            }
        }
    }

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

    private static float[] Mark(float[] clean, MarkKey key, DirectionMarkOptions options)
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

    private static float[] Embed(ReadOnlySpan<float> pixels)
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

    private static MarkKey MakeKey(ulong seed)
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
