namespace InferenceShield.Lab;

/// <summary>A leaf of a decision tree: a box of inputs and the answer to all of them.</summary>
internal sealed class TreeLeaf(double[] low, double[] high, double[] answer)
{
    /// <summary>The lower end of each value, exclusive; negative infinity for none.</summary>
    public double[] Low => low;

    /// <summary>The upper end of each value, inclusive; infinity for none.</summary>
    public double[] High => high;

    /// <summary>The distribution it answers with.</summary>
    public double[] Answer => answer;

    /// <summary>The logarithm of its volume within a box of inputs: of leaves that overlap, the smaller is the more credible.</summary>
    public required double Size { get; init; }

    /// <summary>Whether it holds an input, the box being larger by a slack of each value at both ends; smaller where slack is negative.</summary>
    public bool Contains(ReadOnlySpan<double> values, double slack, ReadOnlySpan<double> widths)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (values[i] <= low[i] - (slack * widths[i]) || values[i] > high[i] + (slack * widths[i]))
            {
                return false;
            }
        }

        return true;
    }
}
