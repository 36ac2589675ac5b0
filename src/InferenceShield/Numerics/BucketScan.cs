#pragma warning disable RS0030 // Vector loads over an array; the entry point checks the bucket's place first.
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Looks through a bucket of eight words: an id in the high half, a tag in the low one; 0 is free.</summary>
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

    /// <summary>The place of a free word, else of the one whose id is furthest behind; of equals the last.</summary>
    /// <param name="words">The words.</param>
    /// <param name="start">Where the bucket starts.</param>
    /// <param name="id">The id of now. Ids up to 2^31 ahead of it are new, not old.</param>
    public static int Oldest(ulong[] words, int start, uint id)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)start, (uint)(words.Length - BucketSize), nameof(start));
        if (Vector512.IsHardwareAccelerated)
        {
            Vector512<ulong> keys = Keys(Vector512.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(words), (nuint)(uint)start), id);
            Vector256<ulong> four = Vector256.Max(keys.GetLower(), keys.GetUpper());
            Vector128<ulong> two = Vector128.Max(four.GetLower(), four.GetUpper());
            return (int)(Math.Max(two[0], two[1]) & (BucketSize - 1));
        }

        return OldestScalar(words, start, id);
    }

    /// <summary>The portable twin of <see cref="Oldest"/>.</summary>
    public static int OldestScalar(ulong[] words, int start, uint id)
    {
        ulong best = 0;
        for (int i = 0; i < BucketSize; i++)
        {
            best = Math.Max(best, ((ulong)AgeOf(words[start + i], id) << 3) | (uint)i);
        }

        return (int)(best & (BucketSize - 1));
    }

    /// <summary>How far behind a word's id is: 0 for one that is ahead, the most for a free word.</summary>
    public static uint AgeOf(ulong word, uint id)
    {
        uint age = id - (uint)(word >> 32);
        return word == 0 ? uint.MaxValue : age > int.MaxValue ? 0 : age;
    }

    /// <summary>The age of each word, and its place in the three lowest bits.</summary>
    private static Vector512<ulong> Keys(Vector512<ulong> words, uint id)
    {
        Vector512<ulong> age = (Vector512.Create((ulong)id) - (words >> 32)) & Vector512.Create((ulong)uint.MaxValue);
        age = Vector512.ConditionalSelect(Vector512.GreaterThan(age, Vector512.Create((ulong)int.MaxValue)), Vector512<ulong>.Zero, age);
        age = Vector512.ConditionalSelect(Vector512.Equals(words, Vector512<ulong>.Zero), Vector512.Create((ulong)uint.MaxValue), age);
        return (age << 3) | Vector512.Create(0UL, 1, 2, 3, 4, 5, 6, 7);
    }
}
