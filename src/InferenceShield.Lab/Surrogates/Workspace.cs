namespace InferenceShield.Lab;

/// <summary>The memory in which one shard of a batch is worked on.</summary>
internal sealed class Workspace
{
    /// <param name="network">What works in it.</param>
    /// <param name="samples">How many samples it holds.</param>
    /// <param name="gradients">Whether there is room for gradients; without, only <see cref="Network.Forward"/> may use it.</param>
    public Workspace(Network network, int samples, bool gradients = true)
    {
        int layers = network.Layers.Count;
        Values = new float[layers + 1][];
        Gradients = new float[layers + 1][];
        Values[0] = new float[samples * network.Layers[0].InputLength];

        // Nobody asks for the gradient of the pixels.
        Gradients[0] = [];
        for (int i = 0; i < layers; i++)
        {
            Values[i + 1] = new float[samples * network.Layers[i].OutputLength];
            Gradients[i + 1] = gradients ? new float[Values[i + 1].Length] : [];
        }

        Scratch = new float[network.Layers.Max(static layer => layer.ScratchLength)];
        ParameterGradient = gradients ? new float[network.Parameters.Length] : [];
    }

    /// <summary>The input of each layer, and last the network's output.</summary>
    public float[][] Values { get; }

    /// <summary>The gradient of the loss by each of <see cref="Values"/>.</summary>
    public float[][] Gradients { get; }

    public float[] Scratch { get; }

    public float[] ParameterGradient { get; }

    public float[] Input => Values[0];

    public float[] Output => Values[^1];

    public float[] OutputGradient => Gradients[^1];
}
