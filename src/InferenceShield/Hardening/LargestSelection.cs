using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Finds the m largest of n values, equals by lower index, with a bounded heap: O(n + m log m) on typical rows.</summary>
internal static class LargestSelection
{
    /// <summary>Fills <paramref name="selected"/> with the indices of its length's largest values, in no order.</summary>
    /// <param name="values">The values; those that are 0 or less are never selected.</param>
    /// <param name="selected">As long as the number wanted.</param>
    /// <returns>How many were found; fewer than wanted only when fewer are positive.</returns>
    public static int Select(ReadOnlySpan<double> values, Span<int> selected)
    {
        int count = 0;
        int i = 0;
        for (; i < values.Length && count < selected.Length; i++)
        {
            if (values[i] > 0)
            {
                selected[count] = i;
                count++;
                SelectionHeap.SiftUp(values, selected[..count]);
            }
        }

        if (count == 0)
        {
            return 0;
        }

        for (i = RowScan.FindAbove(values, i, values[selected[0]]); i < values.Length; i = RowScan.FindAbove(values, i + 1, values[selected[0]]))
        {
            selected[0] = i;
            SelectionHeap.SiftDown(values, selected[..count]);
        }

        return count;
    }
}
