#pragma warning disable RS0030 // Vector loads over spans; lengths bound every load.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>The two largest scores of a row in one pass, without their places.</summary>
internal static class LeadingTwo
{
    /// <param name="scores">At least two. Of scores that are not finite the answer is of no use.</param>
    /// <param name="largest">The largest.</param>
    /// <param name="second">The largest of the others: the same if two are.</param>
    public static void Find(ReadOnlySpan<float> scores, out float largest, out float second)
    {
        if (scores.Length <= PartialRow.Most ? Vector512.IsHardwareAccelerated : Vector128.IsHardwareAccelerated)
        {
            FindWide(scores, out largest, out second);
            return;
        }

        FindScalar(scores, out largest, out second);
    }

    /// <summary>The portable twin.</summary>
    public static void FindScalar(ReadOnlySpan<float> scores, out float largest, out float second)
    {
        largest = float.NegativeInfinity;
        second = float.NegativeInfinity;
        foreach (float score in scores)
        {
            float lesser = score > largest ? largest : score;
            largest = score > largest ? score : largest;
            second = lesser > second ? lesser : second;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void FindWide(ReadOnlySpan<float> scores, out float largest, out float second)
    {
        Vector512<float> none = Vector512.Create(float.NegativeInfinity);
        Vector512<float> high = none;
        Vector512<float> next = none;
        if (scores.Length <= PartialRow.Most)
        {
            high = Vector512.ConditionalSelect(Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(scores.Length)).AsSingle(), PartialRow.Load(scores), none);
        }
        else
        {
            ref float first = ref MemoryMarshal.GetReference(scores);
            int i = 0;
            for (; i + Vector512<float>.Count <= scores.Length; i += Vector512<float>.Count)
            {
                Vector512<float> values = Vector512.LoadUnsafe(ref first, (nuint)(uint)i);
                next = Vector512.MaxNative(next, Vector512.MinNative(values, high));
                high = Vector512.MaxNative(values, high);
            }

            if (i < scores.Length)
            {
                // The last ones, of which those that were there already count once.
                int at = scores.Length - Vector512<float>.Count;
                Vector512<float> isNew = Vector512.GreaterThanOrEqual(Vector512<int>.Indices, Vector512.Create(i - at)).AsSingle();
                Vector512<float> values = Vector512.ConditionalSelect(isNew, Vector512.LoadUnsafe(ref first, (nuint)(uint)at), none);
                next = Vector512.MaxNative(next, Vector512.MinNative(values, high));
                high = Vector512.MaxNative(values, high);
            }
        }

        largest = RowScan.Largest(high);
        Vector512<float> leads = Vector512.Equals(high, Vector512.Create(largest));
        if (System.Numerics.BitOperations.PopCount(leads.ExtractMostSignificantBits()) > 1)
        {
            second = largest;
            return;
        }

        second = RowScan.Largest(Vector512.ConditionalSelect(leads, next, high)); // elsewhere a lane's largest is at least its next
    }
}
