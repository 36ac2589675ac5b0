using System.Numerics.Tensors;
using InferenceShield.Samples.Training;
using InferenceShield.Lab;

namespace InferenceShield.Statistics.Postures;

/// <summary>A small multi-layer perceptron that a thief would like to have: trained in single precision, asked in double.</summary>
internal sealed class Victim
{
    private const int Batch = 128;
    private const float LearningRate = 2e-3f;

    private readonly double[][] _weights;
    private readonly double[][] _biases;

    private Victim(double[][] weights, double[][] biases)
    {
        _weights = weights;
        _biases = biases;
    }

    /// <summary>Adam on cross-entropy, the rate falling along half a cosine. The same seed gives the same bits.</summary>
    public static Victim Train(LabeledRows rows, int classes, ReadOnlySpan<int> hidden, int epochs, ulong seed)
    {
        List<ILayer> layers = [];
        int width = rows.Features;
        foreach (int next in hidden)
        {
            layers.Add(new DenseLayer(width, next));
            layers.Add(new ReluLayer(next));
            width = next;
        }

        layers.Add(new DenseLayer(width, classes));
        Network network = new(layers, seed);
        Workspace workspace = new(network, Batch);
        AdamOptimizer optimizer = new(network.Parameters.Length);
        int[] order = [.. Enumerable.Range(0, rows.Count)];
        int batches = rows.Count / Batch;
        for (int epoch = 0; epoch < epochs; epoch++)
        {
            SeededRandom random = new(seed, stream: 1 + (ulong)epoch);
            random.Shuffle(order);
            for (int batch = 0; batch < batches; batch++)
            {
                double progress = (epoch + (batch / (double)batches)) / epochs;
                Differentiate(network, workspace, rows, order.AsSpan(batch * Batch, Batch), classes);
                optimizer.Step(network.Parameters, workspace.ParameterGradient, LearningRate * (float)(0.5 * (1 + Math.Cos(Math.PI * progress))));
            }
        }

        int[] dense = [.. Enumerable.Range(0, layers.Count).Where(i => layers[i] is DenseLayer)];
        return new Victim(
            [.. dense.Select(i => ToDouble(network.GetParameters(i)[..^layers[i].OutputLength]))],
            [.. dense.Select(i => ToDouble(network.GetParameters(i)[^layers[i].OutputLength..]))]);
    }

    /// <summary>Row after row.</summary>
    public double[] Logits(LabeledRows rows, double shrink = 1)
    {
        int classes = _biases[^1].Length;
        double[] logits = new double[rows.Count * classes];
        for (int row = 0; row < rows.Count; row++)
        {
            double[] values = ToDouble(rows[row]);
            TensorPrimitives.Multiply(values, shrink, values);
            for (int layer = 0; layer < _weights.Length; layer++)
            {
                double[] next = [.. _biases[layer]];
                for (int i = 0; i < values.Length; i++)
                {
                    if (values[i] != 0)
                    {
                        TensorPrimitives.MultiplyAdd(_weights[layer].AsSpan(i * next.Length, next.Length), values[i], next, next);
                    }
                }

                if (layer + 1 < _weights.Length)
                {
                    TensorPrimitives.Max(next, 0, next);
                }

                values = next;
            }

            values.CopyTo(logits.AsSpan(row * classes));
        }

        return logits;
    }

    private static void Differentiate(Network network, Workspace workspace, LabeledRows rows, ReadOnlySpan<int> chosen, int classes)
    {
        for (int i = 0; i < chosen.Length; i++)
        {
            rows[chosen[i]].CopyTo(workspace.Input.AsSpan(i * rows.Features));
        }

        network.Forward(workspace, chosen.Length);
        for (int i = 0; i < chosen.Length; i++)
        {
            SoftmaxCrossEntropy.Differentiate(
                workspace.Output.AsSpan(i * classes, classes), rows.Labels[chosen[i]], 1f / chosen.Length, workspace.OutputGradient.AsSpan(i * classes, classes));
        }

        workspace.ParameterGradient.AsSpan().Clear();
        network.Backward(workspace, chosen.Length);
    }

    private static double[] ToDouble(ReadOnlySpan<float> values)
    {
        double[] converted = new double[values.Length];
        TensorPrimitives.ConvertTruncating(values, converted);
        return converted;
    }
}
