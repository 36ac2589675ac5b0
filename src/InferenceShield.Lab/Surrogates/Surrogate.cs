using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>The thief's copy: a network trained by <see cref="SurrogateTrainer"/>, with the scaling of its inputs.</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed partial class Surrogate : IClassifier
{
    private const int Batch = 64;

    internal Surrogate(Network network, InputScaling scaling, ImageShape? image)
    {
        Network = network;
        Scaling = scaling;
        Image = image;
    }

    /// <inheritdoc/>
    public int InputLength => Network.Layers[0].InputLength;

    /// <inheritdoc/>
    public int ClassCount => Network.Layers[^1].OutputLength;

    internal Network Network { get; }

    internal InputScaling Scaling { get; }

    internal ImageShape? Image { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The inputs are no whole number of rows, or there is no room for their answers.</exception>
    public void Classify(ReadOnlySpan<float> inputs, Span<float> probabilities)
    {
        (int rows, int rest) = Math.DivRem(inputs.Length, InputLength);
        if (rest != 0 || probabilities.Length < rows * ClassCount)
        {
            throw new ArgumentException(
                $"{inputs.Length} values of input and room for {probabilities.Length} probabilities do not fit rows of {InputLength} values and {ClassCount} classes.", nameof(inputs));
        }

        Workspace workspace = new(Network, Math.Min(Batch, rows), gradients: false);
        for (int first = 0; first < rows; first += Batch)
        {
            int count = Math.Min(Batch, rows - first);
            Prepare(inputs.Slice(first * InputLength, count * InputLength), workspace.Input);
            Network.Forward(workspace, count);
            for (int row = 0; row < count; row++)
            {
                Span<float> logits = workspace.Output.AsSpan(row * ClassCount, ClassCount);
                TensorPrimitives.Subtract(logits, TensorPrimitives.Max<float>(logits), logits); // no exponential overflows
                TensorPrimitives.SoftMax(logits, probabilities.Slice((first + row) * ClassCount, ClassCount));
            }
        }
    }

    /// <summary>Encodes the surrogate as an ONNX model that needs nothing but itself.</summary>
    /// <remarks>
    /// Input <c>input</c>: raw rows as <see cref="Classify"/> takes them, of shape batch x <see cref="InputLength"/>, or batch x
    /// channel x row x column where it has convolutions. Outputs <c>probabilities</c> and <c>logits</c>: batch x <see cref="ClassCount"/>.
    /// </remarks>
    public byte[] ToOnnx() => SurrogateGraph.Create(this).ToBytes();

    /// <summary>Writes <see cref="ToOnnx"/> into a file, replacing it.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        File.WriteAllBytes(path, ToOnnx());
    }

    /// <summary>Scales rows, and lays images out as the layers want them: row, column, channel.</summary>
    internal void Prepare(ReadOnlySpan<float> inputs, Span<float> prepared)
    {
        Scaling.Apply(inputs, prepared);
        if (Image is not { Channels: > 1 } image)
        {
            return;
        }

        float[] row = new float[InputLength];
        for (int first = 0; first < inputs.Length; first += row.Length)
        {
            prepared.Slice(first, row.Length).CopyTo(row);
            MatrixProduct.Transpose(image.Channels, image.Side * image.Side, row, prepared.Slice(first, row.Length));
        }
    }
}
