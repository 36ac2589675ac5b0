using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Trains surrogates on released answers: Adam on soft-label cross-entropy, the rate falling along half a cosine.</summary>
public static class SurrogateTrainer
{
    private const int Batch = 128;

    /// <summary>Trains a surrogate.</summary>
    /// <param name="inputs">Rows of <paramref name="inputLength"/>, one after another.</param>
    /// <param name="targets">As many distributions over <paramref name="classCount"/> classes.</param>
    /// <param name="inputLength">Values in a row of input.</param>
    /// <param name="classCount">Classes.</param>
    /// <param name="options">How it is built and trained.</param>
    /// <param name="seed">Weights and order follow from it; the result does not depend on the number of threads.</param>
    /// <param name="threads">Threads to use.</param>
    /// <param name="cancellationToken">Ends the training.</param>
    public static Surrogate Train(
        ReadOnlySpan<float> inputs, ReadOnlySpan<float> targets, int inputLength, int classCount, SurrogateOptions options, ulong seed, int threads, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        int rows = inputs.Length / inputLength;
        if (rows == 0 || targets.Length != rows * classCount)
        {
            throw new ArgumentException($"{rows} rows of input and {targets.Length} values of targets are not equally many rows, at least one.", nameof(targets));
        }

        Network network = new(Build(inputLength, classCount, options), seed);
        float mean = TensorPrimitives.Average(inputs);
        float spread = TensorPrimitives.StdDev(inputs);
        Surrogate surrogate = new(network, mean, spread > 0 ? 1 / spread : 1);
        Workspace workspace = new(network, Batch);
        AdamOptimizer optimizer = new(network.Parameters.Length);
        int[] order = [.. Enumerable.Range(0, rows)];
        SeededRandom random = new(seed, stream: 1);
        int steps = options.Steps ?? Math.Max(100, (int)(27 * Math.Sqrt(rows)));
        int next = rows;
        for (int step = 0; step < steps; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = Math.Min(Batch, rows);
            if (next + count > rows)
            {
                random.Shuffle(order);
                next = 0;
            }

            for (int i = 0; i < count; i++)
            {
                surrogate.Scale(inputs.Slice(order[next + i] * inputLength, inputLength), workspace.Input.AsSpan(i * inputLength));
            }

            network.Forward(workspace, count);
            for (int i = 0; i < count; i++)
            {
                SoftmaxCrossEntropy.Differentiate(
                    workspace.Output.AsSpan(i * classCount, classCount), targets.Slice(order[next + i] * classCount, classCount), 1f / count, workspace.OutputGradient.AsSpan(i * classCount, classCount));
            }

            workspace.ParameterGradient.AsSpan().Clear();
            network.Backward(workspace, count);
            optimizer.Step(network.Parameters, workspace.ParameterGradient, options.LearningRate * (float)(0.5 * (1 + Math.Cos(Math.PI * step / steps))));
            next += count;
        }

        return surrogate;
    }

    private static List<ILayer> Build(int inputLength, int classCount, SurrogateOptions options)
    {
        List<ILayer> layers = [];
        int width = inputLength;
        foreach (int units in options.Kind == SurrogateKind.Linear ? [] : options.Hidden)
        {
            layers.Add(new DenseLayer(width, units));
            layers.Add(new ReluLayer(units));
            width = units;
        }

        layers.Add(new DenseLayer(width, classCount));
        return layers;
    }
}
