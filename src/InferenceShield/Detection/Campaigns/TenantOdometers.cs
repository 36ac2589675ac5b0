using System.Runtime.CompilerServices;

namespace InferenceShield;

/// <summary>The leak odometer of tenants: the cells that their callers have visited together. Bounded, thread-safe.</summary>
/// <remarks>
/// <para>A tenant has a slot in one set of 16. Where its set is full it takes over the slot with the least mass, cells included, as the
/// Space-Saving algorithm takes over the least count (Metwally, Agrawal and El Abbadi, 2005). So tenants without room share an odometer, which
/// can only be too high; what was visited much is never displaced by a flood of new names; and a tenant that comes back finds at least the
/// mass that it had, for the least mass of a set never falls.</para>
/// <para>Invariant: bits are only ever set, and a slot's tenant changes by one exchange. A visit that is under way while its slot is taken over
/// counts for the new tenant: too high by one cell there, and too low by one in what the old one may find again. Words are independent of each
/// other, so no order between them matters.</para>
/// <para>Under another calibration with the same profile and cells everything goes on; under others the mass reached so far stays as a
/// floor and cells are counted anew.</para>
/// </remarks>
internal sealed class TenantOdometers
{
    private const int Ways = 16;

    private readonly Lock _renewal = new();
    private readonly ulong[] _tenants;
    private readonly ulong[] _cells;
    private readonly float[] _masses;
    private readonly float[] _floors;
    private readonly int _sets;
    private DetectionCalibration? _calibration;

    /// <param name="capacity">Tenants with an odometer of their own, at least 1; rounded up to whole sets.</param>
    public TenantOdometers(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _sets = (capacity + Ways - 1) / Ways;
        _tenants = new ulong[_sets * Ways];
        _cells = new ulong[_tenants.Length * CellBitmap.Words];
        _masses = new float[_tenants.Length];
        _floors = new float[_tenants.Length];
    }

    /// <summary>Tenants that have an odometer of their own.</summary>
    public int Capacity => _tenants.Length;

    /// <summary>Notes a visit of one of the tenant's callers. On the hot path: no allocation.</summary>
    /// <param name="calibration">In force; visits under an older one than the latest seen are left out.</param>
    /// <param name="tenant">Not empty.</param>
    /// <param name="cell">Of the calibration's <see cref="OdometerCells"/>.</param>
    public void Visit(DetectionCalibration calibration, CallerKey tenant, int cell)
    {
        if (!ReferenceEquals(Volatile.Read(ref _calibration), calibration) && !TryRenew(calibration))
        {
            return;
        }

        int slot = Find(tenant);
        if (slot < 0)
        {
            slot = Claim(tenant);
        }

        ref ulong word = ref _cells[(slot * CellBitmap.Words) + (cell >> 6)];
        ulong bit = 1UL << cell;
        if ((Volatile.Read(ref word) & bit) == 0 && (Interlocked.Or(ref word, bit) & bit) == 0)
        {
            Add(ref _masses[slot], calibration.Cells.Mass[cell]);
        }
    }

    /// <summary>Benign mass of the cells visited, 0 to 1. For a tenant without room, that of those who share.</summary>
    public double Read(DetectionCalibration calibration, CallerKey tenant)
    {
        int slot = Find(tenant);
        if (slot < 0)
        {
            // Who was never here is not told from who had to go: a full set speaks for both.
            slot = Least(SetOf(tenant));
            if (Volatile.Read(ref _tenants[slot]) == 0)
            {
                return 0;
            }
        }

        double mass = 0;
        if (Volatile.Read(ref _calibration) is { } current && IsSame(current, calibration))
        {
            for (int word = 0; word < CellBitmap.Words; word++)
            {
                mass += calibration.Cells.MassOf(word, Volatile.Read(ref _cells[(slot * CellBitmap.Words) + word]));
            }
        }

        return Math.Min(1, Math.Max(mass, Volatile.Read(ref _floors[slot])));
    }

    private static bool IsSame(DetectionCalibration one, DetectionCalibration other) =>
        ReferenceEquals(one, other) || (one.Profile.Id == other.Profile.Id && one.Cells.Bits == other.Cells.Bits && one.Cells.Classes == other.Cells.Classes);

    /// <summary>Adds to a float that other threads add to. Ends: a failure means that another has added.</summary>
    private static void Add(ref float sum, float term)
    {
        float seen = Volatile.Read(ref sum);
        while (true)
        {
            float before = Interlocked.CompareExchange(ref sum, seen + term, seen);
            if (before.Equals(seen))
            {
                return;
            }

            seen = before;
        }
    }

    private int SetOf(CallerKey tenant) => (int)(((UInt128)tenant.High * (ulong)_sets) >> 64) * Ways;

    private int Find(CallerKey tenant)
    {
        int set = SetOf(tenant);
        for (int slot = set; slot < set + Ways; slot++)
        {
            if (Volatile.Read(ref _tenants[slot]) == tenant.Low)
            {
                return slot;
            }
        }

        return -1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int Claim(CallerKey tenant)
    {
        // A bounded number of attempts: whoever keeps losing shares the least used slot, which is too high at most for its owner.
        int slot = Least(SetOf(tenant));
        for (int attempt = 0; attempt < Ways; attempt++)
        {
            ulong owner = Volatile.Read(ref _tenants[slot]);
            if (owner == tenant.Low || Interlocked.CompareExchange(ref _tenants[slot], tenant.Low, owner) == owner)
            {
                return slot;
            }

            int found = Find(tenant);
            if (found >= 0)
            {
                return found;
            }

            slot = Least(SetOf(tenant));
        }

        return slot;
    }

    /// <summary>A free slot, or else the one with the least mass.</summary>
    private int Least(int set)
    {
        int least = set;
        float mass = float.PositiveInfinity;
        for (int slot = set; slot < set + Ways; slot++)
        {
            if (Volatile.Read(ref _tenants[slot]) == 0)
            {
                return slot;
            }

            float held = Math.Max(Volatile.Read(ref _masses[slot]), Volatile.Read(ref _floors[slot]));
            (least, mass) = held < mass ? (slot, held) : (least, mass);
        }

        return least;
    }

    /// <summary>Takes a newer calibration into force.</summary>
    /// <returns>Whether the one given is in force now.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryRenew(DetectionCalibration calibration)
    {
        lock (_renewal)
        {
            if (_calibration is { } current)
            {
                if (calibration.Stamp <= current.Stamp)
                {
                    return calibration.Stamp == current.Stamp;
                }

                if (!IsSame(current, calibration))
                {
                    // A visit under way meanwhile may leave one old cell's bit behind, which is too high by one cell.
                    for (int slot = 0; slot < _tenants.Length; slot++)
                    {
                        Volatile.Write(ref _floors[slot], Math.Min(1, Math.Max(_floors[slot], _masses[slot])));
                        Volatile.Write(ref _masses[slot], 0);
                    }

                    Array.Clear(_cells);
                }
            }

            Volatile.Write(ref _calibration, calibration);
            return true;
        }
    }
}
