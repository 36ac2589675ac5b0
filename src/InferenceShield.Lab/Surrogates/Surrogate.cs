using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>The thief's copy: a network trained by <see cref="SurrogateTrainer"/>.</summary>
public sealed partial class Surrogate : IClassifier
{
    private const int Batch = 64;

    private readonly Network _network;
    private readonly float _mean;
    private readonly float _scale;

    internal Surrogate(Network network, float mean, float scale)
    {
        _network = network;
        _mean = mean;
        _scale = scale;
    }

    /// <inheritdoc/>
    public int InputLength => _network.Layers[0].InputLength;

    /// <inheritdoc/>
    public int ClassCount => _network.Layers[^1].OutputLength;

    /// <inheritdoc/>
    public void Classify(ReadOnlySpan<float> inputs, Span<float> probabilities)
    {
        Workspace workspace = new(_network, Batch);
        int rows = inputs.Length / InputLength;
        for (int first = 0; first < rows; first += Batch)
        {
            int count = Math.Min(Batch, rows - first);
            Scale(inputs.Slice(first * InputLength, count * InputLength), workspace.Input);
            _network.Forward(workspace, count);
            for (int row = 0; row < count; row++)
            {
                TensorPrimitives.SoftMax(
                    workspace.Output.AsSpan(row * ClassCount, ClassCount), probabilities.Slice((first + row) * ClassCount, ClassCount));
            }
        }
    }

    internal void Scale(ReadOnlySpan<float> inputs, Span<float> scaled)
    {
        TensorPrimitives.Subtract(inputs, _mean, scaled);
        TensorPrimitives.Multiply(scaled[..inputs.Length], _scale, scaled);
    }
}
