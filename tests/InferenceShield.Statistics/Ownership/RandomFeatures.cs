using System.Numerics.Tensors;
using InferenceShield.Lab;

namespace InferenceShield.Statistics.Ownership;

/// <summary>A kernel machine: softmax regression on random Fourier features of a Gaussian kernel, so no network at all.</summary>
/// <remarks>Rahimi and Recht, "Random Features for Large-Scale Kernel Machines", NIPS 2007.</remarks>
internal sealed class RandomFeatures : IClassifier
{
    private const int Count = 1_024;
    private const int Batch = 64;

    private readonly float[] _directions;
    private readonly float[] _phases;
    private readonly float[] _mean;
    private readonly Surrogate _linear;

    private RandomFeatures(float[] directions, float[] phases, float[] mean, Surrogate? linear)
    {
        _directions = directions;
        _phases = phases;
        _mean = mean;
        _linear = linear!;
    }

    public int InputLength => _mean.Length;

    public int ClassCount => _linear.ClassCount;

    public static RandomFeatures Train(ReadOnlySpan<float> rows, ReadOnlySpan<float> answers, int width, int classes, SurrogateOptions options, ulong seed)
    {
        SeededRandom random = new(seed, stream: 73);
        float[] mean = new float[width];
        int count = rows.Length / width;
        for (int row = 0; row < count; row++)
        {
            TensorPrimitives.Add(mean, rows.Slice(row * width, width), mean);
        }

        TensorPrimitives.Divide(mean, count, mean);
        double squares = 0;
        float[] difference = new float[width];
        for (int row = 0; row < count; row++)
        {
            TensorPrimitives.Subtract(rows.Slice(row * width, width), mean, difference);
            squares += TensorPrimitives.SumOfSquares<float>(difference);
        }

        // The kernel's squared width is half the mean squared distance from the mean.
        float scale = (float)(1 / Math.Sqrt(squares / count / 2));
        float[] directions = new float[Count * width];
        float[] phases = new float[Count];
        for (int i = 0; i < directions.Length; i++)
        {
            directions[i] = scale * (float)random.NextGaussian();
        }

        for (int i = 0; i < Count; i++)
        {
            phases[i] = random.NextBetween(0, 2 * MathF.PI);
        }

        float[] features = new RandomFeatures(directions, phases, mean, null).Map(rows);
        return new RandomFeatures(directions, phases, mean, SurrogateTrainer.Train(features, answers, Count, classes, options, seed, threads: 1, CancellationToken.None));
    }

    public void Classify(ReadOnlySpan<float> inputs, Span<float> probabilities)
    {
        int width = InputLength;
        int rows = inputs.Length / width;
        for (int first = 0; first < rows; first += Batch)
        {
            int count = Math.Min(Batch, rows - first);
            _linear.Classify(Map(inputs.Slice(first * width, count * width)), probabilities.Slice(first * ClassCount, count * ClassCount));
        }
    }

    private float[] Map(ReadOnlySpan<float> rows)
    {
        int width = InputLength;
        float[] features = new float[rows.Length / width * Count];
        float[] centred = new float[width];
        for (int row = 0; row < rows.Length / width; row++)
        {
            TensorPrimitives.Subtract(rows.Slice(row * width, width), _mean, centred);
            for (int i = 0; i < Count; i++)
            {
                features[(row * Count) + i] = MathF.Cos(TensorPrimitives.Dot<float>(_directions.AsSpan(i * width, width), centred) + _phases[i]);
            }
        }

        return features;
    }
}
