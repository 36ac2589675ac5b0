using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>The least and the greatest value of each feature: the box in which a thief makes inputs up.</summary>
/// <remarks>Immutable and thread-safe as long as nobody writes to the memory it was made of.</remarks>
public sealed class InputBounds
{
    /// <summary>Bounds of each feature.</summary>
    /// <param name="minimum">The least value of each feature.</param>
    /// <param name="maximum">The greatest value of each; as many, none below its minimum.</param>
    /// <exception cref="ArgumentException">There are none, the two are not equally many, or a pair is not finite and in order.</exception>
    public InputBounds(ReadOnlyMemory<float> minimum, ReadOnlyMemory<float> maximum)
    {
        if (minimum.IsEmpty || minimum.Length != maximum.Length)
        {
            throw new ArgumentException($"{minimum.Length} least and {maximum.Length} greatest values are no bounds: give one of each for every feature.", nameof(maximum));
        }

        for (int i = 0; i < minimum.Length; i++)
        {
            // Finite ends can still lie further apart than a float reaches.
            if (!float.IsFinite(maximum.Span[i] - minimum.Span[i]) || maximum.Span[i] < minimum.Span[i])
            {
                throw new ArgumentException($"The bounds of feature {i} are {minimum.Span[i]} and {maximum.Span[i]}: both must be finite and in order.", nameof(maximum));
            }
        }

        Minimum = minimum;
        Maximum = maximum;
    }

    /// <summary>Values in a row of input.</summary>
    public int Width => Minimum.Length;

    /// <summary>The least value of each feature.</summary>
    public ReadOnlyMemory<float> Minimum { get; }

    /// <summary>The greatest value of each feature.</summary>
    public ReadOnlyMemory<float> Maximum { get; }

    /// <summary>The same bounds for every feature, such as 0 and 1 for images.</summary>
    /// <param name="width">Values in a row, at least 1.</param>
    /// <param name="minimum">The least value.</param>
    /// <param name="maximum">The greatest value.</param>
    public static InputBounds OfBox(int width, float minimum, float maximum)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        float[] low = new float[width];
        float[] high = new float[width];
        low.AsSpan().Fill(minimum);
        high.AsSpan().Fill(maximum);
        return new InputBounds(low, high);
    }

    /// <summary>The smallest box that holds some rows.</summary>
    /// <exception cref="ArgumentException">There is no row, or a value is not finite.</exception>
    public static InputBounds OfRows(Dataset rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.Count == 0)
        {
            throw new ArgumentException($"'{rows.Name}' has no rows, so nothing bounds its features.", nameof(rows));
        }

        float[] low = rows.GetRow(0).ToArray();
        float[] high = rows.GetRow(0).ToArray();
        for (int row = 1; row < rows.Count; row++)
        {
            TensorPrimitives.Min(low, rows.GetRow(row), low);
            TensorPrimitives.Max(high, rows.GetRow(row), high);
        }

        return new InputBounds(low, high);
    }

    internal void Clip(Span<float> row)
    {
        TensorPrimitives.Max(row, Minimum.Span, row);
        TensorPrimitives.Min(row, Maximum.Span, row);
    }
}
