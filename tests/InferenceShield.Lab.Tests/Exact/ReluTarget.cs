namespace InferenceShield.Lab.Tests;

/// <summary>A network of one hidden layer of ReLU units with random weights, in double precision.</summary>
internal sealed class ReluTarget : IClassifier
{
    private readonly double[][] _hidden;
    private readonly double[][] _output;

    public ReluTarget(int inputs, int hidden, int classes, ulong seed)
    {
        SeededRandom random = new(seed, 0);
        InputLength = inputs;
        ClassCount = classes;
        _hidden = [.. Enumerable.Range(0, hidden).Select(_ => Weights(inputs, 1.5))];
        _output = [.. Enumerable.Range(0, classes).Select(_ => Weights(hidden, 2))];

        double[] Weights(int count, double scale)
        {
            double[] weights = new double[count + 1];
            for (int i = 0; i < weights.Length; i++)
            {
                weights[i] = scale * random.NextSigned() / (i < count ? 1 : 2);
            }

            return weights;
        }
    }

    public int InputLength { get; }

    public int ClassCount { get; }

    /// <summary>Full precision; rounded to some decimals where they are given.</summary>
    public DoubleOracle ToOracle(int? decimals = null) => new(InputLength, ClassCount, (inputs, answers) =>
    {
        for (int row = 0; row < inputs.Length / InputLength; row++)
        {
            double[] probabilities = Classify(inputs.Slice(row * InputLength, InputLength).ToArray());
            for (int c = 0; c < ClassCount; c++)
            {
                answers.Span[(row * ClassCount) + c] = decimals is int count ? Math.Round(probabilities[c], count) : probabilities[c];
            }
        }
    });

    public void Classify(ReadOnlySpan<float> inputs, Span<float> probabilities)
    {
        for (int row = 0; row < inputs.Length / InputLength; row++)
        {
            double[] values = [.. inputs.Slice(row * InputLength, InputLength).ToArray().Select(value => (double)value)];
            Classify(values).Select(value => (float)value).ToArray().CopyTo(probabilities[(row * ClassCount)..]);
        }
    }

    private double[] Classify(double[] values)
    {
        double[] active = [.. _hidden.Select(weights => Math.Max(0, Sum(weights, values)))];
        double[] logits = [.. _output.Select(weights => Sum(weights, active))];
        double[] exp = [.. logits.Select(logit => Math.Exp(logit - logits.Max()))];
        return [.. exp.Select(value => value / exp.Sum())];
    }

    private static double Sum(double[] weights, double[] values)
    {
        double sum = weights[^1];
        for (int i = 0; i < values.Length; i++)
        {
            sum += weights[i] * values[i];
        }

        return sum;
    }
}
