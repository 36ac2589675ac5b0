using System.Globalization;
using System.Numerics;

namespace InferenceShield;

/// <summary>A small region of input space: inputs that are alike mostly fall into the same one.</summary>
/// <remarks>Made by <see cref="InputCells.Find(ReadOnlySpan{float})"/>. Its 64 bits are sides of 64 keyed hyperplanes, in a fixed
/// order; a prefix of them is a coarser cell. Say nothing of a cell to a caller.</remarks>
/// <param name="Bits">The sides, the first in the highest bit.</param>
public readonly record struct InputCell(ulong Bits)
{
    /// <summary>The coarser cell that the first bits make.</summary>
    /// <param name="length">1 to 64 bits: fewer are more stable and tell fewer inputs apart.</param>
    public InputCell Prefix(int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, 64);
        return new InputCell(Bits & (ulong.MaxValue << (64 - length)));
    }

    /// <summary>How many of the 64 hyperplanes lie between two cells: about 64 / pi times the angle between inputs.</summary>
    public int DistanceTo(InputCell other) => BitOperations.PopCount(Bits ^ other.Bits);

    /// <summary>Eight hexadecimal digits, for logs.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"cell:{(uint)(Bits >> 32):x8}");
}
