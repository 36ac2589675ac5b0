using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Trains surrogates on released answers.</summary>
/// <remarks>
/// By default the recipe of a strong thief: Adam on soft-label cross-entropy, the rate falling along half a cosine. The same
/// inputs, targets, options and seed give the same bits on one machine, however many threads work. Thread-safe.
/// </remarks>
public static class SurrogateTrainer
{
    private const int ImageFeatures1 = 16;
    private const int ImageFeatures2 = 32;

    /// <summary>Trains a surrogate.</summary>
    /// <remarks>
    /// Costs at most steps x batch x 6 floating point operations per weight (a convolution's count once per pixel), and a scaled copy of
    /// the inputs. On one thread no step allocates.
    /// </remarks>
    /// <param name="inputs">Rows of <paramref name="inputLength"/>, one after another, at least one; all values finite.</param>
    /// <param name="targets">As many distributions over <paramref name="classCount"/> classes; all values finite.</param>
    /// <param name="inputLength">Values in a row of input, at least 1.</param>
    /// <param name="classCount">Classes, at least 2.</param>
    /// <param name="options">How it is built and trained.</param>
    /// <param name="seed">Weights, order and noise follow from it; the result does not depend on the number of threads.</param>
    /// <param name="threads">Threads to use, at least 1. A second one helps from 65 answers a step on (17 with convolutions).</param>
    /// <param name="cancellationToken">Ends the training.</param>
    /// <exception cref="ArgumentException">Rows and targets are not equally many, a value is not finite, or an option is out of range.</exception>
    /// <exception cref="ExtractionException">Training diverged.</exception>
    public static Surrogate Train(
        ReadOnlySpan<float> inputs, ReadOnlySpan<float> targets, int inputLength, int classCount, SurrogateOptions options, ulong seed, int threads, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(inputLength, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(classCount, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        options.Validate(inputLength);
        (int rows, int rest) = Math.DivRem(inputs.Length, inputLength);
        if (rows == 0 || rest != 0 || targets.Length != rows * classCount)
        {
            throw new ArgumentException($"{inputs.Length} values of input and {targets.Length} of targets are not equally many rows of {inputLength} and {classCount}, at least one.", nameof(targets));
        }

        RequireFinite(inputs, inputLength, "input", nameof(inputs));
        RequireFinite(targets, classCount, "targets", nameof(targets));
        Network network = new(Build(inputLength, classCount, options), seed);
        Surrogate surrogate = new(network, InputScaling.Measure(inputs, inputLength, options.Scaling), options.Kind == SurrogateKind.Cnn ? options.Image : null);
        float[] prepared = new float[inputs.Length];
        surrogate.Prepare(inputs, prepared);
        new SurrogateTraining(network, prepared, GetTargets(targets, classCount, options), options, seed, threads).Run(cancellationToken);
        return surrogate;
    }

    private static float[] GetTargets(ReadOnlySpan<float> targets, int classCount, SurrogateOptions options)
    {
        float[] prepared = targets.ToArray();
        for (int first = 0; first < prepared.Length; first += classCount)
        {
            Span<float> row = prepared.AsSpan(first, classCount);
            if (options.Loss == SurrogateLoss.HardLabels)
            {
                int top = TensorPrimitives.IndexOfMax<float>(row);
                row.Clear();
                row[top] = 1f;
            }

            if (options.LabelSmoothing > 0)
            {
                float spread = TensorPrimitives.Sum<float>(row) * options.LabelSmoothing / classCount;
                TensorPrimitives.Multiply(row, 1f - options.LabelSmoothing, row);
                TensorPrimitives.Add(row, spread, row);
            }
        }

        return prepared;
    }

    private static void RequireFinite(ReadOnlySpan<float> values, int width, string what, string parameter)
    {
        // A sum of squares is finite unless a value is not or overflows; only then is the row looked for.
        if (float.IsFinite(TensorPrimitives.SumOfSquares(values)))
        {
            return;
        }

        for (int i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
            {
                throw new ArgumentException($"Row {i / width} of the {what} is not finite at value {i % width}. Leave the row out or repair it.", parameter);
            }
        }
    }

    private static List<ILayer> Build(int inputLength, int classCount, SurrogateOptions options)
    {
        List<ILayer> layers = [];
        int width = inputLength;
        if (options is { Kind: SurrogateKind.Cnn, Image: { } image })
        {
            // Pooling before the ReLU gives the same values and leaves the ReLU a quarter of the work.
            layers.Add(new ConvolutionLayer(image.Side, image.Channels, ImageFeatures1));
            layers.Add(new MaxPoolLayer(image.Side, ImageFeatures1));
            layers.Add(new ReluLayer(layers[^1].OutputLength));
            layers.Add(new ConvolutionLayer(image.Side / 2, ImageFeatures1, ImageFeatures2));
            layers.Add(new MaxPoolLayer(image.Side / 2, ImageFeatures2));
            layers.Add(new ReluLayer(layers[^1].OutputLength));
            width = layers[^1].OutputLength;
        }

        foreach (int units in options.Kind == SurrogateKind.Linear ? [] : options.Hidden)
        {
            layers.Add(new DenseLayer(width, units));
            layers.Add(new ReluLayer(units));
            width = units;
        }

        layers.Add(new DenseLayer(width, classCount));
        return layers;
    }
}
