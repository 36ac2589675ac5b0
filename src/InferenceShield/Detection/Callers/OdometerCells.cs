namespace InferenceShield;

/// <summary>The cells (label, first bits of the SimHash) of the leak odometer and how much benign traffic lies in each. Immutable, thread-safe.</summary>
internal sealed class OdometerCells
{
    /// <summary>Bits of the SimHash in a cell: 6, fewer where there are so many labels that <see cref="CellBitmap.MostCells"/> would not hold them.</summary>
    public required int Bits { get; init; }

    public required int Classes { get; init; }

    /// <summary>Share of benign queries in each cell, sum 1.</summary>
    public required float[] Mass { get; init; }

    public int CellOf(int label, ulong simHash) => throw new NotImplementedException();

    /// <summary>Learns the masses of benign queries.</summary>
    public static OdometerCells Learn(int classes, ReadOnlySpan<QuerySignals> benign, int bits = 6) => throw new NotImplementedException();
}
