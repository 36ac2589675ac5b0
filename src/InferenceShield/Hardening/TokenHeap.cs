using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>The largest of a row as it is read: a bounded heap of indices with the one to give up first on top, equals by
/// lower index.</summary>
internal static class TokenHeap
{
    /// <summary>Offers a part of a row; parts come in order.</summary>
    /// <param name="values">The row; finite.</param>
    /// <param name="start">Where the part begins.</param>
    /// <param name="end">Where it ends.</param>
    /// <param name="heap">As long as the number wanted, at least 1.</param>
    /// <param name="count">How many it holds.</param>
    public static void Offer(ReadOnlySpan<float> values, int start, int end, Span<int> heap, ref int count)
    {
        ReadOnlySpan<float> offered = values[..end];
        int i = start;
        for (; i < end && count < heap.Length; i++)
        {
            heap[count] = i;
            count++;
            SelectionHeap.SiftUp(values, heap[..count]);
        }

        // Who comes later has to be greater: of equals the first stay.
        while (i < end && TokenScan.IndexAbove(offered, i, values[heap[0]]) is int next and >= 0)
        {
            heap[0] = next;
            SelectionHeap.SiftDown(values, heap);
            i = next + 1;
        }
    }
}
