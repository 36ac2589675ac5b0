#pragma warning disable RS0030 // Vector loads over spans whose length is checked first.
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Takes a vector into its sum and into two exponentially weighted means.</summary>
internal static class RunningMeans
{
    /// <summary>sums += v; fast += (v - fast) fastShare; slow likewise. The bits are the same on every machine.</summary>
    /// <param name="vector">A multiple of 8 numbers; the others are as many.</param>
    /// <param name="sums">Changed.</param>
    /// <param name="fast">Changed.</param>
    /// <param name="slow">Changed.</param>
    /// <param name="fastShare">0 to 1.</param>
    /// <param name="slowShare">0 to 1.</param>
    public static void Add(ReadOnlySpan<float> vector, Span<double> sums, Span<float> fast, Span<float> slow, float fastShare, float slowShare)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(vector.Length % 8, 0, nameof(vector));
        ArgumentOutOfRangeException.ThrowIfNotEqual(sums.Length, vector.Length, nameof(sums));
        ArgumentOutOfRangeException.ThrowIfNotEqual(fast.Length, vector.Length, nameof(fast));
        ArgumentOutOfRangeException.ThrowIfNotEqual(slow.Length, vector.Length, nameof(slow));
        if (!Vector256.IsHardwareAccelerated)
        {
            AddScalar(vector, sums, fast, slow, fastShare, slowShare);
            return;
        }

        ref float from = ref MemoryMarshal.GetReference(vector);
        ref double sum = ref MemoryMarshal.GetReference(sums);
        ref float quick = ref MemoryMarshal.GetReference(fast);
        ref float lasting = ref MemoryMarshal.GetReference(slow);
        for (int i = 0; i < vector.Length; i += Vector256<float>.Count)
        {
            nuint at = (nuint)(uint)i;
            Vector256<float> v = Vector256.LoadUnsafe(ref from, at);
            (Vector256<double> lower, Vector256<double> upper) = Vector256.Widen(v);
            (Vector256.LoadUnsafe(ref sum, at) + lower).StoreUnsafe(ref sum, at);
            (Vector256.LoadUnsafe(ref sum, at + 4) + upper).StoreUnsafe(ref sum, at + 4);
            Vector256<float> mean = Vector256.LoadUnsafe(ref quick, at);
            (mean + ((v - mean) * fastShare)).StoreUnsafe(ref quick, at);
            mean = Vector256.LoadUnsafe(ref lasting, at);
            (mean + ((v - mean) * slowShare)).StoreUnsafe(ref lasting, at);
        }
    }

    /// <summary>The portable twin of <see cref="Add"/>.</summary>
    public static void AddScalar(ReadOnlySpan<float> vector, Span<double> sums, Span<float> fast, Span<float> slow, float fastShare, float slowShare)
    {
        for (int i = 0; i < vector.Length; i++)
        {
            sums[i] += vector[i];
            fast[i] += (vector[i] - fast[i]) * fastShare;
            slow[i] += (vector[i] - slow[i]) * slowShare;
        }
    }
}
