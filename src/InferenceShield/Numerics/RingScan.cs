#pragma warning disable RS0030 // Vector loads over spans whose length is checked first.
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Looks through a ring of 64 words.</summary>
internal static class RingScan
{
    public const int Length = 64;

    /// <summary>Which words differ from <paramref name="word"/> in one bit at most: one bit a place.</summary>
    public static ulong FindNear(ReadOnlySpan<ulong> words, ulong word)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(words.Length, Length, nameof(words));
        if (!Vector256.IsHardwareAccelerated)
        {
            return FindNearScalar(words, word);
        }

        ref ulong first = ref MemoryMarshal.GetReference(words);
        Vector256<ulong> wanted = Vector256.Create(word);
        ulong found = 0;
        for (int i = Length - Vector256<ulong>.Count; i >= 0; i -= Vector256<ulong>.Count)
        {
            // Without its lowest bit nothing is left.
            Vector256<ulong> difference = Vector256.LoadUnsafe(ref first, (nuint)(uint)i) ^ wanted;
            Vector256<ulong> rest = difference & (difference + Vector256<ulong>.AllBitsSet);
            found = (found << Vector256<ulong>.Count) | Vector256.Equals(rest, Vector256<ulong>.Zero).ExtractMostSignificantBits();
        }

        return found;
    }

    /// <summary>The portable twin of <see cref="FindNear"/>.</summary>
    public static ulong FindNearScalar(ReadOnlySpan<ulong> words, ulong word)
    {
        ulong found = 0;
        for (int i = 0; i < Length; i++)
        {
            ulong difference = words[i] ^ word;
            found |= ((difference & (difference - 1)) == 0 ? 1UL : 0) << i;
        }

        return found;
    }
}
