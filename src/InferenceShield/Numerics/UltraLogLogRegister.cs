using System.Numerics;
using System.Runtime.CompilerServices;

namespace InferenceShield.Numerics;

/// <summary>The arithmetic of UltraLogLog registers: which of the levels seen are the topmost three.</summary>
/// <remarks>
/// A level is p - 1 + the leading zeros of an item's hash after its index bits: p - 1 to 63. A register is 0 while no
/// item has come, else 4 x the greatest level + 2 if the level below it was seen + 1 if the one below that was. These are
/// the bytes of hash4j (dynatrace-oss), which shift those of the paper by 4(p - 2) and thereby make a register's value
/// independent of the precision that it was recorded at: folding to a smaller precision keeps it.
/// </remarks>
internal static class UltraLogLogRegister
{
    /// <summary>The register after an item of a level; the same register if it knew the level, or no longer asks.</summary>
    public static byte Include(byte register, int level)
    {
        int above = (register >> 2) - level;
        if (above >= 0)
        {
            // 4 >> above is bit 1 or 0 for one or two levels below the greatest, and nothing further down.
            return (byte)(register | ((4 >> Math.Min(above, 3)) & 3));
        }

        int known = register == 0 ? 0 : (4 | (register & 3)) >> Math.Min(-above, 3);
        return (byte)((level << 2) | known);
    }

    /// <summary>Whether an item of a level would leave the register as it is. Without a branch: which of the ways it is, is
    /// as random as the hash, and only the answer can be predicted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Covers(byte register, int level)
    {
        // Bit k: k levels below the greatest, the item changes nothing. Set for 0, for all above 2, and by the flags.
        ulong covered = ~6UL | (register & 2u) | ((register & 1u) << 2);
        int above = (register >> 2) - level;
        return ((int)(covered >> above) & ~(above >> 31) & 1) != 0;
    }

    /// <summary>The register of both sets of items.</summary>
    public static byte Union(byte left, byte right)
    {
        byte greater = Math.Max(left, right);
        byte smaller = Math.Min(left, right);
        if (smaller == 0)
        {
            return greater;
        }

        int above = (greater >> 2) - (smaller >> 2);
        return (byte)(greater | (((4 | (smaller & 3)) >> Math.Min(above, 3)) & 3));
    }

    /// <summary>Whether such a register can come of adding items at a precision.</summary>
    public static bool IsPossible(byte register, int precision)
    {
        // Of the two lowest levels there is nothing, or only one level, below.
        int level = (register >> 2) - (precision - 1);
        return register == 0 || (level >= 0 && (level > 1 || (register & (level == 0 ? 3 : 1)) == 0));
    }

    /// <summary>Makes each register of <paramref name="registers"/> the union of it and the other one.</summary>
    public static void UnionAll(Span<byte> registers, ReadOnlySpan<byte> others)
    {
        int i = 0;
        if (Vector.IsHardwareAccelerated)
        {
            Vector<byte> top = Vector.Create((byte)4);
            Vector<byte> flags = Vector.Create((byte)3);
            Vector<byte> one = Vector<byte>.One;
            for (; i <= registers.Length - Vector<byte>.Count; i += Vector<byte>.Count)
            {
                Vector<byte> left = Vector.LoadUnsafe(in registers[i]);
                Vector<byte> right = Vector.LoadUnsafe(in others[i]);
                Vector<byte> greater = Vector.Max(left, right);
                Vector<byte> smaller = Vector.Min(left, right);
                Vector<byte> above = (greater >>> 2) - (smaller >>> 2);
                Vector<byte> levels = Vector.ConditionalSelect(Vector.Equals(smaller, Vector<byte>.Zero), Vector<byte>.Zero, (smaller & flags) | top);
                Vector<byte> known = (Vector.Equals(above, Vector<byte>.Zero) & levels & flags)
                    | (Vector.Equals(above, one) & (levels >>> 1))
                    | (Vector.Equals(above, one + one) & (levels >>> 2));
                (greater | known).StoreUnsafe(ref registers[i]);
            }
        }

        for (; i < registers.Length; i++)
        {
            registers[i] = Union(registers[i], others[i]);
        }
    }
}
