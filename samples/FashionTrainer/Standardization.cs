using System.Numerics.Tensors;

namespace InferenceShield.Samples.Training;

/// <summary>Moves and scales pixels so that the training set has mean 0 and deviation 1.</summary>
internal readonly record struct Standardization(float Mean, float Deviation)
{
    public static Standardization Measure(ReadOnlySpan<float> pixels)
    {
        double sum = 0;
        double squares = 0;
        foreach (float pixel in pixels)
        {
            sum += pixel;
            squares += (double)pixel * pixel;
        }

        double mean = sum / pixels.Length;
        return new Standardization((float)mean, (float)Math.Sqrt((squares / pixels.Length) - (mean * mean)));
    }

    public void Apply(Span<float> pixels)
    {
        TensorPrimitives.Subtract(pixels, Mean, pixels);
        TensorPrimitives.Divide(pixels, Deviation, pixels);
    }
}
