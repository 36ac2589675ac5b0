#pragma warning disable RS0030 // Vector loads over spans; lengths bound every load.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Copies rows of input so that whatever they hold is finite. Element by element, so the bits are the same everywhere.</summary>
internal static class FiniteRow
{
    private const int Lanes = 16;

    /// <summary>NaN becomes 0; all else is held between two bounds.</summary>
    /// <param name="row">Any numbers.</param>
    /// <param name="least">The lower bound.</param>
    /// <param name="largest">The upper one.</param>
    /// <param name="finite">As long; not the same.</param>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void Clamp(ReadOnlySpan<float> row, float least, float largest, Span<float> finite)
    {
        finite = finite[..row.Length];
        if (!Vector128.IsHardwareAccelerated || row.Length < Lanes)
        {
            ClampScalar(row, least, largest, finite);
            return;
        }

        ref float source = ref MemoryMarshal.GetReference(row);
        ref float destination = ref MemoryMarshal.GetReference(finite);
        Vector512<float> low = Vector512.Create(least);
        Vector512<float> high = Vector512.Create(largest);
        nuint last = (nuint)(uint)(row.Length - Lanes);
        for (nuint i = 0; i < last; i += Lanes)
        {
            Clamp(Vector512.LoadUnsafe(ref source, i), low, high).StoreUnsafe(ref destination, i);
        }

        Clamp(Vector512.LoadUnsafe(ref source, last), low, high).StoreUnsafe(ref destination, last);
    }

    /// <summary>The portable twin.</summary>
    public static void ClampScalar(ReadOnlySpan<float> row, float least, float largest, Span<float> finite)
    {
        for (int i = 0; i < row.Length; i++)
        {
            finite[i] = Clamp(row[i], least, largest);
        }
    }

    /// <summary>(x - mean) * factor, NaN as 0, held between -bound and bound.</summary>
    /// <param name="row">Any numbers.</param>
    /// <param name="means">As many.</param>
    /// <param name="factors">As many.</param>
    /// <param name="bound">Above 0.</param>
    /// <param name="finite">As long; not the same.</param>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void Standardise(ReadOnlySpan<float> row, ReadOnlySpan<float> means, ReadOnlySpan<float> factors, float bound, Span<float> finite)
    {
        finite = finite[..row.Length];
        means = means[..row.Length];
        factors = factors[..row.Length];
        if (!Vector128.IsHardwareAccelerated || row.Length < Lanes)
        {
            StandardiseScalar(row, means, factors, bound, finite);
            return;
        }

        ref float source = ref MemoryMarshal.GetReference(row);
        ref float m = ref MemoryMarshal.GetReference(means);
        ref float f = ref MemoryMarshal.GetReference(factors);
        ref float destination = ref MemoryMarshal.GetReference(finite);
        Vector512<float> high = Vector512.Create(bound);
        nuint last = (nuint)(uint)(row.Length - Lanes);
        nuint i = 0;
        while (true)
        {
            Vector512<float> x = (Vector512.LoadUnsafe(ref source, i) - Vector512.LoadUnsafe(ref m, i)) * Vector512.LoadUnsafe(ref f, i);
            Clamp(x, -high, high).StoreUnsafe(ref destination, i);
            if (i == last)
            {
                return;
            }

            i = Math.Min(i + Lanes, last); // the last ones twice, where they do not fill a vector
        }
    }

    /// <summary>The portable twin.</summary>
    public static void StandardiseScalar(ReadOnlySpan<float> row, ReadOnlySpan<float> means, ReadOnlySpan<float> factors, float bound, Span<float> finite)
    {
        for (int i = 0; i < row.Length; i++)
        {
            float x = (row[i] - means[i]) * factors[i];
            finite[i] = Clamp(x, -bound, bound);
        }
    }

    private static float Clamp(float x, float least, float largest)
    {
        x = float.IsNaN(x) ? 0 : x;
        x = x > least ? x : least;
        return x < largest ? x : largest;
    }

    /// <summary>Comparisons, not minima and maxima: what these give of NaN depends on the machine.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Clamp(Vector512<float> x, Vector512<float> least, Vector512<float> largest)
    {
        x &= Vector512.Equals(x, x);
        x = Vector512.ConditionalSelect(Vector512.GreaterThan(x, least), x, least);
        return Vector512.ConditionalSelect(Vector512.LessThan(x, largest), x, largest);
    }
}
