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
        Workspace workspace = new(_network, Batch);
        workspace.Gradients[0] = new float[Batch * width];
        float[] slope = GetScaleSlope();
        for (int first = 0; first < rows; first += Batch)
        {
            int count = Math.Min(Batch, rows - first);
            for (int row = 0; row < count; row++)
            {
                Scale(inputs.Slice((first + row) * width, width), workspace.Input.AsSpan(row * width, width));
            }

            _network.Forward(workspace, count);
            for (int row = 0; row < count; row++)
            {
                SoftmaxCrossEntropy.Differentiate(
                    workspace.Output.AsSpan(row * classes, classes), targets.Slice((first + row) * classes, classes), 1f, workspace.OutputGradient.AsSpan(row * classes, classes));
            }

            _network.Backward(workspace, count);
            for (int row = 0; row < count; row++)
            {
                TensorPrimitives.Multiply(workspace.Gradients[0].AsSpan(row * width, width), slope, gradient.Slice((first + row) * width, width));
            }
        }
    }

    /// <summary>What a unit of each feature is after scaling, which is affine.</summary>
    private float[] GetScaleSlope()
    {
        float[] zero = new float[InputLength];
        float[] one = new float[InputLength];
        one.AsSpan().Fill(1f);
        Scale(zero, zero);
        Scale(one, one);
        TensorPrimitives.Subtract(one, zero, one);
        return one;
    }
}
