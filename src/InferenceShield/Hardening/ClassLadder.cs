using System.Numerics.Tensors;

namespace InferenceShield;

/// <summary>The classes that do not lead, from the least to the most likely, equals by index: all of a short row, or as many
/// as asked of both ends of a long one.</summary>
internal readonly ref struct ClassLadder
{
    /// <summary>Insertion is faster than the runtime's sort up to about here.</summary>
    private const int MostInserted = 32;

    /// <summary>Values that are compared with the last one kept all at once.</summary>
    private const int Block = 128;

    private ClassLadder(ReadOnlySpan<double> values, ReadOnlySpan<double> costs, ReadOnlySpan<int> classes, bool isWhole)
    {
        Values = values;
        Costs = costs;
        Classes = classes;
        IsWhole = isWhole;
    }

    /// <summary>Their probabilities, rising.</summary>
    public ReadOnlySpan<double> Values { get; }

    /// <summary>ln(value + 1e-6).</summary>
    public ReadOnlySpan<double> Costs { get; }

    /// <summary>Their indices in the row.</summary>
    public ReadOnlySpan<int> Classes { get; }

    /// <summary>Whether no class is left out. If any are, they belong in the middle.</summary>
    public bool IsWhole { get; }

    /// <summary>How many from either end are known to be the outermost ones.</summary>
    public int Side => IsWhole ? Values.Length : Values.Length / 2;

    /// <param name="row">At least two classes.</param>
    /// <param name="top">The class left out.</param>
    /// <param name="side">How many of either end; the whole row if that is not much more.</param>
    /// <param name="scratch">As long as the row.</param>
    public static ClassLadder Make(ReadOnlySpan<double> row, int top, int side, LeastInformationScratch scratch)
    {
        bool isWhole = row.Length <= 4L * side;
        int count = isWhole ? row.Length - 1 : 2 * side;
        if (isWhole)
        {
            row[..top].CopyTo(scratch.Values);
            row[(top + 1)..].CopyTo(scratch.Values[top..]);
            for (int i = 0; i < count; i++)
            {
                scratch.Classes[i] = i < top ? i : i + 1;
            }

            Sort(scratch.Values[..count], scratch.Classes[..count]);
        }
        else
        {
            // The second call uses one side more than it leaves filled.
            KeepSmallest(row, top, scratch.Values[..(2 * side)], scratch.Classes[..(2 * side)]);
            KeepLargest(row, top, scratch.Values.Slice(side, 2 * side), scratch.Classes.Slice(side, 2 * side));
        }

        // Not vectorised: its last bit would depend on whether there are vectors.
        for (int i = 0; i < count; i++)
        {
            scratch.Costs[i] = Math.Log(scratch.Values[i] + LeastInformation.CostOffset);
        }

        return new ClassLadder(scratch.Values[..count], scratch.Costs[..count], scratch.Classes[..count], isWhole);
    }

    /// <summary>Leaves the smallest in the first half, rising: collects what beats the last one kept, and sorts when full.</summary>
    private static void KeepSmallest(ReadOnlySpan<double> row, int top, Span<double> values, Span<int> classes)
    {
        int side = values.Length / 2;
        int count = 0;
        double bound = double.PositiveInfinity;
        for (int start = 0; start < row.Length; start += Block)
        {
            ReadOnlySpan<double> block = row.Slice(start, Math.Min(Block, row.Length - start));
            if (TensorPrimitives.Min(block) >= bound)
            {
                continue;
            }

            for (int i = 0; i < block.Length; i++)
            {
                if (block[i] < bound && start + i != top)
                {
                    values[count] = block[i];
                    classes[count++] = start + i;
                    if (count == values.Length)
                    {
                        Sort(values, classes);
                        count = side;
                        bound = values[side - 1];
                    }
                }
            }
        }

        Sort(values[..count], classes[..count]);
    }

    /// <summary>Leaves the largest in the first half, rising. From the end of the row, as equals of higher index come last.</summary>
    private static void KeepLargest(ReadOnlySpan<double> row, int top, Span<double> values, Span<int> classes)
    {
        int side = values.Length / 2;
        int count = 0;
        double bound = double.NegativeInfinity;
        for (int end = row.Length; end > 0; end -= Block)
        {
            int start = Math.Max(0, end - Block);
            ReadOnlySpan<double> block = row[start..end];
            if (TensorPrimitives.Max(block) <= bound)
            {
                continue;
            }

            for (int i = block.Length - 1; i >= 0; i--)
            {
                if (block[i] > bound && start + i != top)
                {
                    values[count] = block[i];
                    classes[count++] = start + i;
                    if (count == values.Length)
                    {
                        KeepLast(values, classes, side);
                        count = side;
                        bound = values[0];
                    }
                }
            }
        }

        KeepLast(values[..count], classes[..count], side);
    }

    private static void KeepLast(Span<double> values, Span<int> classes, int side)
    {
        Sort(values, classes);
        values[^side..].CopyTo(values);
        classes[^side..].CopyTo(classes);
    }

    /// <summary>By value, equals by index.</summary>
    private static void Sort(Span<double> values, Span<int> classes)
    {
        if (values.Length <= MostInserted)
        {
            Insert(values, classes);
            return;
        }

        // The runtime's sort leaves equals in any order.
        values.Sort(classes);
        for (int start = 0; start < values.Length;)
        {
            int end = start + 1;
            while (end < values.Length && values[end] == values[start])
            {
                end++;
            }

            if (end - start > 1)
            {
                classes[start..end].Sort();
            }

            start = end;
        }
    }

    private static void Insert(Span<double> values, Span<int> classes)
    {
        for (int i = 1; i < values.Length; i++)
        {
            double value = values[i];
            int index = classes[i];
            int place = i - 1;
            for (; place >= 0 && (values[place] > value || (values[place] == value && classes[place] > index)); place--)
            {
                values[place + 1] = values[place];
                classes[place + 1] = classes[place];
            }

            values[place + 1] = value;
            classes[place + 1] = index;
        }
    }
}
