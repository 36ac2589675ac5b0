#pragma warning disable RS0030 // Vector loads over spans; lengths bound every load.
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace InferenceShield.Numerics;

/// <summary>Looks a row of scores over in one pass: is it finite, what are its ends.</summary>
internal static class RowScan
{
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

        ref float first = ref MemoryMarshal.GetReference(scores);
        nuint last = (nuint)(uint)(scores.Length - Vector<float>.Count);
        Vector<float> high = Vector.LoadUnsafe(ref first, last);
        Vector<float> low = high;
        Vector<int> magnitudes = Vector.AsVectorInt32(high) & new Vector<int>(Magnitude);
        for (nuint i = 0; i < last; i += (nuint)(uint)Vector<float>.Count)
        {
            Vector<float> values = Vector.LoadUnsafe(ref first, i);
            high = Vector.ConditionalSelect(Vector.GreaterThan(values, high), values, high);
            low = Vector.ConditionalSelect(Vector.LessThan(values, low), values, low);
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

    /// <summary>The first index of a score that is there; 0 and -0 are the same.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static int Find(ReadOnlySpan<float> scores, float score)
    {
        int i = 0;
        if (Vector.IsHardwareAccelerated)
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
}
