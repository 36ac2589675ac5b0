#pragma warning disable RS0030 // Vector loads over spans; the entry point checks lengths first.
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Copies the hashes that reach a floor and repeat neither the hash before them nor the one a block before.</summary>
/// <remarks>Repeats are looked for only where the floor is reached, so a block of unlike hashes costs one comparison each.</remarks>
internal static class HashFilter
{
    /// <summary>Filters a block of hashes.</summary>
    /// <param name="hashes">One hash that came before the block, then the block's.</param>
    /// <param name="earlier">The hashes a block before, one shorter than <paramref name="hashes"/> or longer; or empty.</param>
    /// <param name="floor">The least hash wanted.</param>
    /// <param name="kept">Takes the kept ones in order; one shorter than <paramref name="hashes"/>, or longer.</param>
    /// <returns>How many were kept.</returns>
    public static int Filter(ReadOnlySpan<ulong> hashes, ReadOnlySpan<ulong> earlier, ulong floor, Span<ulong> kept)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(kept.Length, hashes.Length - 1, nameof(kept));
        if (!earlier.IsEmpty)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(earlier.Length, hashes.Length - 1, nameof(earlier));
        }

        int done = 0;
        int count = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            count = Filter512(hashes, earlier, floor, kept, out done);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            count = Filter256(hashes, earlier, floor, kept, out done);
        }

        return count + FilterScalar(hashes[done..], earlier.IsEmpty ? earlier : earlier[done..], floor, kept[count..]);
    }

    /// <summary>The portable twin of <see cref="Filter"/>.</summary>
    public static int FilterScalar(ReadOnlySpan<ulong> hashes, ReadOnlySpan<ulong> earlier, ulong floor, Span<ulong> kept)
    {
        int count = 0;
        for (int i = 1; i < hashes.Length; i++)
        {
            if (hashes[i] >= floor && hashes[i] != hashes[i - 1] && (earlier.IsEmpty || hashes[i] != earlier[i - 1]))
            {
                kept[count++] = hashes[i];
            }
        }

        return count;
    }

    /// <summary>Two are written whether there are two or one: a guess at their number is wrong more often than not.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Append(ReadOnlySpan<ulong> vector, Span<ulong> kept, int count, ulong wanted)
    {
        int end = count + BitOperations.PopCount(wanted);
        if (wanted != 0)
        {
            kept[count++] = vector[BitOperations.TrailingZeroCount(wanted)];
            wanted &= wanted - 1;
            if (count < kept.Length)
            {
                kept[count++] = vector[BitOperations.TrailingZeroCount(wanted) & (vector.Length - 1)];
                wanted &= wanted - 1;
            }

            for (; wanted != 0; wanted &= wanted - 1)
            {
                kept[count++] = vector[BitOperations.TrailingZeroCount(wanted)];
            }
        }

        return end;
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static int Filter512(ReadOnlySpan<ulong> hashes, ReadOnlySpan<ulong> earlier, ulong floor, Span<ulong> kept, out int done)
    {
        ref ulong h = ref MemoryMarshal.GetReference(hashes);
        ref ulong e = ref MemoryMarshal.GetReference(earlier);
        Vector512<ulong> least = Vector512.Create(floor);
        int vectors = (hashes.Length - 1) / Vector512<ulong>.Count;
        int count = 0;
        for (int i = 0; i < vectors * 8; i += 8)
        {
            Vector512<ulong> current = Vector512.LoadUnsafe(ref h, (nuint)(uint)i + 1);
            ulong wanted = Vector512.GreaterThanOrEqual(current, least).ExtractMostSignificantBits();
            if (wanted != 0)
            {
                wanted &= ~Vector512.Equals(current, Vector512.LoadUnsafe(ref h, (nuint)(uint)i)).ExtractMostSignificantBits();
                if (!earlier.IsEmpty)
                {
                    wanted &= ~Vector512.Equals(current, Vector512.LoadUnsafe(ref e, (nuint)(uint)i)).ExtractMostSignificantBits();
                }

                count = Append(hashes.Slice(i + 1, Vector512<ulong>.Count), kept, count, wanted);
            }
        }

        done = vectors * 8;
        return count;
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static int Filter256(ReadOnlySpan<ulong> hashes, ReadOnlySpan<ulong> earlier, ulong floor, Span<ulong> kept, out int done)
    {
        ref ulong h = ref MemoryMarshal.GetReference(hashes);
        ref ulong e = ref MemoryMarshal.GetReference(earlier);
        Vector256<ulong> least = Vector256.Create(floor);
        int vectors = (hashes.Length - 1) / Vector256<ulong>.Count;
        int count = 0;
        for (int i = 0; i < vectors * 4; i += 4)
        {
            Vector256<ulong> current = Vector256.LoadUnsafe(ref h, (nuint)(uint)i + 1);
            uint wanted = Vector256.GreaterThanOrEqual(current, least).ExtractMostSignificantBits();
            if (wanted != 0)
            {
                wanted &= ~Vector256.Equals(current, Vector256.LoadUnsafe(ref h, (nuint)(uint)i)).ExtractMostSignificantBits();
                if (!earlier.IsEmpty)
                {
                    wanted &= ~Vector256.Equals(current, Vector256.LoadUnsafe(ref e, (nuint)(uint)i)).ExtractMostSignificantBits();
                }

                count = Append(hashes.Slice(i + 1, Vector256<ulong>.Count), kept, count, wanted);
            }
        }

        done = vectors * 4;
        return count;
    }
}
