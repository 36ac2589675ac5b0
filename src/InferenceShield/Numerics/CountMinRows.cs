using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Where an item's counters are, and the least of four without a branch.</summary>
internal static class CountMinRows
{
    /// <summary>32 fresh bits for each of two rows; for the first two, the hash itself.</summary>
    /// <remarks>Not the usual first + row x second: two items that share both would share all rows, which at small widths
    /// happens often enough to break the bound. The finalizer of SplitMix64 (Steele, Lea and Flood, 2014) needs no
    /// secret: what goes in is a keyed hash.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Bits(ulong hash, int pair)
    {
        if (pair == 0)
        {
            return hash;
        }

        hash += (ulong)pair * 0x9e3779b97f4a7c15;
        hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
        hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
        return hash ^ (hash >> 31);
    }

    /// <summary>The counter in one row: the top bits of its 32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Index(ulong hash, int row, int widthBits) =>
        (row << widthBits) + (int)((uint)(Bits(hash, row >> 1) >> (32 * (row & 1))) >> (32 - widthBits));

    /// <summary>The counters in rows 0 to 3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (int First, int Second, int Third, int Fourth) Indices(ulong hash, int widthBits)
    {
        ulong more = Bits(hash, 1);
        int shift = 32 - widthBits;
        int width = 1 << widthBits;
        return ((int)((uint)hash >> shift), width + (int)(hash >> (32 + shift)), 2 * width + (int)((uint)more >> shift), 3 * width + (int)(more >> (32 + shift)));
    }

    /// <summary>The least of four in every lane. Which one it is, is as random as the hash, so a branch would be mispredicted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Least(Vector128<int> counters)
    {
        Vector128<int> least = Vector128.Min(counters, Vector128.Shuffle(counters, Vector128.Create(2, 3, 0, 1)));
        return Vector128.Min(least, Vector128.Shuffle(least, Vector128.Create(1, 0, 3, 2)));
    }
}
