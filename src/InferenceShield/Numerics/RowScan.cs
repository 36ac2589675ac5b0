#pragma warning disable RS0030 // Vector loads over spans; lengths bound every load.
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Looks a row of scores over in one pass: is it finite, what are its ends.</summary>
internal static class RowScan
{
    /// <summary>The shortest row that has a bar: see <see cref="TryFindBar"/>.</summary>
    public const int Lanes = 16;

    private const int Magnitude = 0x7FFFFFFF;

    /// <summary>The bits of infinity; those of a NaN are above.</summary>
    private const int Infinity = 0x7F800000;

    /// <summary>Finds the smallest and the largest of the scores.</summary>
    /// <param name="scores">At least one.</param>
    /// <param name="least">The smallest; of no use if the answer is false.</param>
    /// <param name="largest">The largest; likewise.</param>
    /// <returns>False if a score is not finite.</returns>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static bool TryFindEnds(ReadOnlySpan<float> scores, out float least, out float largest)
    {
        if (!Vector.IsHardwareAccelerated || scores.Length < Vector<float>.Count)
        {
            return TryFindEndsScalar(scores, out least, out largest);
        }

        if (Vector512.IsHardwareAccelerated && scores.Length >= Vector512<float>.Count)
        {
            return TryFindEnds512(scores, out least, out largest);
        }

        ref float first = ref MemoryMarshal.GetReference(scores);
        nuint last = (nuint)(uint)(scores.Length - Vector<float>.Count);
        Vector<float> high = Vector.LoadUnsafe(ref first, last);
        Vector<float> low = high;
        Vector<int> magnitudes = Vector.AsVectorInt32(high) & new Vector<int>(Magnitude);
        for (nuint i = 0; i < last; i += (nuint)(uint)Vector<float>.Count)
        {
            Vector<float> values = Vector.LoadUnsafe(ref first, i);
            high = Vector.MaxNative(values, high);
            low = Vector.MinNative(values, low);
            magnitudes = Vector.Max(magnitudes, Vector.AsVectorInt32(values) & new Vector<int>(Magnitude));
        }

        least = low[0];
        largest = high[0];
        for (int lane = 1; lane < Vector<float>.Count; lane++)
        {
            least = low[lane] < least ? low[lane] : least;
            largest = high[lane] > largest ? high[lane] : largest;
        }

        return Vector.LessThanAll(magnitudes, new Vector<int>(Infinity));
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static bool TryFindEnds512(ReadOnlySpan<float> scores, out float least, out float largest)
    {
        ref float first = ref MemoryMarshal.GetReference(scores);
        nuint last = (nuint)(uint)(scores.Length - Vector512<float>.Count);
        Vector512<float> high = Vector512.LoadUnsafe(ref first, last);
        Vector512<float> low = high;
        Vector512<int> magnitudes = high.AsInt32() & Vector512.Create(Magnitude);
        for (nuint i = 0; i < last; i += (nuint)(uint)Vector512<float>.Count)
        {
            Vector512<float> values = Vector512.LoadUnsafe(ref first, i);
            high = Vector512.MaxNative(values, high);
            low = Vector512.MinNative(values, low);
            magnitudes = Vector512.Max(magnitudes, values.AsInt32() & Vector512.Create(Magnitude));
        }

        largest = Largest(high);
        least = -Largest(-low);
        return Vector512.LessThanAll(magnitudes, Vector512.Create(Infinity));
    }

    /// <summary>The largest of sixteen numbers, none of them NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Largest(Vector512<float> values)
    {
        Vector256<float> eight = Vector256.MaxNative(values.GetLower(), values.GetUpper());
        Vector128<float> four = Vector128.MaxNative(eight.GetLower(), eight.GetUpper());
        four = Vector128.MaxNative(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Vector128.MaxNative(four, Vector128.Shuffle(four, Vector128.Create(1, 0, 3, 2)))[0];
    }

    /// <summary>The largest score; negative infinity of none.</summary>
    /// <param name="scores">No NaN.</param>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static float FindLargest(ReadOnlySpan<float> scores)
    {
        if (!Vector128.IsHardwareAccelerated || scores.Length < Vector512<float>.Count)
        {
            return FindLargestScalar(scores);
        }

        ref float first = ref MemoryMarshal.GetReference(scores);
        nuint last = (nuint)(uint)(scores.Length - Vector512<float>.Count);
        Vector512<float> high = Vector512.LoadUnsafe(ref first, last);
        for (nuint i = 0; i < last; i += (nuint)(uint)Vector512<float>.Count)
        {
            high = Vector512.MaxNative(Vector512.LoadUnsafe(ref first, i), high);
        }

        return Largest(high);
    }

    /// <summary>The portable twin of <see cref="FindLargest"/>.</summary>
    public static float FindLargestScalar(ReadOnlySpan<float> scores)
    {
        float largest = float.NegativeInfinity;
        foreach (float score in scores)
        {
            largest = score > largest ? score : largest;
        }

        return largest;
    }

    /// <summary>The portable twin of <see cref="TryFindEnds"/>.</summary>
    public static bool TryFindEndsScalar(ReadOnlySpan<float> scores, out float least, out float largest)
    {
        least = scores[0];
        largest = scores[0];
        bool finite = true;
        foreach (float score in scores)
        {
            finite &= float.IsFinite(score);
            least = score < least ? score : least;
            largest = score > largest ? score : largest;
        }

        return finite;
    }

    /// <summary>Finds a bar that at least so many scores reach, and few more of most rows: the k-th largest of the maxima of sixteen
    /// lanes.</summary>
    /// <param name="scores">At least <see cref="Lanes"/>.</param>
    /// <param name="count">k: 1 to <see cref="Lanes"/>.</param>
    /// <param name="bar">One of the scores; of no use if the answer is false.</param>
    /// <returns>False if a score is not finite.</returns>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static bool TryFindBar(ReadOnlySpan<float> scores, int count, out float bar)
    {
        if (!Vector128.IsHardwareAccelerated)
        {
            return TryFindBarScalar(scores, count, out bar);
        }

        ref float first = ref MemoryMarshal.GetReference(scores);
        Vector512<float> least = Vector512.Create(float.NegativeInfinity);
        Vector512<float> high = least;
        Vector512<float> high2 = least;
        Vector512<int> magnitudes = Vector512<int>.Zero;
        Vector512<int> magnitudes2 = Vector512<int>.Zero;
        nuint i = 0;
        for (; i + (2 * Lanes) <= (uint)scores.Length; i += 2 * Lanes)
        {
            Vector512<float> values = Vector512.LoadUnsafe(ref first, i);
            Vector512<float> values2 = Vector512.LoadUnsafe(ref first, i + Lanes);
            high = Vector512.MaxNative(values, high);
            high2 = Vector512.MaxNative(values2, high2);
            magnitudes = Vector512.Max(magnitudes, values.AsInt32() & Vector512.Create(Magnitude));
            magnitudes2 = Vector512.Max(magnitudes2, values2.AsInt32() & Vector512.Create(Magnitude));
        }

        // The last ones, of which those that were there already count once.
        for (; i < (uint)scores.Length; i += Lanes)
        {
            nuint at = Math.Min(i, (nuint)(uint)(scores.Length - Lanes));
            Vector512<float> values = Vector512.LoadUnsafe(ref first, at);
            magnitudes = Vector512.Max(magnitudes, values.AsInt32() & Vector512.Create(Magnitude));
            Vector512<int> isNew = Vector512.GreaterThanOrEqual(Vector512<int>.Indices, Vector512.Create((int)(i - at)));
            high = Vector512.MaxNative(Vector512.ConditionalSelect(isNew.AsSingle(), values, least), high);
        }

        magnitudes = Vector512.Max(magnitudes, magnitudes2);
        high = Vector512.MaxNative(high, high2);
        bar = Largest(high);
        for (int rank = 1; rank < count; rank++)
        {
            int lane = BitOperations.TrailingZeroCount(Vector512.Equals(high, Vector512.Create(bar)).ExtractMostSignificantBits());
            high = Vector512.ConditionalSelect(Vector512.Equals(Vector512<int>.Indices, Vector512.Create(lane)).AsSingle(), least, high);
            bar = Largest(high);
        }

        return Vector512.LessThanAll(magnitudes, Vector512.Create(Infinity));
    }

    /// <summary>A portable twin of <see cref="TryFindBar"/>: it finds a bar as good, but another where lanes meet at the end of a row.</summary>
    public static bool TryFindBarScalar(ReadOnlySpan<float> scores, int count, out float bar)
    {
        Span<float> maxima = stackalloc float[Lanes];
        maxima.Fill(float.NegativeInfinity);
        bool finite = true;
        for (int i = 0; i < scores.Length; i++)
        {
            finite &= float.IsFinite(scores[i]);
            maxima[i % Lanes] = scores[i] > maxima[i % Lanes] ? scores[i] : maxima[i % Lanes];
        }

        maxima.Sort();
        bar = maxima[^count];
        return finite;
    }

    /// <summary>Collects the indices of all scores that reach a bar.</summary>
    /// <param name="scores">No NaN.</param>
    /// <param name="bar">Any.</param>
    /// <param name="indices">Filled in order.</param>
    /// <returns>How many; 0 if there is no room for all.</returns>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static int Collect(ReadOnlySpan<float> scores, float bar, Span<int> indices)
    {
        int count = 0;
        int i = 0;
        if (Vector128.IsHardwareAccelerated)
        {
            ref float first = ref MemoryMarshal.GetReference(scores);
            Vector512<float> bars = Vector512.Create(bar);
            for (; i + Lanes <= scores.Length; i += Lanes)
            {
                ulong reach = Vector512.GreaterThanOrEqual(Vector512.LoadUnsafe(ref first, (nuint)(uint)i), bars).ExtractMostSignificantBits();
                for (; reach != 0; reach &= reach - 1)
                {
                    if (count == indices.Length)
                    {
                        return 0;
                    }

                    indices[count++] = i + BitOperations.TrailingZeroCount(reach);
                }
            }
        }

        for (; i < scores.Length; i++)
        {
            if (scores[i] >= bar)
            {
                if (count == indices.Length)
                {
                    return 0;
                }

                indices[count++] = i;
            }
        }

        return count;
    }

    /// <summary>The first index of a score that is there; 0 and -0 are the same.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static int Find(ReadOnlySpan<float> scores, float score)
    {
        int i = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            ref float first = ref MemoryMarshal.GetReference(scores);
            Vector512<float> wanted = Vector512.Create(score);
            while (i + Vector512<float>.Count <= scores.Length && !Vector512.EqualsAny(Vector512.LoadUnsafe(ref first, (nuint)(uint)i), wanted))
            {
                i += Vector512<float>.Count;
            }
        }
        else if (Vector.IsHardwareAccelerated)
        {
            ref float first = ref MemoryMarshal.GetReference(scores);
            Vector<float> wanted = new(score);
            while (i + Vector<float>.Count <= scores.Length && !Vector.EqualsAny(Vector.LoadUnsafe(ref first, (nuint)(uint)i), wanted))
            {
                i += Vector<float>.Count;
            }
        }

        while (scores[i] != score)
        {
            i++;
        }

        return i;
    }

    /// <summary>The first index from a start on whose value is above a bound; the length if there is none.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static int FindAbove(ReadOnlySpan<double> values, int start, double bound)
    {
        int i = start;
        if (Vector.IsHardwareAccelerated)
        {
            ref double first = ref MemoryMarshal.GetReference(values);
            Vector<double> bounds = new(bound);
            while (i + Vector<double>.Count <= values.Length && !Vector.GreaterThanAny(Vector.LoadUnsafe(ref first, (nuint)(uint)i), bounds))
            {
                i += Vector<double>.Count;
            }
        }

        while (i < values.Length && !(values[i] > bound))
        {
            i++;
        }

        return i;
    }
}
