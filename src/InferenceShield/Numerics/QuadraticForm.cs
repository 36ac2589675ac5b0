#pragma warning disable RS0030 // Vector loads over spans whose length is checked first.
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>x'Mx + linear x + absolute |x| of 12 numbers, in one fixed order (sixteen lanes and a tree), so that the bits are the same on every machine.</summary>
/// <remarks>Thresholds hang on it. Products and sums are rounded one by one: a fused product would differ where there is none.</remarks>
internal static class QuadraticForm
{
    public const int Dimension = 12;

    /// <summary>A row of the matrix, and x, are filled up with zeros to so many.</summary>
    public const int Lanes = 16;

    /// <summary>A 12 x 12 matrix with its rows filled up.</summary>
    public static float[] Pad(ReadOnlySpan<float> matrix)
    {
        float[] padded = new float[matrix.Length / Dimension * Lanes];
        for (int row = 0; row < matrix.Length / Dimension; row++)
        {
            matrix.Slice(row * Dimension, Dimension).CopyTo(padded.AsSpan(row * Lanes));
        }

        return padded;
    }

    /// <summary>The form.</summary>
    /// <param name="matrix">12 x 16.</param>
    /// <param name="linear">16.</param>
    /// <param name="absolute">16.</param>
    /// <param name="x">16, the last four 0.</param>
    public static float Of(ReadOnlySpan<float> matrix, ReadOnlySpan<float> linear, ReadOnlySpan<float> absolute, ReadOnlySpan<float> x)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(matrix.Length, Dimension * Lanes, nameof(matrix));
        ArgumentOutOfRangeException.ThrowIfNotEqual(linear.Length, Lanes, nameof(linear));
        ArgumentOutOfRangeException.ThrowIfNotEqual(absolute.Length, Lanes, nameof(absolute));
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Length, Lanes, nameof(x));
        if (!Vector256.IsHardwareAccelerated)
        {
            return OfScalar(matrix, linear, absolute, x);
        }

        ref float rows = ref MemoryMarshal.GetReference(matrix);
        Vector256<float> low = Vector256<float>.Zero;
        Vector256<float> high = Vector256<float>.Zero;
        for (int row = 0; row < Dimension; row++)
        {
            Vector256<float> factor = Vector256.Create(x[row]);
            low += Vector256.LoadUnsafe(ref rows, (nuint)(uint)(row * Lanes)) * factor;
            high += Vector256.LoadUnsafe(ref rows, (nuint)(uint)((row * Lanes) + 8)) * factor;
        }

        Vector256<float> sum = Half(low, linear, absolute, x, 0) + Half(high, linear, absolute, x, 8);
        Vector128<float> four = sum.GetLower() + sum.GetUpper();
        return (four[0] + four[2]) + (four[1] + four[3]);
    }

    /// <summary>The portable twin of <see cref="Of"/>.</summary>
    public static float OfScalar(ReadOnlySpan<float> matrix, ReadOnlySpan<float> linear, ReadOnlySpan<float> absolute, ReadOnlySpan<float> x)
    {
        Span<float> sums = stackalloc float[Lanes];
        for (int lane = 0; lane < Lanes; lane++)
        {
            float sum = 0;
            for (int row = 0; row < Dimension; row++)
            {
                sum += matrix[(row * Lanes) + lane] * x[row];
            }

            sums[lane] = (sum * x[lane]) + (linear[lane] * x[lane]) + (absolute[lane] * Math.Abs(x[lane]));
        }

        return FixedOrderSum.Finish(sums, []);
    }

    private static Vector256<float> Half(Vector256<float> sum, ReadOnlySpan<float> linear, ReadOnlySpan<float> absolute, ReadOnlySpan<float> x, nuint at)
    {
        Vector256<float> own = Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(x), at);
        return (sum * own)
            + (Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(linear), at) * own)
            + (Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(absolute), at) * Vector256.Abs(own));
    }
}
