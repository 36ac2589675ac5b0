using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>A 3x3 convolution with stride 1 and a border of one zero, computed as a matrix product over patches.</summary>
/// <remarks>The weights lie as kernel row, kernel column, input channel, output channel.</remarks>
internal sealed class ConvolutionLayer(int side, int inputChannels, int outputChannels) : ILayer
{
    /// <summary>Rows and columns of the kernel.</summary>
    public const int KernelSide = 3;

    public int InputLength => Positions * inputChannels;

    public int OutputLength => Positions * outputChannels;

    public int ParameterCount => WeightCount + outputChannels;

    // The patches of one image, which the gradient of the patches may overwrite, and the transposed weights.
    public int ScratchLength => (Positions * PatchLength) + WeightCount;

    public int InputChannels => inputChannels;

    public int OutputChannels => outputChannels;

    private int Positions => side * side;

    private int PatchLength => KernelSide * KernelSide * inputChannels;

    private int WeightCount => PatchLength * outputChannels;

    public void Initialize(Span<float> parameters, ref SeededRandom random) =>
        WeightInitializer.Fill(parameters[..WeightCount], PatchLength, ref random);

    public void Forward(int samples, ReadOnlySpan<float> parameters, ReadOnlySpan<float> input, Span<float> output, Span<float> scratch)
    {
        Span<float> patches = scratch[..(Positions * PatchLength)];
        for (int sample = 0; sample < samples; sample++)
        {
            CopyPatches(input.Slice(sample * InputLength, InputLength), patches);
            Span<float> image = output.Slice(sample * OutputLength, OutputLength);
            for (int position = 0; position < Positions; position++)
            {
                parameters[WeightCount..].CopyTo(image[(position * outputChannels)..]);
            }

            MatrixProduct.AddProduct(Positions, outputChannels, PatchLength, patches, parameters[..WeightCount], image);
        }
    }

    public void Backward(int samples, in LayerValues values, Span<float> parameterGradient, Span<float> inputGradient, Span<float> scratch)
    {
        Span<float> patches = scratch[..(Positions * PatchLength)];
        Span<float> transposed = scratch.Slice(patches.Length, WeightCount);
        Span<float> biasGradient = parameterGradient[WeightCount..];
        MatrixProduct.Transpose(PatchLength, outputChannels, values.Parameters[..WeightCount], transposed);
        for (int sample = 0; sample < samples; sample++)
        {
            ReadOnlySpan<float> outputGradient = values.OutputGradient.Slice(sample * OutputLength, OutputLength);
            CopyPatches(values.Input.Slice(sample * InputLength, InputLength), patches);
            MatrixProduct.AddTransposedProduct(
                PatchLength, outputChannels, Positions, patches, outputGradient, parameterGradient[..WeightCount]);
            for (int position = 0; position < Positions; position++)
            {
                TensorPrimitives.Add(biasGradient, outputGradient.Slice(position * outputChannels, outputChannels), biasGradient);
            }

            if (!inputGradient.IsEmpty)
            {
                patches.Clear();
                MatrixProduct.AddProduct(Positions, PatchLength, outputChannels, outputGradient, transposed, patches);
                AddPatches(patches, inputGradient.Slice(sample * InputLength, InputLength));
            }
        }
    }

    /// <summary>Lays the neighbourhood of every position out as one row.</summary>
    private void CopyPatches(ReadOnlySpan<float> image, Span<float> patches)
    {
        // In each kernel row the three neighbours are adjacent in memory, so a patch is three copies.
        int run = KernelSide * inputChannels;
        for (int y = 0; y < side; y++)
        {
            for (int kernelY = 0; kernelY < KernelSide; kernelY++)
            {
                int sourceY = y + kernelY - 1;
                bool outside = sourceY < 0 || sourceY >= side;
                for (int x = 0; x < side; x++)
                {
                    Span<float> target = patches.Slice((((y * side) + x) * PatchLength) + (kernelY * run), run);
                    if (outside)
                    {
                        target.Clear();
                        continue;
                    }

                    (int from, int to) = ClipRun(x);
                    target[..from].Clear();
                    image.Slice((((sourceY * side) + x - 1) * inputChannels) + from, to - from).CopyTo(target[from..]);
                    target[to..].Clear();
                }
            }
        }
    }

    /// <summary>The adjoint of <see cref="CopyPatches"/>: sums every row back into the positions it came from.</summary>
    private void AddPatches(ReadOnlySpan<float> patches, Span<float> image)
    {
        int run = KernelSide * inputChannels;
        image.Clear();
        for (int y = 0; y < side; y++)
        {
            for (int kernelY = 0; kernelY < KernelSide; kernelY++)
            {
                int targetY = y + kernelY - 1;
                if (targetY < 0 || targetY >= side)
                {
                    continue;
                }

                for (int x = 0; x < side; x++)
                {
                    (int from, int to) = ClipRun(x);
                    Span<float> target = image.Slice((((targetY * side) + x - 1) * inputChannels) + from, to - from);
                    TensorPrimitives.Add(
                        target, patches.Slice((((y * side) + x) * PatchLength) + (kernelY * run) + from, to - from), target);
                }
            }
        }
    }

    /// <summary>The part of a three-pixel run around column <paramref name="x"/> that lies inside the image.</summary>
    private (int From, int To) ClipRun(int x) =>
        (x == 0 ? inputChannels : 0, (x == side - 1 ? KernelSide - 1 : KernelSide) * inputChannels);
}
