using System.Numerics;

namespace InferenceShield;

/// <summary>A shield's own counters, a cell for each processor.</summary>
/// <remarks>Calls are counted whole in one cell, and a cell's calls are read at one instant: a sum holds no half call.</remarks>
internal sealed class ShieldCounters
{
    private readonly ShieldCell[] _cells;
    private readonly int _mask;

    public ShieldCounters()
    {
        int stripes = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Min(Environment.ProcessorCount, StripedCounter.MostStripes));
        _mask = stripes - 1;
        _cells = new ShieldCell[stripes];
    }

    /// <summary>The cell for the thread that asks: add to it atomically, for the thread may move on.</summary>
    public ref ShieldCell Cell => ref _cells[Thread.GetCurrentProcessorId() & _mask];

    public ShieldTotals Read()
    {
        ShieldTotals totals = default;
        for (int i = 0; i < _cells.Length; i++)
        {
            ref ShieldCell cell = ref _cells[i];
            totals.Calls += cell.Calls.Read();
            totals.WouldBeRefused += cell.WouldBeRefused.Read();
            totals.ReleasedAgain += Volatile.Read(ref cell.ReleasedAgain);
            totals.TopChanged += Volatile.Read(ref cell.TopChanged);
            totals.TableFull += Volatile.Read(ref cell.TableFull);
        }

        return totals;
    }
}
