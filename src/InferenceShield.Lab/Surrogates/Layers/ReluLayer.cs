using System.Numerics;
using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Sets negative values to zero.</summary>
internal sealed class ReluLayer(int length) : ILayer
{
    public int InputLength => length;

    public int OutputLength => length;

    public int ParameterCount => 0;

    public int ScratchLength => 0;

    public void Initialize(Span<float> parameters, ref SeededRandom random)
    {
    }

    public void Forward(int samples, ReadOnlySpan<float> parameters, ReadOnlySpan<float> input, Span<float> output, Span<float> scratch) =>
        TensorPrimitives.Max(input[..(samples * length)], 0f, output);

    public void Backward(int samples, in LayerValues values, Span<float> parameterGradient, Span<float> inputGradient, Span<float> scratch)
    {
        int count = samples * length;
        int i = 0;
        for (; i + Vector<float>.Count <= count; i += Vector<float>.Count)
        {
            Vector<int> passes = Vector.GreaterThan(new Vector<float>(values.Output[i..]), Vector<float>.Zero);
            Vector.ConditionalSelect(passes, new Vector<float>(values.OutputGradient[i..]), Vector<float>.Zero).CopyTo(inputGradient[i..]);
        }

        for (; i < count; i++)
        {
            inputGradient[i] = values.Output[i] > 0f ? values.OutputGradient[i] : 0f;
        }
    }
}
