using System.Numerics.Tensors;

namespace InferenceShield.Numerics;

/// <summary>One round of a keyed orthogonal transform: a permutation, signs, and Walsh-Hadamard transforms over a window at the
/// start and one at the end, which overlap unless the dimension is a power of two.</summary>
/// <remarks>Each step is orthogonal, so the round is, for any dimension. Element by element and in a fixed order of sums, so the
/// bits are the same at every vector width.</remarks>
internal static class KeyedMix
{
    /// <summary>The length of the windows: the largest power of two that is not above the dimension.</summary>
    public static int WindowOf(int dimension) => 1 << System.Numerics.BitOperations.Log2((uint)dimension);

    /// <summary>One round.</summary>
    /// <param name="source">The vector.</param>
    /// <param name="order">order[i] is the place that i is taken from.</param>
    /// <param name="factors">A sign for each place, those in the first window over the square root of its length.</param>
    /// <param name="lastFactors">The same for the last window.</param>
    /// <param name="destination">As long; not the same.</param>
    public static void Forward(ReadOnlySpan<float> source, ReadOnlySpan<int> order, ReadOnlySpan<float> factors, ReadOnlySpan<float> lastFactors, Span<float> destination)
    {
        Gather(source, order, factors, destination);
        Transform(destination[..lastFactors.Length]);
        if (lastFactors.Length < destination.Length)
        {
            Span<float> last = destination[^lastFactors.Length..];
            TensorPrimitives.Multiply(last, lastFactors, last);
            Transform(last);
        }
    }

    /// <summary>Undoes <see cref="Forward"/>.</summary>
    /// <param name="source">What it gave; overwritten.</param>
    /// <param name="order">As given.</param>
    /// <param name="factors">As given.</param>
    /// <param name="lastFactors">As given.</param>
    /// <param name="destination">As long; not the same.</param>
    public static void Backward(Span<float> source, ReadOnlySpan<int> order, ReadOnlySpan<float> factors, ReadOnlySpan<float> lastFactors, Span<float> destination)
    {
        // The transform and its factors, f = sign / sqrt(n), undo themselves: f (H (H (f x))) = n f f x = x.
        if (lastFactors.Length < source.Length)
        {
            Span<float> last = source[^lastFactors.Length..];
            Transform(last);
            TensorPrimitives.Multiply(last, lastFactors, last);
        }

        Transform(source[..lastFactors.Length]);
        Scatter(source, order, factors, destination);
    }

    private static void Gather(ReadOnlySpan<float> source, ReadOnlySpan<int> order, ReadOnlySpan<float> factors, Span<float> destination)
    {
        order = order[..destination.Length];
        factors = factors[..destination.Length];
        for (int i = 0; i < destination.Length; i++)
        {
            destination[i] = source[order[i]] * factors[i];
        }
    }

    private static void Scatter(ReadOnlySpan<float> source, ReadOnlySpan<int> order, ReadOnlySpan<float> factors, Span<float> destination)
    {
        order = order[..source.Length];
        factors = factors[..source.Length];
        for (int i = 0; i < source.Length; i++)
        {
            destination[order[i]] = source[i] * factors[i];
        }
    }

    private static void Transform(Span<float> window)
    {
        if (window.Length >= WalshHadamard.ShortestLength)
        {
            WalshHadamard.Transform(window);
        }
        else
        {
            WalshHadamard.TransformScalar(window);
        }
    }
}
