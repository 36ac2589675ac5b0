using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Takes one of three rows so that time does not tell which one.</summary>
internal static class RowSelection
{
    /// <summary>Copies one of three rows that lie one after another. Reads all three and branches on none: a row that was written last is
    /// read later than others, or sooner.</summary>
    /// <param name="rows">Three times as long as the destination.</param>
    /// <param name="which">0 to 2.</param>
    /// <param name="destination">Gets the row.</param>
    public static void Copy(ReadOnlySpan<float> rows, int which, Span<float> destination)
    {
        nuint length = (nuint)destination.Length;
        ArgumentOutOfRangeException.ThrowIfNotEqual(rows.Length, 3 * destination.Length);
        (uint one, uint two, uint three) = (MaskOf(which, 0), MaskOf(which, 1), MaskOf(which, 2));
        ref uint source = ref Unsafe.As<float, uint>(ref MemoryMarshal.GetReference(rows));
        ref uint target = ref Unsafe.As<float, uint>(ref MemoryMarshal.GetReference(destination));
        nuint i = 0;
        for (; i + (nuint)Vector128<uint>.Count <= length; i += (nuint)Vector128<uint>.Count)
        {
            Vector128<uint> selected = (Vector128.LoadUnsafe(ref source, i) & Vector128.Create(one))
                | (Vector128.LoadUnsafe(ref source, length + i) & Vector128.Create(two))
                | (Vector128.LoadUnsafe(ref source, (2 * length) + i) & Vector128.Create(three));
            selected.StoreUnsafe(ref target, i);
        }

        for (; i < length; i++)
        {
            Unsafe.Add(ref target, i) = (Unsafe.Add(ref source, i) & one) | (Unsafe.Add(ref source, length + i) & two) | (Unsafe.Add(ref source, (2 * length) + i) & three);
        }
    }

    /// <summary>All bits where they are the same, else none; by arithmetic, not by a branch.</summary>
    private static uint MaskOf(int which, int row) => (uint)(((which ^ row) - 1) >> 31);
}
