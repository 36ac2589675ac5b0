using System.Numerics;
using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Keeps the largest of each 2x2 block, channel by channel.</summary>
/// <remarks>Channels are a multiple of the vector width, which 16 is on every processor .NET runs on.</remarks>
internal sealed class MaxPoolLayer(int side, int channels) : ILayer
{
    public int InputLength => side * side * channels;

    public int OutputLength => InputLength / 4;

    public int ParameterCount => 0;

    public int ScratchLength => 0;

    public void Initialize(Span<float> parameters, ref SeededRandom random)
    {
    }

    public void Forward(int samples, ReadOnlySpan<float> parameters, ReadOnlySpan<float> input, Span<float> output, Span<float> scratch)
    {
        int blocks = samples * OutputLength / channels;
        for (int block = 0; block < blocks; block++)
        {
            int corner = GetCorner(block);
            Span<float> target = output.Slice(block * channels, channels);
            TensorPrimitives.Max(GetPixel(input, corner, 0), GetPixel(input, corner, 1), target);
            TensorPrimitives.Max(target, GetPixel(input, corner, 2), target);
            TensorPrimitives.Max(target, GetPixel(input, corner, 3), target);
        }
    }

    public void Backward(int samples, in LayerValues values, Span<float> parameterGradient, Span<float> inputGradient, Span<float> scratch)
    {
        int blocks = samples * OutputLength / channels;
        for (int block = 0; block < blocks; block++)
        {
            int corner = GetCorner(block);
            for (int channel = 0; channel < channels; channel += Vector<float>.Count)
            {
                int at = (block * channels) + channel;
                var largest = new Vector<float>(values.Output[at..]);
                var gradient = new Vector<float>(values.OutputGradient[at..]);
                for (int pixel = 0; pixel < 4; pixel++)
                {
                    // The first pixel that equals the largest takes the gradient; ties get none.
                    int offset = GetOffset(corner, pixel) + channel;
                    Vector<int> wins = Vector.Equals(new Vector<float>(values.Input[offset..]), largest);
                    Vector.ConditionalSelect(wins, gradient, Vector<float>.Zero).CopyTo(inputGradient[offset..]);
                    gradient = Vector.ConditionalSelect(wins, Vector<float>.Zero, gradient);
                }
            }
        }
    }

    /// <summary>Where the upper left pixel of a block lies. Blocks of successive images follow one another, as images do.</summary>
    private int GetCorner(int block)
    {
        (int row, int column) = Math.DivRem(block, side / 2);
        return ((row * 2 * side) + (column * 2)) * channels;
    }

    private int GetOffset(int corner, int pixel) => corner + ((((pixel >> 1) * side) + (pixel & 1)) * channels);

    private ReadOnlySpan<float> GetPixel(ReadOnlySpan<float> input, int corner, int pixel) =>
        input.Slice(GetOffset(corner, pixel), channels);
}
