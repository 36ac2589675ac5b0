using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>The permutation mark: keyed bits say whether the classes of ranks 2 and 3, and those of ranks 4 and 5, change places.</summary>
/// <remarks>The leading class and every probability stay what they are; only who has which of them changes. Bits are a function of key, pair
/// (unordered) and rank, or of the exact input besides. A row with a mark in its label has no such mark.</remarks>
internal static class PermutationMark
{
    /// <summary>Pairs of ranks: 2 and 3, 4 and 5.</summary>
    public const int Pairs = 2;

    /// <summary>Ranks that are looked at.</summary>
    public const int Ranks = 5;

    /// <summary>The classes of the first five ranks by clean score, equals by lower index.</summary>
    /// <param name="clean">Finite scores.</param>
    /// <param name="ranked">Five places.</param>
    /// <returns>How many there are: five, or as many as classes.</returns>
    public static int Rank(ReadOnlySpan<float> clean, Span<int> ranked)
    {
        int count = 0;
        for (int i = 0; i < clean.Length; i++)
        {
            if (count == Ranks && !(clean[i] > clean[ranked[Ranks - 1]]))
            {
                continue;
            }

            int place = count < Ranks ? count++ : Ranks - 1;
            while (place > 0 && clean[i] > clean[ranked[place - 1]])
            {
                ranked[place] = ranked[place - 1];
                place--;
            }

            ranked[place] = i;
        }

        return count;
    }

    /// <summary>The classes of a pair of ranks.</summary>
    /// <param name="ranked">From <see cref="Rank"/>, as many as it found.</param>
    /// <param name="pair">0 for ranks 2 and 3, 1 for ranks 4 and 5.</param>
    /// <param name="ahead">The class with the larger score.</param>
    /// <param name="behind">The other.</param>
    /// <returns>False if there are not so many ranks.</returns>
    public static bool TryGetPair(ReadOnlySpan<int> ranked, int pair, out int ahead, out int behind)
    {
        int first = 1 + (2 * pair);
        bool exists = first + 1 < ranked.Length;
        (ahead, behind) = exists ? (ranked[first], ranked[first + 1]) : (-1, -1);
        return exists;
    }

    /// <summary>Whether the key has a pair change places, by cell.</summary>
    public static bool Swaps(SipHashKey key, int pair, int ahead, int behind) => Swaps(SipHash.Hash(key, Pair(ahead, behind), (ulong)pair, (ulong)MarkKeying.Cell));

    /// <summary>Whether the key has a pair change places, by exact input.</summary>
    public static bool Swaps(SipHashKey key, int pair, int ahead, int behind, Hash128 input) =>
        Swaps(SipHash.Hash(key, Pair(ahead, behind) ^ ((ulong)pair << 63), input.Low, input.High)); // an index is never negative: its top bit is free

    private static bool Swaps(Hash128 bits) => (bits.Low & 1) != 0;

    private static ulong Pair(int ahead, int behind) => (uint)Math.Min(ahead, behind) | ((ulong)(uint)Math.Max(ahead, behind) << 32);
}
