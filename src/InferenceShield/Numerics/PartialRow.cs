#pragma warning disable RS0030 // Vector loads and stores over spans; each is within the length.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Up to sixteen floats, from memory into a register and back, without a buffer that wide reads would have to wait for.</summary>
internal static class PartialRow
{
    /// <summary>The most floats of a row.</summary>
    public const int Most = 16;

    /// <summary>From here on: whole numbers that follow each other, to move a part of a register to its front.</summary>
    private static ReadOnlySpan<int> Places => [0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>The row in the first places, and anything behind it: two loads that overlap, the second moved up.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(ReadOnlySpan<float> row)
    {
        ref float first = ref MemoryMarshal.GetReference(row);
        ref int places = ref MemoryMarshal.GetReference(Places);
        int half = Vector256<float>.Count;
        if (row.Length >= half)
        {
            Vector256<float> last = Vector256.LoadUnsafe(ref first, (nuint)(uint)(row.Length - half));
            Vector256<int> moved = Vector256.LoadUnsafe(ref places, (nuint)(uint)(Most - row.Length));
            return Vector512.Create(Vector256.LoadUnsafe(ref first), Vector256.ShuffleNative(last, moved));
        }

        int quarter = Vector128<float>.Count;
        if (row.Length >= quarter)
        {
            Vector128<float> last = Vector128.LoadUnsafe(ref first, (nuint)(uint)(row.Length - quarter));
            Vector256<int> moved = Vector256.LoadUnsafe(ref places, (nuint)(uint)(half - row.Length));
            Vector128<float> rest = Vector256.ShuffleNative(Vector256.Create(last, last), moved).GetLower();
            return Vector512.Create(Vector256.Create(Vector128.LoadUnsafe(ref first), rest), Vector256<float>.Zero);
        }

        return Vector512.Create(Vector256.Create(Vector128.Create(row[0], row[row.Length / 2], row[^1], 0), Vector128<float>.Zero), Vector256<float>.Zero);
    }

    /// <summary>Every part of the rest is read from where it was written at once: nothing waits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> values, Span<float> row)
    {
        ref float first = ref MemoryMarshal.GetReference(row);
        Vector256<float> part = values.GetLower();
        int i = 0;
        if ((row.Length & 16) != 0)
        {
            values.StoreUnsafe(ref first);
            return;
        }

        if ((row.Length & 8) != 0)
        {
            part.StoreUnsafe(ref first);
            part = values.GetUpper();
            i = 8;
        }

        Vector128<float> four = part.GetLower();
        if ((row.Length & 4) != 0)
        {
            four.StoreUnsafe(ref first, (nuint)(uint)i);
            four = part.GetUpper();
            i += 4;
        }

        if ((row.Length & 2) != 0)
        {
            Unsafe.WriteUnaligned(ref Unsafe.As<float, byte>(ref Unsafe.Add(ref first, i)), four.AsDouble()[0]);
            four = Vector128.Shuffle(four, Vector128.Create(2, 3, 2, 3));
            i += 2;
        }

        if ((row.Length & 1) != 0)
        {
            Unsafe.Add(ref first, i) = four[0];
        }
    }
}
