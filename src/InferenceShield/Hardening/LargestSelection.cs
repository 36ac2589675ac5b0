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
                SiftUp(values, selected, count++);
            }
        }

        if (count == 0)
        {
            return 0;
        }

        for (i = RowScan.FindAbove(values, i, values[selected[0]]); i < values.Length; i = RowScan.FindAbove(values, i + 1, values[selected[0]]))
        {
            selected[0] = i;
            SiftDown(values, selected, count);
        }

        return count;
    }

    /// <summary>Whether the value at a should leave the heap before the value at b.</summary>
    private static bool Before(ReadOnlySpan<double> values, int a, int b) =>
        values[a] < values[b] || (values[a] == values[b] && a > b);

    private static void SiftUp(ReadOnlySpan<double> values, Span<int> heap, int position)
    {
        while (position > 0)
        {
            int parent = (position - 1) / 2;
            if (!Before(values, heap[position], heap[parent]))
            {
                return;
            }

            (heap[position], heap[parent]) = (heap[parent], heap[position]);
            position = parent;
        }
    }

    private static void SiftDown(ReadOnlySpan<double> values, Span<int> heap, int count)
    {
        int position = 0;
        while (true)
        {
            int child = 2 * position + 1;
            if (child >= count)
            {
                return;
            }

            if (child + 1 < count && Before(values, heap[child + 1], heap[child]))
            {
                child++;
            }

            if (!Before(values, heap[child], heap[position]))
            {
                return;
            }

            (heap[position], heap[child]) = (heap[child], heap[position]);
            position = child;
        }
    }
}
