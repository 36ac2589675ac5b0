using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Every output is a weighted sum of all inputs plus a bias.</summary>
internal sealed class DenseLayer(int inputs, int outputs) : ILayer
{
    public int InputLength => inputs;

    public int OutputLength => outputs;

    public int ParameterCount => WeightCount + outputs;

    public int ScratchLength => WeightCount;

    private int WeightCount => inputs * outputs;

    public void Initialize(Span<float> parameters, ref SeededRandom random) =>
        WeightInitializer.Fill(parameters[..WeightCount], inputs, ref random);

    public void Forward(int samples, ReadOnlySpan<float> parameters, ReadOnlySpan<float> input, Span<float> output, Span<float> scratch)
    {
        for (int sample = 0; sample < samples; sample++)
        {
            parameters[WeightCount..].CopyTo(output[(sample * outputs)..]);
        }

        MatrixProduct.AddProduct(samples, outputs, inputs, input, parameters[..WeightCount], output);
    }

    public void Backward(int samples, in LayerValues values, Span<float> parameterGradient, Span<float> inputGradient, Span<float> scratch)
    {
        MatrixProduct.AddTransposedProduct(inputs, outputs, samples, values.Input, values.OutputGradient, parameterGradient[..WeightCount]);
        Span<float> biasGradient = parameterGradient[WeightCount..];
        for (int sample = 0; sample < samples; sample++)
        {
            TensorPrimitives.Add(biasGradient, values.OutputGradient.Slice(sample * outputs, outputs), biasGradient);
        }

        if (!inputGradient.IsEmpty)
        {
            MatrixProduct.Transpose(inputs, outputs, values.Parameters[..WeightCount], scratch);
            inputGradient.Clear();
            MatrixProduct.AddProduct(samples, inputs, outputs, values.OutputGradient, scratch, inputGradient);
        }
    }
}
