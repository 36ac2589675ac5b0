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
        int length = destination.Length;
        ArgumentOutOfRangeException.ThrowIfNotEqual(rows.Length, 3 * length);
        (uint one, uint two, uint three) = (MaskOf(which, 0), MaskOf(which, 1), MaskOf(which, 2));
        ReadOnlySpan<float> first = rows[..length];
        ReadOnlySpan<float> second = rows.Slice(length, length);
        ReadOnlySpan<float> third = rows[(2 * length)..];
        int i = 0;
        for (; i <= length - Vector128<float>.Count; i += Vector128<float>.Count)
        {
            Vector128<uint> selected = (Vector128.Create(first[i..]).AsUInt32() & Vector128.Create(one))
                | (Vector128.Create(second[i..]).AsUInt32() & Vector128.Create(two))
                | (Vector128.Create(third[i..]).AsUInt32() & Vector128.Create(three));
            selected.AsSingle().CopyTo(destination[i..]);
        }

        for (; i < length; i++)
        {
            destination[i] = BitConverter.UInt32BitsToSingle(
                (BitConverter.SingleToUInt32Bits(first[i]) & one) | (BitConverter.SingleToUInt32Bits(second[i]) & two) | (BitConverter.SingleToUInt32Bits(third[i]) & three));
        }
    }

    /// <summary>All bits where they are the same, else none; by arithmetic, not by a branch.</summary>
    private static uint MaskOf(int which, int row) => (uint)(((which ^ row) - 1) >> 31);
}
