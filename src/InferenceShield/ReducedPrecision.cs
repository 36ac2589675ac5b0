using System.Numerics.Tensors;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Answers in float16 and bfloat16: from such a model to a shield, and from the shield into such a tensor.</summary>
/// <remarks>
/// <para>A shield works in float32; widening to it is exact. Narrowing a released answer is to nearest, ties to even, and may draw
/// classes level with the leading one: those are set one unit in the last place lower, so the leading class stays the strict leader,
/// for any number of decimals.</para>
/// <para>The grid: float16 (11 bits) holds 3 decimals of a probability, bfloat16 (8 bits) holds 2. That is, up to there different grid numbers
/// stay different, and rounding the narrowed number to the decimals gives the grid number back. The sum is 1 after that
/// rounding; as it stands it is off by half a unit in the last place of each class at most. With more decimals neighbours on the
/// grid run together near 1, and what is lost there was not released.</para>
/// <para>Nothing finite becomes infinite: beyond the type's range it becomes the largest finite number. Infinite and NaN
/// stay so; rows of token logits hold negative infinity. Thread-safe; allocates nothing.</para>
/// </remarks>
public static class ReducedPrecision
{
    /// <summary>Widens float16 scores of a model. Exact.</summary>
    /// <param name="scores">Any.</param>
    /// <param name="widened">As long.</param>
    /// <exception cref="ArgumentException">Not as long.</exception>
    public static void FromHalf(ReadOnlySpan<Half> scores, Span<float> widened)
    {
        Check(scores.Length, widened.Length, scores.Length);
        TensorPrimitives.ConvertToSingle(scores, widened);
    }

    /// <summary>Widens bfloat16 scores of a model, given as their 16 bits. Exact.</summary>
    /// <param name="scores">Any.</param>
    /// <param name="widened">As long.</param>
    /// <exception cref="ArgumentException">Not as long.</exception>
    public static void FromBFloat16(ReadOnlySpan<ushort> scores, Span<float> widened)
    {
        Check(scores.Length, widened.Length, scores.Length);
        for (int i = 0; i < scores.Length; i++)
        {
            widened[i] = NarrowFloats.FromBFloat16(scores[i]);
        }
    }

    /// <summary>Narrows released answers to float16; the leading class of each row stays its strict leader.</summary>
    /// <param name="released">Row after row.</param>
    /// <param name="narrowed">As long.</param>
    /// <param name="classes">The numbers in a row; 1 for values that have no leader (regression, embeddings, labels).</param>
    /// <exception cref="ArgumentException">Not as long, or not whole rows.</exception>
    public static void ToHalf(ReadOnlySpan<float> released, Span<Half> narrowed, int classes)
    {
        Check(released.Length, narrowed.Length, classes);
        NarrowFloats.ToHalf(released, narrowed);
        for (int start = 0; start < released.Length && classes > 1; start += classes)
        {
            Span<Half> row = narrowed.Slice(start, classes);
            int top = FirstOfLargest(released.Slice(start, classes));
            Half leader = row[top];
            for (int i = 0; i < row.Length; i++)
            {
                if (row[i] == leader && i != top && Half.IsFinite(leader) && leader > Half.MinValue)
                {
                    row[i] = Half.BitDecrement(leader);
                }
            }
        }
    }

    /// <summary>Narrows released answers to bfloat16, as its 16 bits; the leading class of each row stays its strict leader.</summary>
    /// <param name="released">Row after row.</param>
    /// <param name="narrowed">As long.</param>
    /// <param name="classes">The numbers in a row; 1 for values that have no leader (regression, embeddings, labels).</param>
    /// <exception cref="ArgumentException">Not as long, or not whole rows.</exception>
    public static void ToBFloat16(ReadOnlySpan<float> released, Span<ushort> narrowed, int classes)
    {
        Check(released.Length, narrowed.Length, classes);
        for (int i = 0; i < released.Length; i++)
        {
            narrowed[i] = NarrowFloats.ToBFloat16(released[i]);
        }

        for (int start = 0; start < released.Length && classes > 1; start += classes)
        {
            Span<ushort> row = narrowed.Slice(start, classes);
            int top = FirstOfLargest(released.Slice(start, classes));
            float leader = NarrowFloats.FromBFloat16(row[top]);
            for (int i = 0; i < row.Length; i++)
            {
                if (i != top && leader > NarrowFloats.Least && float.IsFinite(leader) && NarrowFloats.FromBFloat16(row[i]) == leader)
                {
                    row[i] = NarrowFloats.Decrement(row[i]);
                }
            }
        }
    }

    private static int FirstOfLargest(ReadOnlySpan<float> row)
    {
        int top = 0;
        for (int i = 1; i < row.Length; i++)
        {
            top = row[i] > row[top] ? i : top;
        }

        return top;
    }

    private static void Check(int source, int destination, int classes)
    {
        if (source != destination)
        {
            throw new ArgumentException($"{source} numbers do not fit into {destination} places exactly.");
        }

        if (source > 0 && (classes < 1 || source % classes != 0))
        {
            throw new ArgumentException($"{source} numbers are not whole rows of {classes}.", nameof(classes));
        }
    }
}
