using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>A copy of a network of one hidden layer: hidden ReLU units, and a linear term beside them, in double precision.</summary>
/// <remarks>Which side of its hyperplane a unit is active on is not resolved: <c>relu(z) = z + relu(-z)</c>, and the linear term takes the
/// difference. The function is the same.</remarks>
public sealed class ReluCopy : IClassifier
{
    private readonly double[] _hidden;
    private readonly double[] _output;

    /// <summary>Takes the layers, each unit's weights followed by its bias.</summary>
    /// <param name="inputLength">Values in a row of input.</param>
    /// <param name="classCount">Classes.</param>
    /// <param name="hidden">Unit after unit: a weight for each input, then the bias.</param>
    /// <param name="output">Class after class: a weight for each unit, one for each input, then the bias.</param>
    internal ReluCopy(int inputLength, int classCount, double[] hidden, double[] output)
    {
        InputLength = inputLength;
        ClassCount = classCount;
        _hidden = hidden;
        _output = output;
        HiddenCount = hidden.Length / (inputLength + 1);
    }

    /// <inheritdoc/>
    public int InputLength { get; }

    /// <inheritdoc/>
    public int ClassCount { get; }

    /// <summary>Hidden units that were found.</summary>
    public int HiddenCount { get; }

    /// <inheritdoc/>
    public void Classify(ReadOnlySpan<float> inputs, Span<float> probabilities)
    {
        double[] terms = new double[HiddenCount + InputLength + 1];
        double[] logits = new double[ClassCount];
        double[] values = new double[InputLength];
        for (int row = 0; row < inputs.Length / InputLength; row++)
        {
            TensorPrimitives.ConvertTruncating(inputs.Slice(row * InputLength, InputLength), values);
            WriteTerms(_hidden, values, terms);
            for (int c = 0; c < ClassCount; c++)
            {
                logits[c] = TensorPrimitives.Dot<double>(_output.AsSpan(c * terms.Length, terms.Length), terms);
            }

            DoubleSoftmax.Apply(logits, probabilities.Slice(row * ClassCount, ClassCount));
        }
    }

    /// <summary>What the output layer weighs: each unit's activation, each value of the input, and 1.</summary>
    internal static void WriteTerms(ReadOnlySpan<double> hidden, ReadOnlySpan<double> values, Span<double> terms)
    {
        int units = terms.Length - values.Length - 1;
        for (int unit = 0; unit < units; unit++)
        {
            ReadOnlySpan<double> weights = hidden.Slice(unit * (values.Length + 1), values.Length + 1);
            terms[unit] = Math.Max(0, TensorPrimitives.Dot(weights[..values.Length], values) + weights[values.Length]);
        }

        values.CopyTo(terms[units..]);
        terms[^1] = 1;
    }
}
