using InferenceShield.Lab;

namespace InferenceShield.Statistics.Ownership;

/// <summary>A network that is trained on inputs and the embeddings that a service gave for them: least squares, Adam, batches of 64.</summary>
internal sealed class EmbeddingThief
{
    private const int Batch = 64;

    private readonly Network _network;
    private readonly int _inputs;
    private readonly int _outputs;

    /// <summary>Trains.</summary>
    /// <param name="inputs">Row after row.</param>
    /// <param name="width">Values in a row.</param>
    /// <param name="targets">As many rows.</param>
    /// <param name="outputs">Values in one of them.</param>
    /// <param name="hidden">Units of the hidden layers; empty for a linear map.</param>
    /// <param name="epochs">Passes over the rows.</param>
    /// <param name="seed">Weights and order follow from it.</param>
    public EmbeddingThief(ReadOnlySpan<float> inputs, int width, ReadOnlySpan<float> targets, int outputs, int[] hidden, int epochs, ulong seed)
    {
        _inputs = width;
        _outputs = outputs;
        List<ILayer> layers = [];
        foreach (int units in hidden)
        {
            layers.Add(new DenseLayer(width, units));
            layers.Add(new ReluLayer(units));
            width = units;
        }

        layers.Add(new DenseLayer(width, outputs));
        _network = new Network(layers, seed);
        Workspace workspace = new(_network, Batch);
        AdamOptimizer optimizer = new(_network.Parameters.Length);
        int[] order = [.. Enumerable.Range(0, inputs.Length / _inputs)];
        SeededRandom random = new(seed, stream: 706);
        int steps = order.Length / Batch * epochs;
        for (int step = 0; step < steps; step++)
        {
            int first = step % (order.Length / Batch) * Batch;
            if (first == 0)
            {
                random.Shuffle(order);
            }

            for (int i = 0; i < Batch; i++)
            {
                inputs.Slice(order[first + i] * _inputs, _inputs).CopyTo(workspace.Input.AsSpan(i * _inputs));
            }

            _network.Forward(workspace, Batch);
            for (int i = 0; i < Batch; i++)
            {
                ReadOnlySpan<float> target = targets.Slice(order[first + i] * outputs, outputs);
                for (int j = 0; j < outputs; j++)
                {
                    workspace.OutputGradient[(i * outputs) + j] = (workspace.Output[(i * outputs) + j] - target[j]) / Batch;
                }
            }

            Array.Clear(workspace.ParameterGradient);
            _network.Backward(workspace, Batch);
            optimizer.Step(_network.Parameters, workspace.ParameterGradient, (float)(0.001 * (1 + Math.Cos(Math.PI * step / steps))));
        }
    }

    /// <summary>Its embeddings of other inputs.</summary>
    public float[] Embed(ReadOnlySpan<float> inputs)
    {
        int rows = inputs.Length / _inputs;
        Workspace workspace = new(_network, rows, gradients: false);
        inputs.CopyTo(workspace.Input);
        _network.Forward(workspace, rows);
        return workspace.Output[..(rows * _outputs)];
    }
}
