namespace InferenceShield;

/// <summary>What detection keeps of one caller: at most 2,048 bytes.</summary>
internal struct CallerWatch
{
    public const int LargestSize = 2048;

    /// <summary>Queries in this epoch.</summary>
    public int Queries;

    public int Epoch;

    /// <summary>The tenant of the latest query; empty if it has none. Set by <see cref="Detector"/>, for postures, and kept over epochs.</summary>
    public CallerKey Tenant;

    /// <summary>Cells visited: see <see cref="OdometerCells"/>. Kept over epochs.</summary>
    public CellBitmap Cells;

    /// <summary>Benign mass of the cells visited, 0 to 1.</summary>
    public float Odometer;
}
