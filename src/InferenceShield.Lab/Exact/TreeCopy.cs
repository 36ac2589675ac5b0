using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>A copy of a decision tree: its leaves as boxes of inputs.</summary>
/// <remarks>What lies in several boxes belongs to the smallest; what lies in none is answered as the largest box is.</remarks>
public sealed class TreeCopy : IClassifier
{
    private readonly TreeLeaf[] _leaves;
    private readonly double[] _widths;

    internal TreeCopy(IEnumerable<TreeLeaf> leaves, int inputLength, int classCount)
    {
        _leaves = [.. leaves.OrderBy(leaf => leaf.Size)];
        _widths = new double[inputLength];
        InputLength = inputLength;
        ClassCount = classCount;
    }

    /// <inheritdoc/>
    public int InputLength { get; }

    /// <inheritdoc/>
    public int ClassCount { get; }

    /// <summary>Boxes that were found: leaves, or parts of them.</summary>
    public int LeafCount => _leaves.Length;

    /// <inheritdoc/>
    public void Classify(ReadOnlySpan<float> inputs, Span<float> probabilities)
    {
        double[] values = new double[InputLength];
        for (int row = 0; row < inputs.Length / InputLength; row++)
        {
            TensorPrimitives.ConvertTruncating(inputs.Slice(row * InputLength, InputLength), values);
            TensorPrimitives.ConvertTruncating<double, float>(Find(values), probabilities.Slice(row * ClassCount, ClassCount));
        }
    }

    private double[] Find(ReadOnlySpan<double> values)
    {
        foreach (TreeLeaf leaf in _leaves)
        {
            if (leaf.Contains(values, 0, _widths))
            {
                return leaf.Answer;
            }
        }

        return _leaves[^1].Answer;
    }
}
