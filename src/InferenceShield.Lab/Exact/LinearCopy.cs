namespace InferenceShield.Lab;

/// <summary>A copy of a linear model: a softmax of <c>W x + b</c>, in double precision.</summary>
public sealed class LinearCopy : IClassifier
{
    internal LinearCopy(int inputLength, double[] weights, double[] biases)
    {
        InputLength = inputLength;
        Weights = weights;
        Biases = biases;
    }

    /// <inheritdoc/>
    public int InputLength { get; }

    /// <inheritdoc/>
    public int ClassCount => Biases.Length;

    /// <summary>The weights of each class, class after class. Only differences between classes mean something.</summary>
    public ReadOnlyMemory<double> Weights { get; }

    /// <summary>The bias of each class; only differences between classes mean something.</summary>
    public ReadOnlyMemory<double> Biases { get; }

    /// <inheritdoc/>
    public void Classify(ReadOnlySpan<float> inputs, Span<float> probabilities)
    {
        ReadOnlySpan<double> weights = Weights.Span;
        ReadOnlySpan<double> biases = Biases.Span;
        double[] logits = new double[ClassCount];
        for (int row = 0; row < inputs.Length / InputLength; row++)
        {
            ReadOnlySpan<float> values = inputs.Slice(row * InputLength, InputLength);
            for (int c = 0; c < logits.Length; c++)
            {
                double sum = biases[c];
                for (int i = 0; i < values.Length; i++)
                {
                    sum += weights[(c * InputLength) + i] * values[i];
                }

                logits[c] = sum;
            }

            DoubleSoftmax.Apply(logits, probabilities.Slice(row * ClassCount, ClassCount));
        }
    }
}
