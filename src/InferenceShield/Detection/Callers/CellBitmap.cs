using System.Numerics;
using System.Runtime.CompilerServices;

namespace InferenceShield;

/// <summary>One bit for each cell of <see cref="OdometerCells"/>: 256 bytes. Not thread-safe.</summary>
[InlineArray(Words)]
internal struct CellBitmap
{
    public const int Words = 32;
    public const int MostCells = Words * 64;

    private ulong _first;

    /// <summary>Cells visited.</summary>
    public readonly int Count
    {
        get
        {
            int count = 0;
            for (int word = 0; word < Words; word++)
            {
                count += BitOperations.PopCount(this[word]);
            }

            return count;
        }
    }

    /// <summary>Whether a cell, 0 to 2,047, was visited.</summary>
    public readonly bool Contains(int cell) => (this[cell >> 6] & (1UL << cell)) != 0;

    /// <summary>Notes a visit of a cell, 0 to 2,047.</summary>
    /// <returns>Whether it is the first.</returns>
    public bool Set(int cell)
    {
        ref ulong word = ref this[cell >> 6];
        ulong bit = 1UL << cell;
        bool isNew = (word & bit) == 0;
        word |= bit;
        return isNew;
    }

    /// <summary>Adds the visits of another caller.</summary>
    public void Or(in CellBitmap other)
    {
        for (int word = 0; word < Words; word++)
        {
            this[word] |= other[word];
        }
    }
}
