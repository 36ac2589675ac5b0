using System.Runtime.CompilerServices;

namespace InferenceShield;

/// <summary>One bit for each cell of <see cref="OdometerCells"/>.</summary>
[InlineArray(Words)]
internal struct CellBitmap
{
    public const int Words = 32;
    public const int MostCells = Words * 64;

    private ulong _first;
}
