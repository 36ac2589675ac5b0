#pragma warning disable RS0030 // Vector loads over an array; the entry point checks the bucket's place first.
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Looks for a tag in a bucket of eight words.</summary>
internal static class BucketScan
{
    public const int BucketSize = 8;

    /// <summary>Which words of a bucket have <paramref name="tag"/> as their low half: one bit a word.</summary>
    /// <remarks>A hint where other threads write: each word is read whole, but read it again before acting on it.</remarks>
    public static uint Find(ulong[] words, int start, uint tag)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)start, (uint)(words.Length - BucketSize), nameof(start));
        if (Vector512.IsHardwareAccelerated)
        {
            Vector512<ulong> bucket = Vector512.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(words), (nuint)(uint)start);
            return (uint)Vector512.Equals(bucket & Vector512.Create((ulong)uint.MaxValue), Vector512.Create((ulong)tag)).ExtractMostSignificantBits();
        }

        if (Vector256.IsHardwareAccelerated)
        {
            Vector256<ulong> low = Vector256.Create((ulong)uint.MaxValue);
            Vector256<ulong> wanted = Vector256.Create((ulong)tag);
            ref ulong first = ref MemoryMarshal.GetArrayDataReference(words);
            return Vector256.Equals(Vector256.LoadUnsafe(ref first, (nuint)(uint)start) & low, wanted).ExtractMostSignificantBits()
                | (Vector256.Equals(Vector256.LoadUnsafe(ref first, (nuint)(uint)start + 4) & low, wanted).ExtractMostSignificantBits() << 4);
        }

        return FindScalar(words, start, tag);
    }

    /// <summary>The portable twin of <see cref="Find"/>.</summary>
    public static uint FindScalar(ulong[] words, int start, uint tag)
    {
        uint found = 0;
        for (int i = 0; i < BucketSize; i++)
        {
            found |= ((uint)words[start + i] == tag ? 1u : 0) << i;
        }

        return found;
    }
}
