#pragma warning disable RS0030 // Vector loads over spans; the entry point checks lengths first.
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>The fast Walsh-Hadamard transform: n log2 n additions, in place, not normalised.</summary>
/// <remarks>Every sum is formed in one fixed order, so the bits are the same at every vector width and without vectors.</remarks>
internal static class WalshHadamard
{
    /// <summary>The shortest transform.</summary>
    public const int ShortestLength = 16;

    /// <summary>Transforms in place.</summary>
    /// <param name="values">A power of two of them, at least <see cref="ShortestLength"/>.</param>
    public static void Transform(Span<float> values)
    {
        Debug.Assert(values.Length >= ShortestLength && int.IsPow2(values.Length), "a power of two");
        if (!Vector128.IsHardwareAccelerated)
        {
            TransformScalar(values);
            return;
        }

        TransformSixteens(values);
        for (int half = ShortestLength; half < values.Length; half *= 2)
        {
            Combine(values, half);
        }
    }

    /// <summary>The portable twin of <see cref="Transform"/>.</summary>
    public static void TransformScalar(Span<float> values)
    {
        for (int half = 1; half < values.Length; half *= 2)
        {
            for (int start = 0; start < values.Length; start += 2 * half)
            {
                for (int i = start; i < start + half; i++)
                {
                    (values[i], values[i + half]) = (values[i] + values[i + half], values[i] - values[i + half]);
                }
            }
        }
    }

    /// <summary>The first four stages, sixteen values at a time.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void TransformSixteens(Span<float> values)
    {
        ref float first = ref MemoryMarshal.GetReference(values);
        for (nuint i = 0; i < (nuint)(uint)values.Length; i += 16)
        {
            Vector128<float> a = TransformFour(Vector128.LoadUnsafe(ref first, i));
            Vector128<float> b = TransformFour(Vector128.LoadUnsafe(ref first, i + 4));
            Vector128<float> c = TransformFour(Vector128.LoadUnsafe(ref first, i + 8));
            Vector128<float> d = TransformFour(Vector128.LoadUnsafe(ref first, i + 12));
            (a, b) = (a + b, a - b);
            (c, d) = (c + d, c - d);
            (a + c).StoreUnsafe(ref first, i);
            (b + d).StoreUnsafe(ref first, i + 4);
            (a - c).StoreUnsafe(ref first, i + 8);
            (b - d).StoreUnsafe(ref first, i + 12);
        }
    }

    /// <summary>Where a lane is the lower of its pair: it plus its partner; where it is the upper: its partner minus it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> TransformFour(Vector128<float> x)
    {
        x = Vector128.Shuffle(x, Vector128.Create(1, 0, 3, 2)) + (x ^ Vector128.Create(0f, -0f, 0f, -0f));
        return Vector128.Shuffle(x, Vector128.Create(2, 3, 0, 1)) + (x ^ Vector128.Create(0f, 0f, -0f, -0f));
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Combine(Span<float> values, int half)
    {
        ref float first = ref MemoryMarshal.GetReference(values);
        nuint distance = (nuint)(uint)half;
        for (nuint start = 0; start < (nuint)(uint)values.Length; start += 2 * distance)
        {
            // Without 512-bit vectors the same expressions run as two of 256 bits.
            for (nuint i = start; i < start + distance; i += 16)
            {
                Vector512<float> a = Vector512.LoadUnsafe(ref first, i);
                Vector512<float> b = Vector512.LoadUnsafe(ref first, i + distance);
                (a + b).StoreUnsafe(ref first, i);
                (a - b).StoreUnsafe(ref first, i + distance);
            }
        }
    }
}
