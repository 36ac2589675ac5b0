using System.Numerics;

namespace InferenceShield;

/// <summary>The cells (label, first bits of the SimHash) of the leak odometer and how much benign traffic lies in each. Immutable, thread-safe.</summary>
/// <remarks>The odometer is the benign mass of the cells that were visited: queries that no honest caller would ask teach little of what the
/// model is used for, and cost nothing here. A bound on what a caller could have copied, not an estimate.</remarks>
internal sealed class OdometerCells
{
    /// <summary>Bits unless there are too many labels: about 1,000 queries cover .8 of ten classes.</summary>
    public const int DefaultBits = 6;

    /// <summary>Bits of the SimHash in a cell: 6, fewer where there are so many labels that <see cref="CellBitmap.MostCells"/> would not hold them.</summary>
    public required int Bits { get; init; }

    public required int Classes { get; init; }

    /// <summary>Share of benign queries in each cell, sum 1.</summary>
    public required float[] Mass { get; init; }

    /// <summary>Cells of so many labels and bits: at most <see cref="CellBitmap.MostCells"/>.</summary>
    public static int CountOf(int classes, int bits) => (int)Math.Min((long)classes << bits, CellBitmap.MostCells);

    /// <summary>The most bits, up to those wanted, with which so many labels have cells of their own; 0 where they must share.</summary>
    public static int BitsFor(int classes, int bits) =>
        classes >= CellBitmap.MostCells ? 0 : Math.Min(bits, BitOperations.Log2((uint)(CellBitmap.MostCells / classes)));

    /// <summary>The cell of a query. A label out of range, from a model that was replaced, counts as the first.</summary>
    public int CellOf(int label, ulong simHash)
    {
        uint row = (uint)label < (uint)Classes ? (uint)label : 0;
        if (Classes > CellBitmap.MostCells)
        {
            // Multiplicative mixing (Knuth, TAOCP 6.4): labels next to each other, often of one kind, do not share.
            return (int)((row * 0x9E3779B1u) >> (32 - 11));
        }

        return (int)((row << Bits) | ((uint)simHash & ((1u << Bits) - 1)));
    }

    /// <summary>Benign mass of the cells visited, 0 to 1.</summary>
    public double MassOf(in CellBitmap cells)
    {
        double mass = 0;
        for (int word = 0; word < CellBitmap.Words; word++)
        {
            mass += MassOf(word, cells[word]);
        }

        return Math.Min(mass, 1);
    }

    /// <summary>Benign mass of the cells in one word of a bitmap.</summary>
    public double MassOf(int word, ulong bits)
    {
        double mass = 0;
        for (; bits != 0; bits &= bits - 1)
        {
            int cell = (word << 6) | BitOperations.TrailingZeroCount(bits);
            if (cell < Mass.Length)
            {
                mass += Mass[cell];
            }
        }

        return mass;
    }

    /// <summary>Learns the masses of benign queries.</summary>
    /// <param name="classes">Labels, at least 1.</param>
    /// <param name="benign">At least one; some thousands for a mass that is not coarse.</param>
    /// <param name="bits">Of the SimHash, 0 to 11; fewer are taken where there are too many labels.</param>
    public static OdometerCells Learn(int classes, ReadOnlySpan<QuerySignals> benign, int bits = DefaultBits)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(bits);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bits, 11);
        if (benign.IsEmpty)
        {
            throw new ArgumentException("No benign query to learn the odometer's cells of; give some thousands.", nameof(benign));
        }

        bits = BitsFor(classes, bits);
        OdometerCells cells = new() { Bits = bits, Classes = classes, Mass = new float[CountOf(classes, bits)] };
        int[] counts = new int[cells.Mass.Length];
        foreach (ref readonly QuerySignals query in benign)
        {
            counts[cells.CellOf(query.Label, query.SimHash)]++;
        }

        for (int cell = 0; cell < counts.Length; cell++)
        {
            cells.Mass[cell] = (float)((double)counts[cell] / benign.Length);
        }

        return cells;
    }
}
