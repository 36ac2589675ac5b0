#pragma warning disable RS0030 // Reads floats as their bits; every entry point checks lengths first.
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>One bit pattern for each number: -0 becomes 0, and every NaN the same quiet one.</summary>
/// <remarks>Works on bits alone, so signalling NaNs survive the look and the result is the same everywhere.</remarks>
internal static class FloatCanonical
{
    /// <summary>Whether no element would change.</summary>
    /// <param name="bits">The elements' bits.</param>
    /// <param name="infinity">The bits of positive infinity.</param>
    public static bool IsCanonical<T>(ReadOnlySpan<T> bits, T infinity)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>, IMinMaxValue<T>
    {
        int done = 0;
        if (Vector512.IsHardwareAccelerated && bits.Length >= Vector512<T>.Count)
        {
            if (!IsCanonical512(bits, infinity))
            {
                return false;
            }

            done = bits.Length - (bits.Length % Vector512<T>.Count);
        }
        else if (Vector256.IsHardwareAccelerated && bits.Length >= Vector256<T>.Count)
        {
            if (!IsCanonical256(bits, infinity))
            {
                return false;
            }

            done = bits.Length - (bits.Length % Vector256<T>.Count);
        }

        return IsCanonicalScalar(bits[done..], infinity);
    }

    /// <summary>The portable twin of <see cref="IsCanonical{T}"/>.</summary>
    public static bool IsCanonicalScalar<T>(ReadOnlySpan<T> bits, T infinity)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>, IMinMaxValue<T>
    {
        T magnitude = T.MaxValue >> 1;
        T negativeZero = ~magnitude;
        foreach (T value in bits)
        {
            if (value == negativeZero || (value & magnitude) > infinity)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Writes the canonical elements. A NaN becomes the quiet one that has no sign and no payload.</summary>
    /// <param name="bits">The elements' bits.</param>
    /// <param name="infinity">The bits of positive infinity.</param>
    /// <param name="canonical">As long as <paramref name="bits"/>, or longer.</param>
    public static void Write<T>(ReadOnlySpan<T> bits, T infinity, Span<T> canonical)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>, IMinMaxValue<T>
    {
        canonical = canonical[..bits.Length];
        T magnitude = T.MaxValue >> 1;
        T negativeZero = ~magnitude;
        T notANumber = infinity | (infinity >> 1); // every bit of the exponent, and the one below
        for (int i = 0; i < bits.Length; i++)
        {
            T value = bits[i];
            canonical[i] = value == negativeZero ? T.Zero : (value & magnitude) > infinity ? notANumber : value;
        }
    }

    /// <summary>The bytes of a row as the bits of its elements; bytes that do not fill an element are left out.</summary>
    public static ReadOnlySpan<T> Bits<T>(ReadOnlySpan<byte> row)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(row);

    /// <summary>The same, to be written.</summary>
    public static Span<T> Bits<T>(Span<byte> row)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(row);

    /// <summary>The elements of a row as its bytes.</summary>
    public static ReadOnlySpan<byte> Bytes<T>(ReadOnlySpan<T> row)
        where T : unmanaged => MemoryMarshal.AsBytes(row);

    /// <summary>Nothing is -0 if x ^ -0 is nowhere 0, and nothing NaN if no magnitude is above infinity.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static bool IsCanonical512<T>(ReadOnlySpan<T> bits, T infinity)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>, IMinMaxValue<T>
    {
        ref T first = ref MemoryMarshal.GetReference(bits);
        Vector512<T> magnitude = Vector512.Create(T.MaxValue >> 1);
        Vector512<T> least = Vector512<T>.AllBitsSet;
        Vector512<T> leastToo = least;
        Vector512<T> most = Vector512<T>.Zero;
        Vector512<T> mostToo = most;
        nuint width = (nuint)(uint)Vector512<T>.Count;
        nuint end = (nuint)(uint)bits.Length;
        nuint i = 0;
        for (; i + (2 * width) <= end; i += 2 * width)
        {
            Vector512<T> a = Vector512.LoadUnsafe(ref first, i);
            Vector512<T> b = Vector512.LoadUnsafe(ref first, i + width);
            least = Vector512.Min(least, a ^ ~magnitude);
            leastToo = Vector512.Min(leastToo, b ^ ~magnitude);
            most = Vector512.Max(most, a & magnitude);
            mostToo = Vector512.Max(mostToo, b & magnitude);
        }

        if (i + width <= end)
        {
            Vector512<T> a = Vector512.LoadUnsafe(ref first, i);
            least = Vector512.Min(least, a ^ ~magnitude);
            most = Vector512.Max(most, a & magnitude);
        }

        return !Vector512.EqualsAny(Vector512.Min(least, leastToo), Vector512<T>.Zero)
            && Vector512.LessThanOrEqualAll(Vector512.Max(most, mostToo), Vector512.Create(infinity));
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static bool IsCanonical256<T>(ReadOnlySpan<T> bits, T infinity)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>, IMinMaxValue<T>
    {
        ref T first = ref MemoryMarshal.GetReference(bits);
        Vector256<T> magnitude = Vector256.Create(T.MaxValue >> 1);
        Vector256<T> least = Vector256<T>.AllBitsSet;
        Vector256<T> most = Vector256<T>.Zero;
        nuint width = (nuint)(uint)Vector256<T>.Count;
        nuint end = (nuint)(uint)bits.Length;
        for (nuint i = 0; i + width <= end; i += width)
        {
            Vector256<T> a = Vector256.LoadUnsafe(ref first, i);
            least = Vector256.Min(least, a ^ ~magnitude);
            most = Vector256.Max(most, a & magnitude);
        }

        return !Vector256.EqualsAny(least, Vector256<T>.Zero)
            && Vector256.LessThanOrEqualAll(most, Vector256.Create(infinity));
    }
}
