using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <content>What a thief reads off his own copy: how its answers change with the input.</content>
public sealed partial class Surrogate
{
    /// <summary>Writes the gradient by the inputs of the cross-entropy between targets and the copy's answers, row by row.</summary>
    /// <param name="inputs">Rows of <see cref="InputLength"/>, unscaled.</param>
    /// <param name="targets">As many distributions over <see cref="ClassCount"/> classes; a one-hot row for one class.</param>
    /// <param name="gradient">Receives as many rows of <see cref="InputLength"/>.</param>
    internal void GetInputGradient(ReadOnlySpan<float> inputs, ReadOnlySpan<float> targets, Span<float> gradient)
    {
        int width = InputLength;
        int classes = ClassCount;
        int rows = inputs.Length / width;

        // Training skips the gradient of the input; here it is what is asked for.
        Workspace workspace = new(Network, Batch);
        workspace.Gradients[0] = new float[Batch * width];
        for (int first = 0; first < rows; first += Batch)
        {
            int count = Math.Min(Batch, rows - first);
            Prepare(inputs.Slice(first * width, count * width), workspace.Input);
            Network.Forward(workspace, count);
            for (int row = 0; row < count; row++)
            {
                SoftmaxCrossEntropy.Differentiate(
                    workspace.Output.AsSpan(row * classes, classes), targets.Slice((first + row) * classes, classes), 1f, workspace.OutputGradient.AsSpan(row * classes, classes));
            }

            Network.Backward(workspace, count);
            for (int row = 0; row < count; row++)
            {
                Span<float> own = gradient.Slice((first + row) * width, width);
                ReadOnlySpan<float> prepared = workspace.Gradients[0].AsSpan(row * width, width);
                if (Image is { Channels: > 1 } image)
                {
                    MatrixProduct.Transpose(image.Side * image.Side, image.Channels, prepared, own); // back to channel, row, column
                }
                else
                {
                    prepared.CopyTo(own);
                }

                TensorPrimitives.Multiply(own, Scaling.Factors, own);
            }
        }
    }
}
