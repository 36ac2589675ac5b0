using System.Numerics;

namespace InferenceShield;

/// <summary>A bounded heap of indices of values, with the one to give up first on top: the smallest, of equals the last.</summary>
internal static class SelectionHeap
{
    /// <summary>Puts the last index in its place.</summary>
    /// <param name="values">What is selected from; no NaN.</param>
    /// <param name="heap">A heap but for its last index.</param>
    public static void SiftUp<T>(ReadOnlySpan<T> values, Span<int> heap)
        where T : struct, INumber<T>
    {
        int position = heap.Length - 1;
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

    /// <summary>Puts the first index in its place.</summary>
    /// <param name="values">What is selected from; no NaN.</param>
    /// <param name="heap">A heap but for its first index.</param>
    public static void SiftDown<T>(ReadOnlySpan<T> values, Span<int> heap)
        where T : struct, INumber<T>
    {
        int position = 0;
        while (true)
        {
            int child = (2 * position) + 1;
            if (child >= heap.Length)
            {
                return;
            }

            if (child + 1 < heap.Length && Before(values, heap[child + 1], heap[child]))
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

    /// <summary>Whether the value at a should leave the heap before the value at b.</summary>
    private static bool Before<T>(ReadOnlySpan<T> values, int a, int b)
        where T : struct, INumber<T> =>
        values[a] < values[b] || (values[a] == values[b] && a > b);
}
